"""Recordings over HTTP: the link is the key, and opens that one recording, until it expires or the recording is gone."""

from __future__ import annotations

import asyncio
import io
import uuid
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from core.access.keys import create
from core.api.problems import install_problem_handlers
from core.api.recordings import router, views_of
from core.calls.engine import Engine
from core.kernel.clock import RealClock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.recordings.recordings import Recordings
from core.recordings.uploads import Uploader
from core.storage.base import StorageUnavailable
from core.storage.local import LocalStore
from tests.conftest import START
from tests.core.recordings.support import BASE, WORKER, call_row, ended_call, finish, recordings_in, spool_file


class StoppedClock(RealClock):
    """Shows what it is told."""

    moment = START

    def now(self) -> datetime:
        return self.moment


class Server:
    """The endpoints of recordings on a database."""

    def __init__(self, db: Database, recordings: Recordings | None) -> None:
        self.db, self.clock = db, StoppedClock()
        self.engine = Engine(db, self.clock, utc_now, Ids(1), WORKER, {}, recordings=recordings)
        app = FastAPI()
        app.state.engine = self.engine
        app.include_router(router)
        install_problem_handlers(app, self.clock)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)

    def key(self, bots: list[str] | None = None) -> dict[str, str]:
        with self.db.write() as connection:
            return {"X-API-Key": create(connection, key_id=str(uuid.uuid4()), name="test", now=START, bots=bots).key}


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(), 60)

    asyncio.run(main())


def refused(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    is_problem = answer.headers["content-type"] == "application/problem+json" and body["detail"] != ""
    return answer.status_code == status == body["status"] and is_problem


def sandbox_call(db: Database, recordings: Recordings, call_id: str = "call-1", **recording: Any) -> str:
    url = finish(db, recordings, ended_call(db, START, call_id, transport="sandbox", recording=recording), START, recording).url
    assert url is not None
    return url


def test_a_sandbox_recording_plays(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    url = sandbox_call(database, recordings)

    async def test() -> None:
        answer = await server.http.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
        assert answer.headers["accept-ranges"] == "bytes"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert 'filename="sandbox-call-1.wav"' in answer.headers["content-disposition"]
        with wave.open(io.BytesIO(answer.content)) as file:
            assert file.getnframes() / file.getframerate() == 8.0
            assert any(file.readframes(8000))
        part = await server.http.get(url, headers={"Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, answer.content[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(answer.content)}"
        tail = await server.http.get(url, headers={"Range": "bytes=-10", "If-Range": answer.headers["etag"]})
        assert (tail.status_code, tail.content) == (206, answer.content[-10:])
        other = await server.http.get(url, headers={"Range": "bytes=-10", "If-Range": '"another"'})
        assert (other.status_code, other.content) == (200, answer.content)
        behind = await server.http.get(url, headers={"Range": "bytes=99999999-"})
        assert refused(behind, 416)
        assert behind.headers["content-range"] == f"bytes */{len(answer.content)}"
        head = await server.http.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == answer.headers["content-length"]

    run(test)


def test_links_that_do_not_open(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    url = sandbox_call(database, recordings)
    other = sandbox_call(database, recordings, "call-2")

    async def test() -> None:
        bare, _, query = url.partition("?")
        for forged in (
            bare,
            f"{bare}?expires=9999999999",
            f"{bare}?signature=x",
            url + "x",
            url.replace("expires=1", "expires=2"),
            f"{bare}?{other.partition('?')[2]}",
            f"{BASE}/recordings/no-such-call?{query}",
            f"{bare}?expires=soon&signature=%C3%A9",
        ):
            assert refused(await server.http.get(forged), 403), forged
        # the key of sandbox links does not sign for real calls
        call = ended_call(database, START, "real")
        spool_file(recordings, "real")
        finish(database, recordings, call, START)
        forged = recordings.link("real", "sandbox", START + timedelta(days=1))
        assert refused(await server.http.get(forged), 403)
        server.clock.moment = START + timedelta(days=30, seconds=-1)
        assert (await server.http.get(url)).status_code == 200
        server.clock.moment += timedelta(seconds=1)
        assert refused(await server.http.get(url), 403)
        assert "expired" in (await server.http.get(url)).json()["detail"]

    run(test)


def test_new_links_for_whoever_holds_a_key(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    sandbox_call(database, recordings, link_expires="1h")
    finish(database, recordings, ended_call(database, START, "unanswered", transport="sandbox", answered=False), START)
    ended_call(database, START, "not over", transport="sandbox")

    async def test() -> None:
        server.clock.moment = START + timedelta(days=80, microseconds=5)
        path = "/api/v1/calls/call-1/recording-link"
        assert refused(await server.http.post(path), 401)
        assert refused(await server.http.post(path, headers=server.key(bots=["another"])), 404)
        key = server.key(bots=["bot"])
        for nothing in ("unanswered", "not over", "no-such-call"):
            assert refused(await server.http.post(f"/api/v1/calls/{nothing}/recording-link", headers=key), 404)
        answer = await server.http.post(path, headers=key)
        assert answer.status_code == 200
        link = answer.json()
        assert datetime.fromisoformat(link["expires_at"]) == START + timedelta(days=80, hours=1)
        assert (await server.http.get(link["recording_url"])).status_code == 200
        fresh = views_of(server.engine, [call_row(database, "call-1")])[0].result
        assert fresh is not None
        assert fresh["recording_url"] == link["recording_url"]

    run(test)


def test_after_the_retention_a_recording_is_gone(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    url = sandbox_call(database, recordings, retention="10d")

    async def test() -> None:
        server.clock.moment = START + timedelta(days=10)
        assert refused(await server.http.get(url), 410)
        assert refused(await server.http.post("/api/v1/calls/call-1/recording-link", headers=server.key()), 410)
        assert refused(await server.http.get(url + "x"), 403)  # a forged link learns nothing

    run(test)


def test_a_real_recording_plays_from_this_machine_and_then_from_the_storage(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    content = bytes(range(256)) * 5000
    spool_file(recordings, "call-1", content)
    url = finish(database, recordings, ended_call(database, START), START).url or ""
    elsewhere = Server(database, recordings_in(tmp_path / "elsewhere", recordings.store, host="elsewhere"))

    async def test() -> None:
        assert (await server.http.get(url)).content == content
        waiting = await elsewhere.http.get(url)
        assert refused(waiting, 503)
        assert (waiting.json()["reason"], waiting.headers["retry-after"]) == ("not_uploaded", "60")
        uploader = Uploader(recordings, database, clock=RealClock(start=START), ids=Ids(1))
        assert await uploader.upload_due() == 1
        for each in (server, elsewhere):
            answer = await each.http.get(url)
            assert (answer.content, answer.headers["content-type"]) == (content, "audio/wav")
            assert 'filename="call-1.wav"' in answer.headers["content-disposition"]
            part = await each.http.get(url, headers={"Range": "bytes=300000-700000"})
            assert (part.status_code, part.content) == (206, content[300_000:700_001])
        await recordings.store.delete("recordings/2026/03/04/call-1.wav")  # by somebody else
        assert refused(await server.http.get(url), 410)

    run(test)


def test_a_storage_that_fails(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(LocalStore):
        async def size(self, key: str) -> int:
            raise StorageUnavailable("the storage is down")

        async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
            raise AssertionError("nothing to read")
            yield b""

    recordings = recordings_in(tmp_path, Failing(tmp_path / "recordings", stands_for="recordings"))
    server = Server(database, recordings)
    spool_file(recordings, "call-1")
    url = finish(database, recordings, ended_call(database, START), START).url or ""

    async def test() -> None:
        await Uploader(recordings, database, clock=RealClock(start=START), ids=Ids(1)).upload_due()
        answer = await server.http.get(url)
        assert refused(answer, 503)
        assert (answer.json()["reason"], answer.headers["retry-after"]) == ("storage_unavailable", "60")

    run(test)
    assert "the storage is down" in caplog.text
    assert "signature" not in caplog.text


def test_a_lost_recording(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    server = Server(database, recordings)
    file = spool_file(recordings, "call-1")
    url = finish(database, recordings, ended_call(database, START), START).url or ""

    async def test() -> None:
        file.unlink()
        await Uploader(recordings, database, clock=RealClock(start=START), ids=Ids(1)).upload_due()
        assert refused(await server.http.get(url), 404)

    run(test)


def test_a_server_without_recordings(database: Database, tmp_path: Path) -> None:
    server = Server(database, None)
    url = sandbox_call(database, recordings_in(tmp_path))

    async def test() -> None:
        assert refused(await server.http.get(url), 404)
        assert views_of(server.engine, [call_row(database, "call-1")])[0].result is not None

    run(test)
