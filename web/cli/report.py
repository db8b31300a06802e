"""`dialler report`: what a campaign adds up to, on the terminal or as a file; also while it runs."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.kernel.words import counted
from dialler.reports.catalogue import REPORTS
from dialler.reports.cells import shown
from dialler.reports.definitions import DEFINITIONS, VERSION
from dialler.reports.spec import FILTERS, BadSpec, ReportSpec, make_spec
from web.cli.common import CampaignArgument, DatabaseOption, campaign_called, open_database, parse_pairs
from web.cli.errors import CliError
from web.cli.output import console, heading, say, show_rows, table

if TYPE_CHECKING:
    from dialler.reports.spec import Report

__all__ = ["report"]

_NICER = 10
_SHOWN = 50
"""Rows of a detailed report that a terminal shows."""
FormatName = Literal["table", "csv", "xlsx", "json"]


def _reports() -> str:
    return ", ".join(REPORTS)


def report(
    campaign: CampaignArgument,
    name: Annotated[str, typer.Option("--report", "-r", metavar="NAME", help=f"Which report: {_reports()}.")] = "summary",
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Attempts placed from this date, or time, on.", show_default=False)
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Until this date, its whole day included; or before this time.", show_default=False),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone",
            metavar="ZONE",
            help="Time zone of days, hours and times. Default: that of the calling window, else the bot's.",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[Literal["hour", "day"], typer.Option("--interval", help="Of reports by interval.")] = "hour",
    conversion: Annotated[
        list[str] | None,
        typer.Option(
            "--conversion", metavar="WORD", help="A disposition that counts as a conversion, instead of the usual ones. Can be repeated."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="NAME=VALUE", help=f"Only some attempts, by {', '.join(FILTERS)}. Can be repeated."),
    ] = None,
    kind: Annotated[FormatName, typer.Option("--format", "-f", help="A table on the terminal, or a file.")] = "table",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The file to write. Default: standard output; xlsx needs it.", show_default=False),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Of CSV: with a byte order mark, and as text what a spreadsheet would change.")
    ] = False,
    mask: Annotated[bool, typer.Option("--mask", help="Show only the country code and the last digits of callees' numbers.")] = False,
    define: Annotated[bool, typer.Option("--definitions", help="Also say what each figure means.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Report on a campaign as it stands at this moment; it may be running.

    Every figure has one definition, which docs/reports.md lists.
    """
    if kind == "xlsx" and out is None:
        raise CliError("A spreadsheet cannot be written to standard output.", "Name the file with --out.")
    if out is not None and not out.resolve().parent.is_dir():
        raise CliError(f"There is no folder {out.resolve().parent}.", "Make it first, or give another --out.")
    with contextlib.suppress(OSError):
        os.nice(_NICER)  # calls are more urgent
    with open_database(database) as db:
        from dialler.reports.making import make_report  # noqa: PLC0415 - loads pandas
        from web.reports.elsewhere import Records  # noqa: PLC0415
        from web.reports.zones import zone_of_campaign  # noqa: PLC0415

        row = campaign_called(db, campaign)
        with db.read() as connection:
            own_zone = zone_of_campaign(connection, row)
        try:
            spec = make_spec(
                row.id,
                name,
                zone=zone or own_zone,
                start=start,
                end=end,
                interval=interval,
                conversions=tuple(conversion or ()),
                where=parse_pairs(where or (), "--where"),
                mask=mask,
            )
            made = make_report(db, spec, Records(db))
            if kind == "table":
                _print(made, spec)
            else:
                _write(made, kind, out, excel=excel)
        except BadSpec as error:
            raise CliError(f"{_option(error.parameter)}: {error.problem}.") from None
    if define:
        _print_definitions(made)
    if out is not None:
        live = f" {counted(made.live, 'call')} still live at generation." if made.live else ""
        say(f"{counted(len(made.rows), 'row')} written to {out}.{live}")


def _option(parameter: str) -> str:
    return f"--{parameter}"


def _write(made: Report, kind: Literal["csv", "xlsx", "json"], out: Path | None, *, excel: bool) -> None:
    from dialler.reports.files import write_report  # noqa: PLC0415

    target = out.resolve() if out is not None else None
    with tempfile.TemporaryDirectory(dir=target.parent if target else None, prefix=".report-") as folder:
        file = Path(folder) / "report"
        write_report(made, file, kind, excel=excel)
        if target is not None:
            file.replace(target)
        else:
            sys.stdout.buffer.write(file.read_bytes())
            sys.stdout.buffer.flush()


def _print(made: Report, spec: ReportSpec) -> None:
    from dialler.reports.files import facts_of  # noqa: PLC0415

    info = REPORTS[made.name]
    heading(f"{made.title}: {made.campaign}" + (" (SANDBOX)" if made.sandbox else ""))
    say(info.about)
    skipped = {"metric", "formula"} if made.name == "summary" else {"attempt_id"}
    chosen = [(number, column) for number, column in enumerate(made.columns) if column.key not in skipped]
    limit = _SHOWN if info.personal else None
    rows: list[list[Any]] = []
    for row in made.rows[:limit]:
        percent = made.name == "summary" and row[3] == "share"
        rows.append([shown(row[number], "share" if percent and column.key == "value" else column.kind) for number, column in chosen])
    if rows:
        console().print(table([column.title for _, column in chosen], rows))
    else:
        say("There is nothing to show.")
    if limit is not None and len(made.rows) > limit:
        say(f"{len(made.rows) - limit:,} more rows: write them all with --format csv --out FILE.")
    say("", *(f"{name}: {value}" for name, value in facts_of(made)[2:]))
    if made.live:
        say(f"{counted(made.live, 'call is', 'calls are')} still live at generation: the figures will change.")
    if spec.name == "summary":
        say(f"Other reports, with --report: {_reports()}. What the figures mean: docs/reports.md.")


def _print_definitions(made: Report) -> None:
    from dialler.reports.files import definitions_of  # noqa: PLC0415

    heading(f"Definitions, version {VERSION}")
    names = [one.name for one in definitions_of(made)] or list(DEFINITIONS)
    rows = [
        {"title": one.title, "formula": f"{one.formula} {one.remark}".strip(), "base": one.base, "unit": one.unit}
        for one in map(DEFINITIONS.__getitem__, names)
    ]
    show_rows(rows, {"title": "Figure", "formula": "How it is computed", "base": "Of", "unit": "Unit"}, as_json=False, empty="")
