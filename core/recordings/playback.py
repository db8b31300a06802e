"""From a call to the bytes to play.

NotPlayable
├── NoRecording   the call has none: it is not over, was not answered, or its bot does not record
├── Gone          it was deleted at the end of its retention
└── NotYet        it is not uploaded from another machine yet
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from core.bots.config import RecordingConfig
from core.kernel.database import Database
from core.recordings.recordings import Recordings, config_of, deleted_at
from core.recordings.store import read_recording
from core.recordings.turns import turns_of
from core.storage.base import ObjectMissing
from core.storage.local import LocalStore

__all__ = ["Gone", "NoRecording", "NotPlayable", "NotYet", "Playable", "find_recording", "require_recording"]


class NotPlayable(Exception):
    """There is nothing to play."""


class NoRecording(NotPlayable):
    """The call has no recording."""


class Gone(NotPlayable):
    """The recording was deleted at the end of its retention."""


class NotYet(NotPlayable):
    """The recording is not uploaded from another machine yet."""


@dataclass(frozen=True)
class Playable:
    """A recording of `size` bytes; `read(start, stop)` gives its bytes, `stop` not included."""

    size: int
    sandbox: bool
    read: Callable[[int, int], AsyncIterator[bytes]]


def require_recording(connection: Connection, call: Row[Any], now: datetime) -> RecordingConfig:
    """The recording settings of the call's bot, if the call has a recording now.

    Raises:
        NoRecording, Gone: see there.
    """
    if call.result is None or call.result.get("recording_key") is None:
        raise NoRecording("This call has no recording: it is not over, nobody answered, or its bot does not record.")
    config = config_of(connection, call)
    at = deleted_at(config, call.ended_at)
    if at is not None and now >= at:
        raise Gone("This recording has been deleted, as the bot's retention says.")
    return config


async def find_recording(recordings: Recordings, db: Database, call: Row[Any], now: datetime) -> Playable:
    """The recording of a call.

    Raises:
        NotPlayable: see there.
        core.storage.base.StorageError: the storage failed.
    """
    with db.read() as connection:
        require_recording(connection, call, now)
        row = None if call.transport == "sandbox" else read_recording(connection, call.call_id)
    if call.transport == "sandbox":
        return _synthesized(call)
    if row is None or row.state == "lost":
        raise NoRecording("The recording of this call was lost before it was uploaded.")
    if row.state == "deleted":
        raise Gone("This recording has been deleted.")
    if row.state == "waiting":
        return await _on_this_machine(recordings, call.call_id)
    try:
        size = await recordings.store.size(row.key)
    except ObjectMissing:
        raise Gone("This recording is no longer in the storage.") from None
    return Playable(size, False, lambda start, stop: recordings.store.read(row.key, start, stop))


async def _on_this_machine(recordings: Recordings, call_id: str) -> Playable:
    spool, name = LocalStore(recordings.spool), f"{call_id}.wav"
    try:
        size = await spool.size(name)
    except ObjectMissing:
        raise NotYet("This recording has not been uploaded yet. Try again in a minute.") from None
    return Playable(size, False, lambda start, stop: spool.read(name, start, stop))


def _synthesized(call: Row[Any]) -> Playable:
    from core.recordings.sound import Synthesis  # noqa: PLC0415 - numpy is loaded only when somebody listens

    duration = call.result["call_duration_seconds"]
    sound = Synthesis(call.call_id, turns_of(call.result["transcript"], duration), duration)
    return Playable(sound.size, True, lambda start, stop: _in_thread(sound.read(start, stop)))


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Run each step of an iterator in a thread: it is CPU-bound."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
