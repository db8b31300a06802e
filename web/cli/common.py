"""What commands share: options, the database, logging, moments, key=value pairs."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Row, make_url
from sqlalchemy.exc import ArgumentError

from core.access.installation import open_box
from core.access.secrets import SecretStore
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.failures import LogFormatter
from core.kernel.words import counted
from core.outgoing.guard import AllowList
from dialler.campaigns.store import all_campaigns, find_campaign
from web.cli.errors import CliError, unknown
from web.migrate import upgrade
from web.run.earlier import take_over_suppressions
from web.settings import data_folder_of

__all__ = [
    "ALLOW_INTERNAL_VARIABLE",
    "AllowInternalOption",
    "CampaignArgument",
    "DatabaseOption",
    "JsonOption",
    "LimitOption",
    "allow_list",
    "campaign_called",
    "clock_of",
    "database_url",
    "default_database",
    "open_database",
    "parse_pairs",
    "parse_speed",
    "parse_start",
    "secret_store",
    "set_up_logging",
    "sqlite_file",
]

ALLOW_INTERNAL_VARIABLE = "DIALLER_ALLOW_INTERNAL"
_SHARED, _BEFORE = Path("out/dialler.db"), Path("dialler.db")
"""The database of the working directory, and where an earlier version had it."""
log = logging.getLogger(__name__)

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        envvar="DIALLER_DATABASE",
        metavar="URL",
        help="The database: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, an SQLite file, or a folder with a dialler.db in it. "
        "Default: out/dialler.db, which the runs of this directory share.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for programs instead of a table.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most so many.")]
CampaignArgument = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The name of the campaign, or its id.")]
AllowInternalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-internal",
        metavar="HOST:PORT",
        help="Let pushes go to this internal host and port. Can be given several times; adds to DIALLER_ALLOW_INTERNAL.",
        show_default=False,
    ),
]


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        sys.stderr.write(self.format(record) + "\n")


def set_up_logging(verbose: int) -> None:
    """Warnings to standard error; with -v what happens, with -vv every detail. The HTTP libraries' own messages stay off."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    root = logging.getLogger()
    root.setLevel(level)
    if not any(isinstance(handler, _StandardError) for handler in root.handlers):
        handler = _StandardError()
        handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    for name in ("httpx", "httpcore", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def default_database() -> str:
    """The database that the commands of the working directory share if none is named: campaigns that share one share its suppressions.

    One that an earlier version has made in the directory itself is gone on with.
    """
    return f"sqlite:///{_BEFORE if _BEFORE.is_file() and not _SHARED.is_file() else _SHARED}"


def database_url(given: str | None, default: str | None = None) -> str:
    """The URL that is meant: a URL as it is, a file as SQLite, a folder as the database in it; else the `default`, or the shared one.

    Raises:
        CliError: it is none of these.
    """
    if given is None or not given.strip():
        return default or default_database()
    given = given.strip()
    if "://" not in given:
        path = Path(given)
        return f"sqlite:///{path / 'dialler.db' if path.is_dir() else path}"
    try:
        url = make_url(given)
    except ArgumentError:
        raise CliError(
            "--database is not the URL of a database.", "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    if url.get_backend_name() == "postgres":
        return given.replace("postgres://", "postgresql://", 1)
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise CliError(f"--database must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, not {url.get_backend_name()}://...")
    return given


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


@contextlib.contextmanager
def open_database(given: str | None, *, create: bool = False) -> Iterator[Database]:
    """The database, with its schema brought up to date.

    Args:
        given: the value of --database.
        create: whether an SQLite file that is not there is made.

    Raises:
        CliError: there is no such database.
    """
    url = database_url(given)
    file = sqlite_file(url)
    if file is not None:
        if not create and not file.exists():
            raise CliError(
                f"There is no database {file}.",
                "Say which one with --database (a run with --seed or --start keeps its own in its output folder), "
                "or begin with `dialler run`.",
            )
        if create:
            file.parent.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    try:
        upgrade(database)
        if create and url == default_database():
            _take_over_earlier(database)
        yield database
    finally:
        database.close()


def _take_over_earlier(database: Database) -> None:
    """Take over the suppressions of the databases that an earlier version left in this directory, each of them once.

    A run kept one in its output folder, and the other commands `dialler.db` in the directory itself. Without this, those who opted
    out there would be called again. A mark beside each file says that it was taken over, so that what an operator removes from the
    list later stays removed.
    """
    ours = sqlite_file(database.url)
    files = [file for file in (_BEFORE, *sorted(_SHARED.parent.glob("*/dialler.db"))) if file.is_file()]
    marks = {file: file.with_name(f"{file.name}.taken-over") for file in files if ours is None or file.resolve() != ours.resolve()}
    new = [file for file, mark in marks.items() if not mark.exists()]
    if not new:
        return
    with database.write() as connection:
        taken = take_over_suppressions(connection, new)
    for file in new:
        marks[file].touch()
        if number := taken.get(file):
            log.warning("took over the %s of %s: runs share one list now", counted(number, "suppression"), file)


def secret_store(database: Database, *, replacing: str | None = None) -> SecretStore:
    """The secrets that are kept in a database. Makes the encryption key at the first use.

    Raises:
        UnusableKey: the key cannot be used, or is not the one that encrypted the secrets (but for the one `replacing`).
    """
    with database.read() as connection:
        box = open_box(connection, data_folder_of(database.url, os.environ), os.environ, replacing=replacing)
    return SecretStore(box, os.environ)


def campaign_called(database: Database, name: str) -> Row[Any]:
    """The row of a campaign, by its name or id.

    Raises:
        CliError: there is none.
    """
    with database.read() as connection:
        found = find_campaign(connection, name)
        if found is None:
            raise unknown("campaign", name, [row.name for row in all_campaigns(connection)], "dialler campaigns list")
    return found


def clock_of(campaign: Row[Any]) -> datetime:
    """What time it is for a campaign: what its last run's clock showed, or the real time."""
    shown: datetime | None = campaign.clock_at
    return shown or utc_now()


def allow_list(hosts: Sequence[str] | None) -> AllowList:
    """The internal hosts of the option and of DIALLER_ALLOW_INTERNAL.

    Raises:
        CliError: one is not of the form host:port.
    """
    try:
        return AllowList.parse(",".join([os.environ.get(ALLOW_INTERNAL_VARIABLE, ""), *(hosts or ())]))
    except ValueError as error:
        raise CliError(f"--allow-internal or {ALLOW_INTERNAL_VARIABLE}: {error}.") from None


def parse_speed(text: str) -> float | None:
    """`max` is None; else a number above 0.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text.strip().lower() == "max":
        return None
    try:
        speed = float(text.strip().rstrip("xX"))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000_000:
        raise typer.BadParameter("write `max`, or how many seconds of the campaign pass in one real second, such as 1 or 60")
    return speed


def parse_start(text: str | None, time_zone: str) -> datetime | None:
    """A moment in ISO 8601; one without an offset is meant in `time_zone`.

    Raises:
        CliError: it is not a moment.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CliError(f"--start {text!r} is not a moment. Write it as 2026-03-04T10:00 or 2026-03-04T10:00+05:30.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(time_zone))


def parse_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """`name=value` texts.

    Raises:
        CliError: one has no name or no `=`.
    """
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"\S.*", name.strip()):
            raise CliError(f"{option} {pair!r} is not of the form NAME=VALUE.")
        values[name.strip()] = value
    return values
