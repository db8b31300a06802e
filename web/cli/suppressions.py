"""`dialler suppressions`: numbers that are never dialled, whoever asks."""

from __future__ import annotations

import csv
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.kernel.clock import utc_now
from core.kernel.numbers import NumberError, check_region, parse_number
from core.kernel.words import counted
from core.suppressions import lists as named_lists
from core.suppressions.store import add, list_suppressions, read, remove
from core.suppressions.store import count as count_suppressions
from dialler.imports.moments import NotAMoment, parse_moment
from web.cli.common import DatabaseOption, JsonOption, LimitOption, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.output import emit_json, say, show_rows
from web.number_list import BadRow, ListOptions, ListSummary, UnusableList, read_list
from web.number_list.loading import load_list, remove_entries

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Suppressions: numbers that are never dialled, in any campaign and by nobody.")

_TITLES = {"number": "Number", "lines": "Lines", "reason": "Why", "source": "From", "created_at": "Since", "call_id": "Call"}
_LIST_TITLES = {
    "name": "List",
    "source": "Source",
    "listed_on": "Of",
    "expires_at": "Holds until",
    "entries": "Entries",
    "updated_at": "Changed",
}
_BAD_TITLES = {"line": "Line", "value": "Row", "reason": "Why", "advice": "What to do"}
_CHUNK = 2000
_SHOWN = 20


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


@app.command("lists")
def lists_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """The named lists: where each comes from, its date, until when it holds, how many entries it has."""
    with open_database(database) as db, db.read() as connection:
        rows = named_lists.lists(connection)
    show_rows([asdict(row) for row in rows], _LIST_TITLES, as_json=as_json, empty="There is no named list. Import a file with --list NAME.")


@app.command("remove-list")
def remove_list_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The list.")], database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Let a named list hold no more, and delete it. What callees asked for themselves stays."""
    with open_database(database) as db:
        with db.write() as connection:
            ids = named_lists.remove_list(connection, name)
        if not ids:
            raise CliError(f"There is no list {name!r}.", code=CANNOT)
        remove_entries(db, ids)
    if as_json:
        emit_json({"list": name, "removed": True})
    else:
        say(f"The list {name} is removed.")


@app.command("check")
def check_(number: NumberArgument, region: RegionOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Why a number must not be dialled: who asked for it, and on which lists it is."""
    e164 = _number(number, region)
    with open_database(database) as db, db.read() as connection:
        said, found = read(connection, e164), named_lists.lists_with(connection, e164, utc_now())
    if as_json:
        emit_json(
            {
                "number": e164,
                "suppressed": said is not None or bool(found),
                "own": said and asdict(said),
                "lists": [asdict(one) for one in found],
            }
        )
        return
    if said is not None:
        say(f"{e164} is suppressed since {said.created_at:%Y-%m-%d}: {said.reason} ({said.source}).")
    for one in found:
        say(f"{e164} is on the list {one.name}{f' ({one.source})' if one.source else ''}.")
    if said is None and not found:
        say(f"{e164} may be dialled.")


@app.command("export")
def export_(
    file: Annotated[Path, typer.Argument(dir_okay=False, writable=True, help="The CSV file to write.")],
    name: Annotated[
        str | None,
        typer.Option("--list", metavar="NAME", help="This named list; else what callees and operators said.", show_default=False),
    ] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write suppressed numbers to a CSV file: those of a named list, or everything that callees and operators said."""
    with open_database(database) as db, db.read() as connection, file.open("w", encoding="utf-8", newline="") as out:
        found = named_lists.find_list(connection, name) if name is not None else None
        if name is not None and found is None:
            raise CliError(f"There is no list {name!r}.", code=CANNOT)
        writer, number = csv.writer(out), 0
        if found is not None:
            writer.writerow(("number",))
            last = ""
            while page := named_lists.entries_of(connection, found.id, after=last):
                writer.writerows((one,) for one in page)
                number, last = number + len(page), page[-1]
        else:
            writer.writerow(_TITLES)
            for row in list_suppressions(connection, limit=2**31):
                values = asdict(row)
                writer.writerow([values[key] for key in _TITLES])
                number += 1
    if as_json:
        emit_json({"file": str(file), "numbers": number})
    else:
        say(f"{counted(number, 'number')} written to {file}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file with numbers in it.")],
    region: RegionOption = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="Header or number of the column of phone numbers, or A+B if a number is split over columns; found by itself if left out.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the file, such as cp1252; found by itself.", show_default=False)] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What separates the columns: comma, semicolon, tab, pipe; found by itself.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")] = "",
    name: Annotated[
        str | None,
        typer.Option(
            "--list", metavar="NAME", help="Into this named list, made if there is none; for files of millions.", show_default=False
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where the list comes from.", show_default=False)] = None,
    date: Annotated[str | None, typer.Option(help="The date of the list, such as 2026-03-01.", show_default=False)] = None,
    expires: Annotated[str | None, typer.Option(help="The list holds until the end of this day (UTC).", show_default=False)] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole list: numbers that are not in it may be dialled again.")
    ] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suppress every number of a file. Ends with 2 if a row cannot be read, and names it; the others are taken all the same.

    Read are a column of numbers among others, the two columns of a registry (area code, number), numbers split into
    country code, area code and number, with or without a header, in any usual encoding and with any usual delimiter.
    """
    _check_region(region)
    bad: list[BadRow] = []
    if name is not None:
        facts = {"source": source, "listed_on": _day(date, "--date"), "expires_at": _end_of(expires)}
        with open_database(database, create=True) as db:
            try:
                loaded = load_list(
                    db, file, ListOptions(region, column, encoding, delimiter), name, utc_now(), bad.append, replace=replace, **facts
                )
            except UnusableList as error:
                raise CliError(f"{file}: {error.lines[0]}", *error.lines[1:]) from None
        _report(file, loaded.summary, loaded.new, bad, as_json=as_json)
        return
    if source or date or expires or replace:
        raise CliError("--source, --date, --expires and --replace are facts of a named list.", "Name it with --list.")
    numbers: list[str] = []
    new = 0
    with open_database(database, create=True) as db:

        def store() -> None:
            nonlocal new
            with db.write() as connection:
                for number in numbers:
                    new += add(connection, number, reason=reason or f"imported from {file.name}", source="import", now=utc_now())
            numbers.clear()

        def take(number: str) -> None:
            numbers.append(number)  # without its extension: whoever asked not to be called is spared at every one
            if len(numbers) >= _CHUNK:
                store()

        try:
            summary = read_list(file, ListOptions(region, column, encoding, delimiter), take, bad.append)
        except UnusableList as error:
            raise CliError(f"{file}: {error.lines[0]}", *error.lines[1:]) from None
        finally:
            store()
    _report(file, summary, new, bad, as_json=as_json)


def _report(file: Path, summary: ListSummary, new: int, bad: list[BadRow], *, as_json: bool) -> None:
    """Say what was read, and end with 2 if rows could not be."""
    if as_json:
        emit_json({"read": summary.rows, "new": new, "rejected": [asdict(row) for row in bad], "notes": summary.notes})
    else:
        say(f"{counted(summary.rows, 'row')} read from {summary.columns}: {counted(new, 'number is', 'numbers are')} new.", *summary.notes)
        if bad:
            show_rows([asdict(row) for row in bad[:_SHOWN]], _BAD_TITLES, as_json=False, empty="")
            if len(bad) > _SHOWN:
                say(f"... and {len(bad) - _SHOWN} more; --json lists all.")
    if bad:
        raise CliError(
            f"{counted(len(bad), 'row')} of {file.name} could not be read, so what stands there is NOT suppressed: {_lines(bad)}.",
            ("The other rows were taken. " if len(bad) < summary.rows else "")
            + "Correct these, and import the file again: what is suppressed already stays so.",
        )


def _lines(bad: list[BadRow]) -> str:
    listed = ", ".join(str(row.line) for row in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return f"line{'s' if len(bad) > 1 else ''} {listed}{more}"


def _number(text: str, region: str | None) -> str:
    _check_region(region)
    try:
        return parse_number(text, region, allow_premium=True).e164
    except NumberError as error:
        raise CliError(f"{text!r} cannot be used: {error}.") from None


def _day(text: str | None, option: str) -> str | None:
    try:
        return None if text is None else parse_moment(text).day.isoformat()
    except NotAMoment as error:
        raise CliError(f"{option}: {error}") from None


def _end_of(text: str | None) -> datetime | None:
    day = _day(text, "--expires")
    return None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)


def _check_region(region: str | None) -> None:
    try:
        if region is not None:
            check_region(region)
    except ValueError as error:
        raise CliError(f"--region: {error}") from None
