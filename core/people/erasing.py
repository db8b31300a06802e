"""Takes a person out of the core's records. The rows stay, so that figures add up; what they say of the person is gone.

In this order, so that it can be run again after a crash: each recording's file, then its row; then, call by call in one transaction, all
that hangs on the call, and the call itself with its number last. Until then the call is found again by that number.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, select, update

from core.access.person_keys import PersonKeys
from core.calls.tables import Call, CallEvent
from core.deliveries.tables import ClosedEndpoint, Delivery, DeliveryAttempt
from core.desk.tables import Handoff, HandoffEvent
from core.kernel.database import Database
from core.kernel.erasure import ERASED, NotErasable, digits_of, erased_result, holds_one_of
from core.kernel.numbers import split_key
from core.kernel.persons import forget_numbers
from core.kernel.statements import AnyRow, table_of
from core.people.finding import calls_of, in_batches, rows_of_calls
from core.recordings.recordings import Recordings
from core.recordings.store import mark_deleted
from core.recordings.tables import Recording
from core.suppressions.tables import Suppression

__all__ = ["ErasedCalls", "empty_calls", "erase_calls", "forget_person", "overwrite_deleted", "refuse_unfinished"]

_calls, _events, _recordings = table_of(Call), table_of(CallEvent), table_of(Recording)
_deliveries, _tries, _closed = table_of(Delivery), table_of(DeliveryAttempt), table_of(ClosedEndpoint)
_handoffs, _moves, _suppressions = table_of(Handoff), table_of(HandoffEvent), table_of(Suppression)
_AT_ONCE: Final = 50
_OF_EVIDENCE: Final = ("verdict", "pack", "purpose", "rules", "unverified", "loosened", "no_pack_for_country", "promised_callback")
"""What stays of a call's evidence: which rules allowed it, without where the person lives."""


@dataclass
class ErasedCalls:
    """What was erased.

    Attributes:
        calls: calls.
        recordings: files of recordings that were deleted.
        deliveries: pushes whose content was emptied.
        handoffs: hand-offs at the agent desk.
        elsewhere: machines that hold a recording which they are yet to delete, by themselves.
        pushed_to: hosts that were sent a result of a call, and may still have it.
    """

    calls: int = 0
    recordings: int = 0
    deliveries: int = 0
    handoffs: int = 0
    elsewhere: list[str] = field(default_factory=list)
    pushed_to: list[str] = field(default_factory=list)


def refuse_unfinished(connection: Connection, numbers: Collection[str]) -> None:
    """Refuse to erase a person who is in a call, or whose call is not written to its end.

    Raises:
        NotErasable: there is such a call.
    """
    if going_on := [call.call_id for call in calls_of(connection, numbers) if call.state != "done"]:
        raise NotErasable(f"The person is in a call, or it has just ended ({', '.join(going_on)}). Erase them again once it is over.")


async def erase_calls(db: Database, recordings: Recordings, numbers: Collection[str], now: datetime) -> ErasedCalls:
    """Erase what the calls with a person say of them. It can be run again.

    Args:
        db: the database.
        recordings: the recordings of this process, their storage and the folder where they wait for it.
        numbers: the keys of all numbers of the person.
        now: the current time.

    Raises:
        NotErasable: the person is in a call.
        core.storage.base.StorageError: the storage does not delete a recording. Nothing of its call was erased.
    """
    ids = await asyncio.to_thread(_calls_over, db, numbers)
    return await _erase(db, recordings, ids, digits_of(numbers), now)


async def empty_calls(db: Database, recordings: Recordings, ids: Collection[str], now: datetime) -> ErasedCalls:
    """Take out of these calls what was said, and to whom, as `erase_calls` does, except the callee's phone: caps count by it.

    Raises:
        NotErasable: one of them is not over.
        core.storage.base.StorageError: the storage does not delete a recording.
    """
    known = await asyncio.to_thread(_over_among, db, ids)
    return await _erase(db, recordings, known, (), now, keep_phone=True)


async def _erase(
    db: Database, recordings: Recordings, ids: list[str], digits: Collection[str], now: datetime, *, keep_phone: bool = False
) -> ErasedCalls:
    done = ErasedCalls()
    for batch in in_batches(ids):
        await _erase_recordings(db, recordings, batch, now, done)
    for first in range(0, len(ids), _AT_ONCE):
        await asyncio.to_thread(_erase_some, db, ids[first : first + _AT_ONCE], digits, done, keep_phone)
    done.elsewhere, done.pushed_to = sorted(set(done.elsewhere)), sorted(set(done.pushed_to))
    return done


def _over_among(db: Database, ids: Collection[str]) -> list[str]:
    with db.read() as connection:
        found = rows_of_calls(connection, _calls, _calls.c.call_id, ids)
    if going_on := [call.call_id for call in found if call.state != "done"]:
        raise NotErasable(f"{len(going_on)} of its calls are not over. Try again in a minute.")
    return [call.call_id for call in found]


def _calls_over(db: Database, numbers: Collection[str]) -> list[str]:
    with db.read() as connection:
        refuse_unfinished(connection, numbers)
        return [call.call_id for call in calls_of(connection, numbers)]


def _erase_some(db: Database, ids: list[str], digits: Collection[str], done: ErasedCalls, keep_phone: bool) -> None:
    with db.write(long=True) as connection:
        overwrite_deleted(connection)
        for call_id in ids:
            _erase_call(connection, call_id, digits, done, keep_phone)


def forget_person(connection: Connection, keys: PersonKeys, numbers: Collection[str]) -> None:
    """The last step: what was sealed for audit logs becomes unreadable, the person's numbers are no longer one person's, and the
    suppressions that stay say nothing but the number.
    """
    overwrite_deleted(connection)
    for number in numbers:
        keys.destroy(connection, number)
    plain = sorted({split_key(number)[0] for number in numbers})
    for batch in in_batches(plain):
        connection.execute(update(_suppressions).where(_suppressions.c.number.in_(batch)).values(reason=ERASED))
    forget_numbers(connection, plain)


def overwrite_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what this transaction removes, instead of only marking its place as free."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


async def _erase_recordings(db: Database, recordings: Recordings, ids: list[str], now: datetime, done: ErasedCalls) -> None:
    """Delete the object first: if that fails, the row still says that there is something to delete."""
    with db.read() as connection:
        rows = [row for row in rows_of_calls(connection, _recordings, _recordings.c.call_id, ids) if row.state != "deleted"]
    for row in rows:
        await recordings.store.delete(row.key)
        if row.state == "waiting" and row.host != recordings.host:
            done.elsewhere.append(row.host)
            with db.write() as connection:  # that machine deletes what is due, and does so whether it was uploaded meanwhile or not
                connection.execute(update(_recordings).where(_recordings.c.call_id == row.call_id).values(delete_at=now))
            continue
        with db.write() as connection:
            done.recordings += mark_deleted(connection, row.call_id, now)
        await recordings.store.delete(row.key)  # an upload may have ended between the two
    for call_id in ids:
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(recordings.file_of(call_id).unlink)


def _erase_call(connection: Connection, call_id: str, digits: Collection[str], done: ErasedCalls, keep_phone: bool) -> None:
    call = connection.execute(select(_calls).where(_calls.c.call_id == call_id)).one()
    _erase_deliveries(connection, call_id, done)
    handoffs = select(_handoffs.c.id).where(_handoffs.c.call_id == call_id)
    connection.execute(update(_moves).where(_moves.c.handoff_id.in_(handoffs)).values(detail=""))
    gone: dict[str, Any] = {"caller": ERASED, "reason": ERASED, "summary": ERASED, "transcript": [], "crm": {}, "notes": ""}
    done.handoffs += connection.execute(update(_handoffs).where(_handoffs.c.call_id == call_id).values(gone)).rowcount
    connection.execute(update(_events).where(_events.c.call_id == call_id).values(data={}))
    kept = {"phone": call.phone} if keep_phone else {}
    values = _without_person(call, digits) | kept
    connection.execute(update(_calls).where(_calls.c.call_id == call_id, _calls.c.state == "done").values(values))
    done.calls += 1


def _without_person(call: AnyRow, digits: Collection[str]) -> dict[str, Any]:
    """The columns of a call without the person. Pure."""
    outbound = call.direction == "outbound"
    key = call.idempotency_key
    return {
        "to_number": ERASED if outbound else call.to_number,
        "from_number": call.from_number if outbound else ERASED,
        "phone": None,
        "idempotency_key": f"{ERASED} {call.call_id}" if key is not None and holds_one_of(key, digits) else key,
        "request_hash": None,
        "variables": {},
        "evidence": {name: call.evidence[name] for name in _OF_EVIDENCE if name in call.evidence} if call.evidence else None,
        "prefetch": None,
        "connected_event": None,
        "ending": None,
        "result": erased_result(call.result, digits) | {"evidence": None},
    }


def _erase_deliveries(connection: Connection, call_id: str, done: ErasedCalls) -> None:
    """Empty the pushes of a call. One that is not out yet is not sent any more, and cannot be replayed."""
    for row in connection.execute(select(_deliveries).where(_deliveries.c.call_id == call_id)).all():
        if row.state == "delivered" or row.attempts:
            done.pushed_to.append(row.destination)
        url = f"{urlsplit(row.url).scheme}://{urlsplit(row.url).netloc}/"
        values: dict[str, Any] = {"body": {}, "headers": {}, "url": url, "last_error": None}
        if row.state in {"pending", "dead"}:
            values |= {"state": "skipped", "last_error": "the person was erased", "lease_token": None, "lease_until": None}
        connection.execute(update(_deliveries).where(_deliveries.c.id == row.id).values(values))
        connection.execute(update(_tries).where(_tries.c.delivery_id == row.id).values(response=None, error=None))
        if url != row.url:  # a URL with values of the person in it; it closed for nobody else
            connection.execute(delete(_closed).where(_closed.c.delivery_id == row.id))
        done.deliveries += 1
