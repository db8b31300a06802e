"""Rows of recordings that are files. Every change is fenced by the state it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from core.kernel.statements import table_of
from core.recordings.tables import Recording

__all__ = [
    "add_waiting",
    "claim_upload",
    "due_deletions",
    "due_uploads",
    "mark_deleted",
    "mark_failed",
    "mark_lost",
    "mark_stored",
    "next_upload",
    "read_recording",
]

_recordings = table_of(Recording)


def add_waiting(connection: Connection, call_id: str, key: str, host: str, now: datetime, delete_at: datetime | None) -> None:
    """Record that a file on the machine `host` is to be uploaded."""
    connection.execute(
        insert(_recordings).values(
            call_id=call_id, key=key, state="waiting", host=host, tries=0, try_at=now, created_at=now, delete_at=delete_at
        )
    )


def read_recording(connection: Connection, call_id: str) -> Row[Any] | None:
    """The row of a call's recording."""
    return connection.execute(select(_recordings).where(_recordings.c.call_id == call_id)).one_or_none()


def due_uploads(connection: Connection, host: str, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Files of this machine whose upload is due, longest waiting first."""
    return connection.execute(
        select(_recordings)
        .where(_recordings.c.state == "waiting", _recordings.c.host == host, _recordings.c.try_at <= now)
        .order_by(_recordings.c.try_at, _recordings.c.call_id)
        .limit(limit)
    ).all()


def next_upload(connection: Connection, host: str) -> datetime | None:
    """When the next upload of this machine is due."""
    soonest: datetime | None = connection.execute(
        select(func.min(_recordings.c.try_at)).where(_recordings.c.state == "waiting", _recordings.c.host == host)
    ).scalar_one()
    return soonest


def claim_upload(connection: Connection, row: Row[Any], until: datetime) -> bool:
    """Claim an upload for this process until a given time; False if another process was faster."""
    return _change(connection, row.call_id, and_(_recordings.c.state == "waiting", _recordings.c.try_at == row.try_at), try_at=until)


def mark_stored(connection: Connection, call_id: str, size: int, now: datetime) -> bool:
    """Record that the file is in the storage; False if it is no longer wanted."""
    return _change(connection, call_id, _recordings.c.state == "waiting", state="stored", size=size, stored_at=now, error=None)


def mark_failed(connection: Connection, call_id: str, tries: int, error: str, try_at: datetime) -> bool:
    """Record that the upload failed and is to be retried."""
    return _change(connection, call_id, _recordings.c.state == "waiting", tries=tries, error=error[:500], try_at=try_at)


def mark_lost(connection: Connection, call_id: str) -> bool:
    """Record that the file vanished before it was uploaded."""
    return _change(connection, call_id, _recordings.c.state == "waiting", state="lost", error="the file vanished before it was uploaded")


def due_deletions(connection: Connection, host: str, now: datetime, after: str, limit: int) -> Sequence[Row[Any]]:
    """Expired recordings by call id, after `after`; files that wait on other machines are left to those machines."""
    return connection.execute(
        select(_recordings)
        .where(
            _recordings.c.delete_at <= now,
            _recordings.c.call_id > after,
            or_(_recordings.c.state == "stored", and_(_recordings.c.state.in_(("waiting", "lost")), _recordings.c.host == host)),
        )
        .order_by(_recordings.c.call_id)
        .limit(limit)
    ).all()


def mark_deleted(connection: Connection, call_id: str, now: datetime) -> bool:
    """Record that the recording is deleted."""
    return _change(connection, call_id, _recordings.c.state != "deleted", state="deleted", deleted_at=now, error=None)


def _change(connection: Connection, call_id: str, fence: Any, **values: Any) -> bool:
    return connection.execute(update(_recordings).where(_recordings.c.call_id == call_id, fence).values(**values)).rowcount == 1
