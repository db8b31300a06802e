"""Calls that have ended, and the recordings of a process, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.calls.store import read_call
from core.calls.tables import Call
from core.fleet.store import register
from core.fleet.tables import Worker
from core.kernel.database import Database
from core.kernel.processes import this_process
from core.kernel.statements import AnyRow, table_of
from core.recordings.link_keys import LinkKeys
from core.recordings.recordings import Recorded, Recordings
from core.storage.base import ObjectStore
from core.storage.local import LocalStore

BASE = "https://dialler.example.com"
REAL, SANDBOX = b"r" * 32, b"s" * 32
TRANSCRIPT = [
    {"speaker": "bot", "text": "Hello, am I speaking with Ada?", "timestamp": 0.0},
    {"speaker": "customer", "text": "Yes, that is me.", "timestamp": 2.5},
    {"speaker": "bot", "text": "Thank you. Goodbye.", "timestamp": 4.0},
]
WORKER = "worker-1"

_calls = table_of(Call)
_workers = table_of(Worker)


def recordings_in(folder: Path, store: ObjectStore | None = None, host: str = "here") -> Recordings:
    """Recordings of a process whose data folder is `folder`."""
    store = store or LocalStore(folder / "recordings", stands_for="recordings")
    return Recordings(store, folder / "spool", BASE, LinkKeys((REAL,), (SANDBOX,)), host)


def ended_call(
    db: Database,
    now: datetime,
    call_id: str = "call-1",
    *,
    transport: str = "sip",
    answered: bool = True,
    seconds: float = 8.0,
    recording: dict[str, Any] | None = None,
    bot: str = "bot",
) -> AnyRow:
    """A call that ended at `now` and is finishing; its bot is saved with this `recording` configuration."""
    with db.write() as connection:
        stored = save_bot(connection, BotConfig(name=bot, id=bot, recording=recording or {}), now)
        if connection.execute(select(_workers.c.id)).first() is None:
            register(connection, WORKER, 1, this_process(), now)
        connection.execute(
            insert(_calls).values(
                call_id=call_id,
                bot_id=stored.id,
                bot_version=stored.version,
                direction="outbound",
                to_number="+12025550143",
                transport=transport,
                state="finishing",
                worker_id=WORKER,
                variables={},
                created_at=now - timedelta(seconds=seconds + 5),
                answered_at=now - timedelta(seconds=seconds) if answered else None,
                ended_at=now,
                ending={},
                cancel_requested=False,
            )
        )
    return call_row(db, call_id)


def call_row(db: Database, call_id: str) -> AnyRow:
    """The call as it stands."""
    with db.read() as connection:
        row = read_call(connection, call_id)
    assert row is not None
    return row


def finish(db: Database, recordings: Recordings, call: AnyRow, now: datetime, recording: dict[str, Any] | None = None) -> Recorded:
    """Finish a call as `core.calls.finish` does, with a result that has what recordings need."""
    with db.write() as connection:
        config = BotConfig(name="x", recording=recording or {}).recording
        recorded = recordings.settle(connection, call, config, now)
        seconds = (call.ended_at - call.answered_at).total_seconds() if call.answered_at else 0.0
        result = {
            "recording_key": recorded.key,
            "recording_url": recorded.url,
            "call_duration_seconds": seconds,
            "transcript": TRANSCRIPT if call.answered_at else [],
        }
        connection.execute(_calls.update().where(_calls.c.call_id == call.call_id).values(state="done", done_at=now, result=result))
    return recorded


def spool_file(recordings: Recordings, call_id: str, content: bytes = b"RIFF recorded") -> Path:
    """A recording that a transport wrote."""
    recordings.spool.mkdir(parents=True, exist_ok=True)
    file = recordings.file_of(call_id)
    file.write_bytes(content)
    return file
