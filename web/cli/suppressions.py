"""`dialler suppressions`: numbers that are never dialled, whoever asks."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.kernel.clock import utc_now
from core.kernel.numbers import NumberError, check_region, parse_number
from core.suppressions.store import add, list_suppressions, remove
from core.suppressions.store import count as count_suppressions
from dialler.imports.options import ImportOptions
from dialler.imports.reader import check_file
from dialler.imports.report import LeadRow
from web.cli.common import DatabaseOption, JsonOption, LimitOption, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Suppressions: numbers that are never dialled, in any campaign and by nobody.")

_TITLES = {"number": "Number", "lines": "Lines", "reason": "Why", "source": "From", "created_at": "Since", "call_id": "Call"}
_CHUNK = 2000


class LinesName(StrEnum):
    """Where a suppression was learned."""

    sandbox = "sandbox"
    real = "real"
    all = "all"


NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The phone number: +, country code, number.")]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="Country (such as IN) of numbers written without a country code.", show_default=False)
]


@app.command("add")
def add_(
    number: NumberArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "added by an operator",
    region: RegionOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Never dial this number again, on any lines."""
    e164 = _number(number, region)
    with open_database(database, create=True) as db, db.write() as connection:
        new = add(connection, e164, reason=reason, source="operator", now=utc_now())
    if as_json:
        emit_json({"number": e164, "new": new})
    else:
        say(f"{e164} is suppressed." if new else f"{e164} was suppressed already.")


@app.command("remove")
def remove_(number: NumberArgument, region: RegionOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Let a number be dialled again, whoever asked not to be. Leads of it that have ended stay as they are."""
    e164 = _number(number, region)
    with open_database(database) as db, db.write() as connection:
        removed = remove(connection, e164)
    if not removed:
        raise CliError(f"{e164} is not suppressed.", code=CANNOT)
    if as_json:
        emit_json({"number": e164, "removed": True})
    else:
        say(f"{e164} can be dialled again.")


@app.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Only numbers or reasons with this text in them.")] = "",
    lines: Annotated[
        LinesName | None,
        typer.Option(help="Only what was learned there: on the sandbox, on real lines, or (all) in no call.", show_default=False),
    ] = None,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List suppressed numbers, newest first. What callees of the sandbox asked for (Lines: sandbox) does not count on real lines."""
    only = lines.value if lines else None
    with open_database(database) as db, db.read() as connection:
        rows, total = list_suppressions(connection, search=search, lines=only, limit=limit), count_suppressions(connection, only)
    show_rows([asdict(row) for row in rows], _TITLES, as_json=as_json, empty="No such number is suppressed.")
    if len(rows) == limit < total and not as_json:
        say(f"The newest {len(rows)} of {total}; see more with --limit.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file with a column of numbers.")],
    region: RegionOption = None,
    column: Annotated[
        str | None, typer.Option(help="Header or number of the column of phone numbers; found by itself if left out.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "",
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suppress every number of a file. Rows without a usable number are listed; the others are taken all the same.

    The file is read as lead files are: any usual encoding and delimiter.
    """
    _check_region(region)
    rejected: list[dict[str, object]] = []
    numbers: list[str] = []
    new = 0
    with open_database(database, create=True) as db:

        def store() -> None:
            nonlocal new
            with db.write() as connection:
                for number in numbers:
                    new += add(connection, number, reason=reason or f"imported from {file.name}", source="import", now=utc_now())
            numbers.clear()

        def take(lead: LeadRow) -> None:
            numbers.append(lead.phone.partition(";")[0])  # whoever asked not to be called is spared at every extension
            if len(numbers) >= _CHUNK:
                store()

        report = check_file(
            file,
            ImportOptions(default_region=region, phone_column=column),
            on_lead=take,
            on_rejected=lambda row: rejected.append(asdict(row)) if row.kind != "duplicate" else None,
        )
        store()
    if as_json:
        emit_json({"read": report.rows_read, "new": new, "rejected": rejected})
        return
    say(f"{report.rows_read} rows read from {report.phone_column!r}: {new} numbers are new, {len(rejected)} rows could not be used.")
    if rejected:
        titles = {"line": "Line", "value": "Value", "reason": "Why", "advice": "What to do"}
        show_rows(rejected[:20], titles, as_json=False, empty="")
        if len(rejected) > 20:
            say(f"... and {len(rejected) - 20} more; --json lists all.")


def _number(text: str, region: str | None) -> str:
    _check_region(region)
    try:
        return parse_number(text, region, allow_premium=True).e164
    except NumberError as error:
        raise CliError(f"{text!r} cannot be used: {error}.") from None


def _check_region(region: str | None) -> None:
    try:
        if region is not None:
            check_region(region)
    except ValueError as error:
        raise CliError(f"--region: {error}") from None
