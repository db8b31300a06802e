"""`dialler rules`: the rule packs, with the source of each figure."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.kernel.purposes import PURPOSES
from core.kernel.rules import Pack, all_packs
from core.kernel.words import counted
from web.cli.common import JsonOption
from web.cli.errors import unknown
from web.cli.output import console, emit_json, heading, say, show_rows, table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Rule packs: who may be called when and how often, by country and purpose.")

_NOT_ADVICE = "Help with the law, not legal advice: have it checked. docs/rule-packs.md"
_TITLES = {"country": "Country", "name": "Name", "version": "Version", "figures": "Figures", "unverified": "Unverified"}


@app.callback()
def _group() -> None:
    """Keep `show` a command of its own."""


@app.command()
def show(
    country: Annotated[
        str | None,
        typer.Argument(metavar="COUNTRY", help="ISO 3166, such as US, or `default`. Left out: which packs there are.", show_default=False),
    ] = None,
    purpose: Annotated[str | None, typer.Option(help=f"Only figures for this purpose: {', '.join(PURPOSES)}.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rule packs, or every figure of one: the article, a line of it, and whether it was read or is unverified."""
    if purpose is not None and purpose not in PURPOSES:
        raise unknown("purpose", purpose, list(PURPOSES), "dialler rules show --help")
    packs = all_packs()
    if country is None:
        show_rows([_summary(pack) for pack in packs.values()], _TITLES, as_json=as_json, empty="There is no pack.")
        if not as_json:
            say("Every other country: `default`.", _NOT_ADVICE)
        return
    found = packs.get("default" if country == "default" else country.upper())
    pack = found or packs["default"]
    rows = [_row(pack, figure) for figure in pack.figures if purpose is None or purpose in figure.purposes]
    if as_json:
        emit_json({"country": pack.country, "name": pack.name, "version": pack.version, "note": pack.note, "figures": rows})
        return
    if found is None:
        say(f"There is no pack for {country.upper()}: the default applies.")
    heading(f"{pack.name} ({pack.country} {pack.version})")
    say(pack.note)
    cells = [(row["rule"], ", ".join(row["purposes"]), row["says"], row["told"], row["line"]) for row in rows]
    console().print(table(("Rule", "Purposes", "Says", "Source", "A line of it"), cells))
    say(_NOT_ADVICE)


def _summary(pack: Pack) -> dict[str, Any]:
    unverified = sum(pack.sources[figure.source].status == "memory" for figure in pack.figures)
    return {
        "country": pack.country,
        "name": pack.name,
        "version": pack.version,
        "figures": len(pack.figures),
        "unverified": counted(unverified, "figure", "figures") if unverified else "none",
    }


def _row(pack: Pack, figure: Any) -> dict[str, Any]:
    source = pack.sources[figure.source]
    return {
        "rule": pack.name_of(figure),
        "purposes": list(figure.purposes),
        "says": figure.describe(),
        "told": source.describe(),
        **source.model_dump(mode="json"),
    }
