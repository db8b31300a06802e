"""The outline of the command line: what help, the version and completion need, without the program behind it.

`outline.json` has every command with its options, written from the commands themselves by `scripts/write_cli_outline.py`; a test keeps
it equal to them. An app is built from it whose commands do nothing: it shows the help of `dialler`, and completes words, in a fraction
of the time that the imports of the commands take.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

__all__ = ["FILE", "names_in", "outline_app"]

FILE = Path(__file__).with_name("outline.json")

_NAMES = {
    "campaign": "SELECT name FROM campaigns ORDER BY created_at DESC LIMIT 500",
    "bot": "SELECT id FROM bots WHERE archived_at IS NULL ORDER BY id LIMIT 500",
    "trunk": "SELECT name FROM trunks ORDER BY name LIMIT 500",
}
_SECONDS = 1


def outline_app(document: dict[str, Any] | None = None) -> typer.Typer:
    """The app of the outline. `document` is the one of `outline.json` unless it is given."""
    document = document or json.loads(FILE.read_text(encoding="utf-8"))
    app = _group(document)
    app.pretty_exceptions_enable = False
    return app


def names_in(kind: str, database: str | None, folder: object = None) -> list[str]:
    """The names of the campaigns, the bots or the trunks of a database. Nothing, if it cannot be read within a second.

    Args:
        kind: `campaign`, `bot` or `trunk`.
        database: as `--database` has it; None: that of the environment, else the run of `folder`, else the default one.
        folder: the folder of a campaign, if one was typed.
    """
    try:
        return _read(_NAMES[kind], (database or os.environ.get("DIALLER_DATABASE") or _default(folder)).strip())
    except Exception:  # completion never fails: there is nobody who could read why
        return []


def _default(folder: object) -> str:
    of_run = Path("out") / Path(str(folder)).resolve().name / "dialler.db" if folder else None
    shared, before = (
        Path("out/dialler.db"),
        Path("dialler.db"),
    )  # as `web.cli.common.default_database` has it, which completion must not import
    return str(next((file for file in (of_run, shared, before) if file is not None and file.is_file()), shared))


def _read(query: str, database: str) -> list[str]:
    scheme, found, rest = database.partition("://")
    if found and scheme.startswith("postgres"):
        import psycopg  # noqa: PLC0415 - for this one only

        with psycopg.connect(f"postgresql://{rest}", connect_timeout=_SECONDS, options=f"-c statement_timeout={_SECONDS}s") as connection:
            return [str(row[0]) for row in connection.execute(query)]
    path = Path(rest.removeprefix("/") if found else database)
    if not found and path.is_dir():
        path /= "dialler.db"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_SECONDS)) as file:
        return [str(row[0]) for row in file.execute(query)]


def _group(of: dict[str, Any]) -> typer.Typer:
    app = typer.Typer(
        name=of["name"],
        help=of.get("help"),
        epilog=of.get("epilog"),
        no_args_is_help=of.get("no_args_is_help", False),
        context_settings=of.get("context_settings"),
        add_completion=of.get("root", False),
    )
    app.callback()(_callback(of.get("params", [])))
    for one in of["commands"]:
        if "commands" in one:
            app.add_typer(_group(one), name=one["name"], rich_help_panel=one.get("panel"), hidden=one.get("hidden", False))
        else:
            panel, hidden = one.get("panel"), one.get("hidden", False)
            app.command(one["name"], help=one.get("help"), rich_help_panel=panel, hidden=hidden)(_callback(one.get("params", [])))
    return app


def _callback(params: list[dict[str, Any]]) -> Callable[..., None]:
    """A function that does nothing, with those parameters."""

    def nothing(**_: object) -> None:
        return None

    annotations = {of["name"]: _annotation(of) for of in params}
    nothing.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                of["name"],
                inspect.Parameter.KEYWORD_ONLY,
                annotation=annotations[of["name"]],
                default=inspect.Parameter.empty if of.get("required") else False if of.get("flag") else 0 if of.get("count") else None,
            )
            for of in params
        ]
    )
    nothing.__annotations__ = annotations
    return nothing


def _annotation(of: dict[str, Any]) -> Any:
    kind: Any = bool if of.get("flag") else int if of.get("count") else Path if of.get("path") else str
    if of.get("choices"):
        kind = Literal[tuple(of["choices"])]
    more: dict[str, Any] = {"metavar": of.get("metavar"), "help": of.get("help"), "hidden": of.get("hidden", False), "show_default": False}
    if names := of.get("names"):
        more["autocompletion"] = _completion(names)
    if of["name"] == "_version":
        more |= {"callback": _show_version, "is_eager": True}
    if of.get("argument"):
        return Annotated[list[kind] if of.get("several") else kind, typer.Argument(**more)]
    if of.get("count"):
        more["count"] = True
    declared = [*of["opts"][:-1], "/".join([of["opts"][-1], *of.get("secondary_opts", [])])]
    return Annotated[list[kind] if of.get("several") else kind, typer.Option(*declared, envvar=of.get("envvar"), **more)]


def _completion(kind: str) -> Callable[[typer.Context, str], list[str]]:
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        found = names_in(kind, ctx.params.get("database"), ctx.params.get("folder"))
        fitting = [name for name in found if name.startswith(incomplete)]
        if os.environ.get("_DIALLER_COMPLETE", "").endswith("_bash"):  # it puts words in as they are; the others quote them
            return [re.sub(r"""([^\w@%+=:,./-])""", r"\\\1", name) for name in fitting]
        return fitting

    return complete


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"dialler {version('campaign-dialler')}")
        raise typer.Exit
