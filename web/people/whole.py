"""A person as a whole: what there is of them, all of it to hand out, and its erasure.

A person is asked for by one number and has all that are known to be theirs: those that lead files gave in one row.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, make_url

from core.access.person_keys import PersonKeys
from core.kernel.database import Database
from core.kernel.erasure import NotErasable, digits_of
from core.kernel.numbers import split_key
from core.kernel.persons import all_numbers
from core.people import finding as core_finding
from core.people.erasing import ErasedCalls, erase_calls, forget_person, overwrite_deleted, refuse_unfinished
from core.recordings.recordings import Recordings
from core.suppressions.store import add as suppress_number
from dialler.people import finding as dialler_finding
from dialler.people.erasing import ErasedLeads, end_leads, erase_leads
from web.console.audit.log import Actor, Entry, add_entry
from web.people.files import blot_logs, delete_uploads, files_with

__all__ = ["Erasure", "Place", "erase", "export", "numbers_of", "show"]

log = logging.getLogger(__name__)

_OURSELVES: Final = "embedded-dialler"
"""Where results go that this process takes in itself (`web.composition`)."""
_ROUNDS: Final = 3
"""How often it is looked again whether something came in meanwhile."""
_BACKUPS: Final = (
    "Backups of the database (`dialler db backup`, or your own): restoring one brings the person back. Erase them again after that."
)
_CRM: Final = "What was sent to {hosts}: ask there for it to be erased."
_PREFETCH: Final = "The CRM, the lead files that you keep, and what programs have fetched over the API, are not ours to erase."
_LOGS: Final = (
    "What your machine keeps of standard error, of the SIP trunk's carrier and of the speech and language services that were used."
)
_VACUUM: Final = "PostgreSQL keeps the old versions of rows until it vacuums them, by itself or with `VACUUM FULL`, and in its WAL archive."
_ON_MACHINE: Final = "A recording waits on the machine {host}, which deletes it within a day, while `dialler serve` runs there."
_FILES: Final = "Files of runs, which are yours and hold the number: {files}."
_WORKBOOKS: Final = (
    "Uploaded workbooks that wait for their import were not searched ({number}); they are deleted a week after their upload."
)
_KNOWN_AGAIN: Final = "The number is not suppressed: a lead file that lists it makes the person known again. `--suppress` prevents calls."


@dataclass(frozen=True)
class Place:
    """Where a person is erased.

    Attributes:
        db: the database.
        recordings: the storage of recordings, and the folder where they wait for it.
        keys: the keys of persons.
        data_folder: where our files are.
        logs: the sandbox's logs that are elsewhere.
    """

    db: Database
    recordings: Recordings
    keys: PersonKeys
    data_folder: Path
    logs: tuple[Path, ...] = ()


@dataclass
class Erasure:
    """What was erased, what stays for the person's protection, and what could not be reached.

    Attributes:
        numbers: the numbers that were the person's.
        calls: of calls.
        leads: of leads.
        uploads: uploaded lead files that were deleted.
        logs: logs of the sandbox in which the number was overwritten.
        suppressed: whether one of the numbers is suppressed: that stays.
        not_reached: what is left to do elsewhere, in words.
    """

    numbers: list[str] = field(repr=False)
    calls: ErasedCalls
    leads: ErasedLeads
    uploads: int = 0
    logs: int = 0
    suppressed: bool = False
    not_reached: list[str] = field(default_factory=list, repr=False)

    def counts(self) -> dict[str, int]:
        """How many of what, by names for people and programs."""
        calls, leads = asdict(self.calls), asdict(self.leads)
        numbers = {name: value for name, value in {**leads, **calls}.items() if isinstance(value, int)}
        return {**numbers, "uploads": self.uploads, "logs": self.logs}


def numbers_of(connection: Connection, number: str) -> set[str]:
    """All numbers of the person who has this one, as keys."""
    known = {number}
    while True:
        more = dialler_finding.numbers_of_leads(connection, all_numbers(connection, known)) - known
        if not more:
            return known
        known |= more


def export(db: Database, number: str) -> dict[str, Any]:
    """All that there is of a person, as plain values."""
    with db.read() as connection:
        numbers = numbers_of(connection, number)
        return {
            "numbers": sorted(numbers),
            **dialler_finding.records_of(connection, numbers),
            **core_finding.records_of(connection, numbers),
        }


def show(db: Database, number: str) -> dict[str, Any]:
    """What there is of a person: how much of what, their leads, and whether they are suppressed."""
    found = export(db, number)
    leads = [{name: lead[name] for name in ("campaign", "id", "state", "disposition", "attempts")} for lead in found["leads"]]
    counts = {name: len(rows) for name, rows in found.items() if name not in {"numbers", "suppressions"}}
    return {"numbers": found["numbers"], "counts": counts, "leads": leads, "suppressions": found["suppressions"]}


async def erase(place: Place, number: str, actor: Actor, now: datetime, *, suppress: bool = False) -> Erasure:
    """Erase a person. It can be run again, and finishes what a crash has interrupted.

    Args:
        place: where.
        number: the key of one of their numbers.
        actor: who does it, for the audit log.
        now: the current time.
        suppress: whether their numbers are suppressed from now on; those that are stay so in any case.

    Raises:
        NotErasable: they are in a call or about to be called; nothing was erased.
        core.storage.base.StorageError: a recording could not be deleted; run it again.
    """
    with place.db.read() as connection:
        numbers = numbers_of(connection, number)
    done = Erasure(sorted(numbers), ErasedCalls(), ErasedLeads())
    for _ in range(_ROUNDS):
        await asyncio.to_thread(_close, place, numbers, now, suppress)
        calls = await erase_calls(place.db, place.recordings, numbers, now)
        leads = await asyncio.to_thread(_erase_leads, place, numbers, now)
        _add(done, calls, leads)
        if not await asyncio.to_thread(_is_left, place.db, numbers):
            break
    else:
        raise NotErasable("The person is called again and again while they are being erased. Suppress the number, then erase them.")
    await asyncio.to_thread(_finish, place, numbers, actor, now, done)
    log.info(
        "a person was erased: %s", ", ".join(f"{name} {value}" for name, value in done.counts().items() if value) or "nothing was known"
    )
    return done


def _close(place: Place, numbers: Collection[str], now: datetime, suppress: bool) -> None:
    """Let nothing more be dialled: their leads end."""
    with place.db.write(long=True) as connection:
        refuse_unfinished(connection, numbers)
        end_leads(connection, numbers, now)
        if suppress:
            for number in sorted({split_key(number)[0] for number in numbers}):
                suppress_number(connection, number, reason="asked to be erased", source="operator", now=now)


def _erase_leads(place: Place, numbers: Collection[str], now: datetime) -> ErasedLeads:
    with place.db.write(long=True) as connection:
        overwrite_deleted(connection)
        return erase_leads(connection, numbers, now)


def _is_left(db: Database, numbers: Collection[str]) -> bool:
    with db.read() as connection:
        return bool(core_finding.calls_of(connection, numbers) or dialler_finding.leads_of(connection, numbers))


def _finish(place: Place, numbers: Collection[str], actor: Actor, now: datetime, done: Erasure) -> None:
    """Files, keys, the entry in the audit log, and what is left elsewhere."""
    digits = digits_of(numbers)
    done.logs = blot_logs(_folders(place), digits, place.logs)
    done.uploads, workbooks = delete_uploads(place.data_folder, digits)
    with place.db.write(long=True) as connection:
        done.suppressed = bool(core_finding.suppressions_of(connection, numbers))
        forget_person(connection, place.keys, numbers)
        add_entry(connection, actor, Entry("person.erase", "person", after=done.counts()), now)
    _empty_wal(place.db)
    done.not_reached = [_BACKUPS, _PREFETCH, _LOGS]
    if hosts := [host for host in done.calls.pushed_to if not host.startswith(_OURSELVES)]:
        done.not_reached.append(_CRM.format(hosts=", ".join(hosts)))
    if place.db.is_postgresql:
        done.not_reached.append(_VACUUM)
    done.not_reached += [_ON_MACHINE.format(host=host) for host in done.calls.elsewhere]
    if files := files_with(_folders(place), digits):
        done.not_reached.append(_FILES.format(files=", ".join(map(str, files))))
    if workbooks:
        done.not_reached.append(_WORKBOOKS.format(number=workbooks))
    if not done.suppressed:
        done.not_reached.append(_KNOWN_AGAIN)


def _folders(place: Place) -> list[Path]:
    """The data folder, and that of an SQLite database, where the output of runs is."""
    file = None if place.db.is_postgresql else make_url(place.db.url).database
    return sorted({place.data_folder.resolve(), *([Path(file).resolve().parent] if file else [])})


def _empty_wal(db: Database) -> None:
    """Write SQLite's journal into its file: it holds earlier versions of pages."""
    file = make_url(db.url).database
    if not db.is_postgresql and file:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add(done: Erasure, calls: ErasedCalls, leads: ErasedLeads) -> None:
    for total, more in ((done.calls, calls), (done.leads, leads)):
        for name, value in vars(more).items():
            before = getattr(total, name)
            setattr(total, name, sorted({*before, *value}) if isinstance(value, list) else before + value)
