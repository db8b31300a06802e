"""Recordings that are files: uploaded in the background, tried again, deleted when their time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.recordings.recordings import Recordings
from core.recordings.retention import delete_due
from core.recordings.store import read_recording
from core.recordings.uploads import Uploader
from core.storage.base import StorageUnavailable
from core.storage.local import LocalStore
from tests.core.recordings.support import ended_call, finish, recordings_in, spool_file

KEY = "recordings/2026/03/04/call-1.wav"


class FailingStore(LocalStore):
    """Fails so many times, then works; takes two seconds of a clock, if it has one."""

    def __init__(self, folder: Path, failures: int = 0, clock: VirtualClock | None = None) -> None:
        super().__init__(folder, stands_for="recordings")
        self.clock = clock
        self.failures, self.puts, self.most_at_once, self._now = failures, 0, 0, 0

    async def put_file(self, key: str, path: Path, *, media_type: str = "application/octet-stream") -> int:
        self.puts += 1
        assert media_type == "audio/wav"
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.failures > 0:
                self.failures -= 1
                raise StorageUnavailable("the storage is down")
            if self.clock is not None:
                await self.clock.sleep(2)
            return await super().put_file(key, path)
        finally:
            self._now -= 1

    async def delete(self, key: str) -> bool:
        if self.failures > 0:
            self.failures -= 1
            raise StorageUnavailable("the storage is down")
        return await super().delete(key)


def row_of(db: Database, call_id: str = "call-1") -> Any:
    with db.read() as connection:
        return read_recording(connection, call_id)


def uploader(recordings: Recordings, db: Database, clock: VirtualClock) -> Uploader:
    return Uploader(recordings, db, clock=clock, ids=Ids(1), poll=600)


Run = Callable[..., Any]


def test_a_file_is_uploaded_at_once_and_removed_here(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        recordings = recordings_in(tmp_path)
        worker = clock.spawn(uploader(recordings, database, clock).run(), name="uploads")
        await clock.sleep(1)
        file = spool_file(recordings, "call-1", b"RIFF what was said")
        began = clock.now()
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        recordings.wake_uploads()
        await clock.sleep(1)
        row = row_of(database)
        assert (row.state, row.size, row.stored_at, row.tries) == ("stored", 18, began, 0)
        assert not file.exists()
        assert b"".join([piece async for piece in recordings.store.read(KEY)]) == b"RIFF what was said"
        clock.cancel(worker)

    in_virtual_time(test)


def test_a_storage_that_is_down_is_tried_again_with_growing_gaps(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        store = FailingStore(tmp_path / "recordings", failures=7)
        recordings = recordings_in(tmp_path, store)
        file = spool_file(recordings, "call-1")
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        began = clock.now()
        worker = clock.spawn(uploader(recordings, database, clock).run(), name="uploads")
        await clock.sleep(60)
        row = row_of(database)
        assert (row.state, row.error) == ("waiting", "the storage is down")
        assert 1 < row.tries < 5
        assert file.exists()
        await clock.sleep(86_400)
        row = row_of(database)
        assert (row.state, row.error, store.puts) == ("stored", None, 8)
        assert timedelta(minutes=30) < row.stored_at - began < timedelta(hours=6)
        clock.cancel(worker)

    in_virtual_time(test)


def test_many_files_go_a_few_at_once_and_each_once(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        store = FailingStore(tmp_path / "recordings", clock=clock)
        recordings = recordings_in(tmp_path, store)
        for number in range(11):
            spool_file(recordings, f"call-{number}")
            finish(database, recordings, ended_call(database, clock.now(), f"call-{number}"), clock.now())
        one, two = (uploader(recordings, database, clock) for _ in range(2))
        first, second = (clock.spawn(each.upload_due(), name="uploads") for each in (one, two))
        await clock.join(first, second)
        assert first.result() + second.result() == store.puts == 11
        assert 1 < store.most_at_once <= 8
        assert list(recordings.spool.iterdir()) == []

    in_virtual_time(test)


def test_what_a_dead_process_of_this_machine_had_taken_is_uploaded_later(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        recordings = recordings_in(tmp_path)
        spool_file(recordings, "call-1")
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        uploader(recordings, database, clock)._take()  # and dies
        worker = uploader(recordings, database, clock)
        assert await worker.upload_due() == 0
        await clock.sleep(601)
        assert await worker.upload_due() == 1

    in_virtual_time(test)


def test_files_of_other_machines_are_left_alone(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        there = recordings_in(tmp_path / "there", host="there")
        spool_file(there, "call-1")
        finish(database, there, ended_call(database, clock.now()), clock.now(), {"retention": "1d"})
        here = recordings_in(tmp_path / "here")
        assert await uploader(here, database, clock).upload_due() == 0
        await clock.sleep(2 * 86_400)
        assert await delete_due(here, database, clock) == 0
        assert await delete_due(there, database, clock) == 1
        assert not there.file_of("call-1").exists()

    in_virtual_time(test)


def test_a_file_that_vanished_is_lost_and_said(database: Database, tmp_path: Path, in_virtual_time: Run, caplog: Any) -> None:
    async def test(clock: VirtualClock) -> None:
        recordings = recordings_in(tmp_path)
        file = spool_file(recordings, "call-1")
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        file.unlink()
        assert await uploader(recordings, database, clock).upload_due() == 0
        assert row_of(database).state == "lost"

    in_virtual_time(test)
    assert "call-1 vanished" in caplog.text


def test_a_process_that_ends_while_it_uploads_leaves_the_file(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    class SlowStore(LocalStore):
        async def put_file(self, key: str, path: Path, *, media_type: str = "") -> int:
            await clock_of_test.sleep(3600)
            raise AssertionError("it was not cancelled")

    clock_of_test: VirtualClock

    async def test(clock: VirtualClock) -> None:
        nonlocal clock_of_test
        clock_of_test = clock
        recordings = recordings_in(tmp_path, SlowStore(tmp_path))
        file = spool_file(recordings, "call-1")
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        worker = clock.spawn(uploader(recordings, database, clock).run(), name="uploads")
        await clock.sleep(1)
        clock.cancel(worker)
        await clock.join(worker)
        assert [task.get_name() for task in asyncio.all_tasks() if "upload of" in task.get_name()] == []
        assert (row_of(database).state, file.exists()) == ("waiting", True)

    in_virtual_time(test)


def test_a_process_that_ends_waits_for_what_is_being_uploaded(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    """Both what is on its way, and what was left by the last call of all; what cannot be stored is not waited for."""

    class SlowStore(LocalStore):
        async def put_file(self, key: str, path: Path, *, media_type: str = "") -> int:
            await clock_of_test.sleep(5)
            if "call-2" in path.name:
                raise StorageUnavailable("down")
            return await super().put_file(key, path, media_type=media_type)

    clock_of_test: VirtualClock

    async def test(clock: VirtualClock) -> None:
        nonlocal clock_of_test
        clock_of_test = clock
        recordings = recordings_in(tmp_path, SlowStore(tmp_path / "store", stands_for="recordings"))
        worker = clock.spawn(uploader(recordings, database, clock).run(), name="uploads")
        await clock.sleep(1)
        files = [spool_file(recordings, call) for call in ("call-1", "call-2", "call-3")]
        finish(database, recordings, ended_call(database, clock.now()), clock.now())
        recordings.wake_uploads()
        await clock.sleep(1)
        for call in ("call-2", "call-3"):
            finish(database, recordings, ended_call(database, clock.now(), call), clock.now())
        await recordings.finish_uploads()
        clock.cancel(worker)
        await clock.join(worker)
        assert [row_of(database, call).state for call in ("call-1", "call-2", "call-3")] == ["stored", "waiting", "stored"]
        assert [file.exists() for file in files] == [False, True, False]

    in_virtual_time(test)


def test_retention_deletes_what_is_due_and_nothing_else(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        recordings = recordings_in(tmp_path)
        for name, retention in (("short", "10d"), ("long", "20d"), ("ever", None)):
            spool_file(recordings, name)
            finish(database, recordings, ended_call(database, clock.now(), name), clock.now(), {"retention": retention})
        assert await uploader(recordings, database, clock).upload_due() == 3
        await clock.sleep(10 * 86_400 - 1)
        assert await delete_due(recordings, database, clock) == 0
        await clock.sleep(1)
        assert await delete_due(recordings, database, clock) == 1
        assert not await recordings.store.exists("recordings/2026/03/04/short.wav")
        assert [row_of(database, name).state for name in ("short", "long", "ever")] == ["deleted", "stored", "stored"]
        await clock.sleep(5000 * 86_400)
        assert await delete_due(recordings, database, clock) == 1
        assert row_of(database, "ever").state == "stored"

    in_virtual_time(test)


def test_a_storage_that_is_down_does_not_lose_a_deletion(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        store = FailingStore(tmp_path / "recordings")
        recordings = recordings_in(tmp_path, store)
        for number in range(3):
            spool_file(recordings, f"call-{number}")
            finish(database, recordings, ended_call(database, clock.now(), f"call-{number}"), clock.now(), {"retention": "1d"})
        await uploader(recordings, database, clock).upload_due()
        await clock.sleep(86_400)
        store.failures = 2
        assert await delete_due(recordings, database, clock) == 1
        assert await delete_due(recordings, database, clock) == 2
        assert not any(path.is_file() for path in (tmp_path / "recordings").rglob("*"))

    in_virtual_time(test)


def test_an_upload_that_ends_after_its_retention_leaves_nothing(database: Database, tmp_path: Path, in_virtual_time: Run) -> None:
    async def test(clock: VirtualClock) -> None:
        class LateStore(LocalStore):
            async def put_file(self, key: str, path: Path, *, media_type: str = "") -> int:
                size = await super().put_file(key, path)
                await clock.sleep(2 * 86_400)  # as long as it takes for the retention to end
                return size

        recordings = recordings_in(tmp_path, LateStore(tmp_path / "recordings", stands_for="recordings"))
        spool_file(recordings, "call-1")
        finish(database, recordings, ended_call(database, clock.now()), clock.now(), {"retention": "1d"})
        upload = clock.spawn(uploader(recordings, database, clock).upload_due(), name="upload")
        await clock.sleep(86_400)
        assert await delete_due(recordings, database, clock) == 1
        await clock.join(upload)
        assert upload.result() == 0
        assert not await recordings.store.exists(KEY)
        assert row_of(database).state == "deleted"

    in_virtual_time(test)


def test_into_a_bucket(database: Database, tmp_path: Path, in_virtual_time: Run, request: pytest.FixtureRequest) -> None:
    settings = request.getfixturevalue("s3")
    from core.storage.s3 import S3Store

    async def test(clock: VirtualClock) -> None:
        recordings = recordings_in(tmp_path, S3Store(settings))
        spool_file(recordings, "call-1", b"in the bucket")
        finish(database, recordings, ended_call(database, clock.now()), clock.now(), {"retention": "1d"})
        assert await uploader(recordings, database, clock).upload_due() == 1
        assert b"".join([piece async for piece in recordings.store.read(KEY, 3, 6)]) == b"the"
        await clock.sleep(86_400)
        assert await delete_due(recordings, database, clock) == 1
        assert not await recordings.store.exists(KEY)

    in_virtual_time(test)
