"""The end of a recorded call, and a process that dies in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import core.calls.finish
from core.bots.tables import BotVersion
from core.calls.engine import Engine
from core.calls.finish import finish_call
from core.calls.store import EventLog
from core.calls.tables import Call
from core.deliveries.tables import Delivery
from core.kernel.clock import RealClock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from core.recordings.recordings import Recordings
from core.recordings.store import read_recording
from tests.conftest import START
from tests.core.recordings.support import TRANSCRIPT, WORKER, call_row, ended_call, recordings_in, spool_file

_calls = table_of(Call)
_versions = table_of(BotVersion)
_deliveries = table_of(Delivery)

ENDING = {"disconnected_by": "bot", "end_reason": "closure", "phone_rang": True, "transcript": TRANSCRIPT, "customer_spoke": True}


class Crash(Exception):
    pass


def engine_on(db: Database, recordings: Recordings | None) -> Engine:
    return Engine(db, RealClock(start=START), utc_now, Ids(1), WORKER, {}, recordings=recordings)


def ended(db: Database, transport: str) -> None:
    ended_call(db, START, transport=transport)
    with db.write() as connection:
        connection.execute(_calls.update().values(state="ended", ending=ENDING))


@pytest.mark.parametrize("transport", ["sandbox", "sip"])
def test_a_process_that_dies_before_the_result_leaves_it_to_the_next_which_comes_to_the_same(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    recordings = recordings_in(tmp_path)
    woken: list[None] = []
    recordings.wake_uploads = lambda: woken.append(None)
    file = spool_file(recordings, "call-1")
    ended(database, transport)

    def crash(*_: Any, **__: Any) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(core.calls.finish, "enqueue", crash)
        with pytest.raises(Crash):
            asyncio.run(finish_call(engine_on(database, recordings), "call-1", EventLog("call-1")))
    assert call_row(database, "call-1").state == "ended", "nothing of it stays"
    assert woken == []
    assert file.exists()
    with database.read() as connection:
        assert read_recording(connection, "call-1") is None
    asyncio.run(finish_call(engine_on(database, recordings), "call-1", EventLog("call-1", 10)))
    call = call_row(database, "call-1")
    assert call.state == "done"
    assert call.result["recording_key"] == "recordings/2026/03/04/call-1.wav"
    assert call.result["recording_url"].startswith("https://dialler.example.com/recordings/call-1?")
    with database.read() as connection:
        row = read_recording(connection, "call-1")
    assert (row is not None) == (len(woken) == 1) == (transport == "sip")


def test_an_engine_without_recordings(database: Database) -> None:
    ended(database, "sandbox")
    asyncio.run(finish_call(engine_on(database, None), "call-1", EventLog("call-1")))
    assert call_row(database, "call-1").result["recording_url"] is None


def test_the_push_to_the_crm_has_the_link_of_the_result(database: Database, tmp_path: Path) -> None:
    ended(database, "sandbox")
    push = {"url": "https://crm.example.com", "key_mapper": {"RECORDING_URL": "{{call.recording_url}}", "KEY": "{{call.recording_key}}"}}
    with database.write() as connection:
        config = connection.execute(select(_versions.c.config)).scalar_one()
        connection.execute(_versions.update().values(config={**config, "post_call_push": push}, checksum="with a push"))
    asyncio.run(finish_call(engine_on(database, recordings_in(tmp_path)), "call-1", EventLog("call-1")))
    result = call_row(database, "call-1").result
    with database.read() as connection:
        body = connection.execute(select(_deliveries.c.body)).scalar_one()
    assert body == {"RECORDING_URL": result["recording_url"], "KEY": result["recording_key"]}
