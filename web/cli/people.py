"""`dialler people`: what there is of a person, handed out to them, and erased."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.access.installation import open_box
from core.access.person_keys import PersonKeys
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.erasure import NotErasable
from core.kernel.numbers import NumberError, check_region, parse_number
from core.recordings.link_keys import LinkKeys
from core.recordings.recordings import Recordings
from core.storage.base import StorageError
from core.storage.settings import open_store
from web.cli.common import DatabaseOption, JsonOption, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.output import emit_json, json_text, say, show_fields, show_rows
from web.console.audit.log import Actor
from web.people.whole import Erasure, Place, erase, export, show
from web.recordings import SPOOL
from web.settings import data_folder_of

__all__ = ["actor", "app", "place_of", "told_if_refused"]

app = typer.Typer(no_args_is_help=True, help="A person: what there is of them, for them to read, and erased when they ask for it.")

_LEADS = {"campaign": "Campaign", "id": "Lead", "state": "State", "disposition": "Disposition", "attempts": "Attempts"}
_SUPPRESSIONS = {"number": "Number", "lines": "Lines", "source": "From", "list": "List", "since": "Since"}

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="One of their phone numbers: +, country code, number.")]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="Country (such as IN) of a number written without a country code.", show_default=False)
]


@app.command("show")
def show_(number: NumberArgument, region: RegionOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Say what there is of a person: on all their numbers, in all campaigns and calls."""
    with open_database(database) as db:
        found = show(db, _key(number, region))
    if as_json:
        emit_json(found)
        return
    show_fields({"numbers": ", ".join(found["numbers"]), **{name: count for name, count in found["counts"].items() if count}})
    show_rows(found["leads"], _LEADS, as_json=False, empty="They are in no campaign.")
    show_rows(found["suppressions"], _SUPPRESSIONS, as_json=False, empty="They are not suppressed.")


@app.command("export")
def export_(
    number: NumberArgument,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; else standard output.", show_default=False)] = None,
    region: RegionOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write all that there is of a person as JSON, to hand out to them. Recordings are named by their key in the storage."""
    with open_database(database) as db:
        found = export(db, _key(number, region))
    if file is None:
        emit_json(found)
        return
    file.write_text(json_text(found), encoding="utf-8")
    say(f"Written to {file}.")


@app.command("erase")
def erase_(
    number: NumberArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    suppress: Annotated[bool, typer.Option("--suppress", help="Also never dial their numbers again.")] = False,
    region: RegionOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person: who they are and what was said, everywhere. Counts, and suppressions, stay. It cannot be undone."""
    key = _key(number, region)
    with open_database(database) as db:
        if not yes and not as_json:
            counts = {name: count for name, count in show(db, key)["counts"].items() if count}
            told = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()) or "nothing is known of them"
            typer.confirm(f"Erase this person ({told})? It cannot be undone.", abort=True)
        with told_if_refused():
            done = asyncio.run(erase(place_of(db), key, actor(), utc_now(), suppress=suppress))
    _report(done, as_json)


def _report(done: Erasure, as_json: bool) -> None:
    if as_json:
        emit_json({"erased": done.counts(), "suppressed": done.suppressed, "not_reached": done.not_reached})
        return
    told = {name: count for name, count in done.counts().items() if count}
    show_fields(told) if told else say("Nothing was known of this person.")
    if done.suppressed:
        say("A number of theirs is suppressed: that stays, and protects them from calls.")
    say("Not reached from here:", *(f"- {line}" for line in done.not_reached))


@contextlib.contextmanager
def told_if_refused() -> Iterator[None]:
    """Say in words why something cannot be erased or deleted now."""
    try:
        yield
    except NotErasable as error:
        raise CliError(str(error), code=CANNOT) from None
    except StorageError as error:
        raise CliError(f"A recording could not be deleted: {error}.", "Mend that, and run the command again.", code=CANNOT) from None


def actor() -> Actor:
    """Who types, for the audit log."""
    return Actor(None, f"{getpass.getuser()} (command line)")


def place_of(db: Database) -> Place:
    """Where people are erased: the database, the storage and the files of this machine."""
    folder = data_folder_of(db.url, os.environ)
    with db.read() as connection:
        box = open_box(connection, folder, os.environ)
    recordings = Recordings(open_store(os.environ, folder), folder / SPOOL, "", LinkKeys((), ()))
    return Place(db, recordings, PersonKeys(box), folder)


def _key(number: str, region: str | None) -> str:
    try:
        return parse_number(number, check_region(region) if region else None, allow_premium=True).key
    except NumberError as error:
        raise CliError(f"{number!r} cannot be used: {error}.") from None
    except ValueError as error:
        raise CliError(f"--region: {error}") from None
