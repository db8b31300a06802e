"""Answers from something that is broken, gone, or no core at all: what was done is not known then, and is said so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.kernel.clock import RealClock
from dialler.core_client import CoreClient, CoreUnreachable, LeadRefused, Misconfigured, TryLater
from tests.conftest import START
from tests.dialler.seam.cores import SPEED, SeamCore, run_over_url

ASKS: list[Callable[[CoreClient], Any]] = [
    lambda client: client.dialout("bot", "+12025550107", {}, "a"),
    lambda client: client.fleet("bot"),
    lambda client: client.call_of_attempt("a"),
    lambda client: client.call("c"),
]


def answering(*args: Any, **more: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(*args, **more)


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


BROKEN = {
    "500": answering(500, json={"detail": "broken"}),
    "502 of a proxy": answering(502, text="<html>Bad Gateway</html>"),
    "503 of a proxy": answering(503, text="<html>Service Unavailable</html>", headers={"Retry-After": "3"}),
    "504 of a proxy": answering(504),
    "a redirect": answering(302, headers={"Location": "https://elsewhere.example/"}),
    "200 of something else": answering(200, text="<html>Welcome</html>"),
    "200 with a list": answering(200, json=[]),
    "200 without what is wanted": answering(200, json={"status": "ok", "calls": [{}], "fleet_available": None}),
    "cut off": failing(httpx.RemoteProtocolError("the server disconnected")),
    "no connection": failing(httpx.ConnectError("refused")),
    "time-out": failing(httpx.ReadTimeout("too slow")),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("ask", ASKS, ids=["dialout", "fleet", "call_of_attempt", "call"])
def test_it_is_unreachable(broken: Callable[[httpx.Request], httpx.Response], ask: Callable[[CoreClient], Any]) -> None:
    async def test() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(broken), base_url="http://core") as http:
            with pytest.raises(CoreUnreachable) as caught:
                await ask(CoreClient(http, "dk_key", RealClock()))
        assert len(str(caught.value)) > 15
        assert "dk_key" not in str(caught.value)

    asyncio.run(test())


def test_a_limit_of_requests_is_not_now_and_no_capacity() -> None:
    async def test() -> None:
        limited = httpx.MockTransport(answering(429, json={"detail": "Too many."}, headers={"Retry-After": "7"}))
        async with httpx.AsyncClient(transport=limited, base_url="http://core") as http:
            clock = RealClock(SPEED, START)
            client = CoreClient(http, "dk_key", clock)
            answer = await client.dialout("bot", "+12025550107", {}, "a")
            assert isinstance(answer, TryLater)
            assert answer.retry_at is not None
            assert 0 < (answer.retry_at - clock.now()).total_seconds() <= 7
            fleet = await client.fleet("bot")
            assert fleet.available == 0
            assert fleet.ask_again_at is not None
            assert 0 < (fleet.ask_again_at - clock.now()).total_seconds() <= 7

    asyncio.run(test())


STATUSES = {
    **dict.fromkeys((400, 413, 414, 422, 431, 451), LeadRefused),
    **dict.fromkeys((401, 402, 403, 404, 405, 410, 415), Misconfigured),
    **dict.fromkeys((201, 302, 408, 409, 418, 425, 500, 504), CoreUnreachable),
}


@pytest.mark.parametrize(("status", "meaning"), STATUSES.items())
def test_what_a_status_says_of_a_dialout(status: int, meaning: type) -> None:
    """It is about this lead, or about what all leads share, or nobody knows what was done."""

    async def test() -> object:
        answer = httpx.MockTransport(answering(status, json={"detail": "A sentence."}))
        async with httpx.AsyncClient(transport=answer, base_url="http://core") as http:
            try:
                return await CoreClient(http, "dk_key", RealClock()).dialout("bot", "+12025550107", {}, "a")
            except CoreUnreachable as error:
                return error

    found = asyncio.run(test())
    assert isinstance(found, meaning)
    assert isinstance(found, CoreUnreachable) or getattr(found, "detail", "") == "A sentence."


@pytest.mark.parametrize(("status", "over"), [(200, True), (404, True), (409, True), (410, True), (401, False), (429, False), (500, False)])
def test_what_a_status_says_of_the_wish_to_end_a_call(status: int, over: bool) -> None:
    async def test() -> None:
        answer = httpx.MockTransport(answering(status, json={"detail": "A sentence."}))
        async with httpx.AsyncClient(transport=answer, base_url="http://core") as http:
            with contextlib.nullcontext() if over else pytest.raises(CoreUnreachable, match=str(status)):
                await CoreClient(http, "dk_key", RealClock()).cancel("c")

    asyncio.run(test())


def test_a_server_that_is_gone(sqlite_template: Path, tmp_path: Path) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        client = core.client()
        assert (await client.fleet("bot")).available == 50
        await asyncio.to_thread(core.stop)
        for ask in ASKS:
            with pytest.raises(CoreUnreachable, match="could not be reached"):
                await ask(client)
        with pytest.raises(CoreUnreachable):
            await client.cancel("a")

    run_over_url(test, sqlite_template, tmp_path)


@contextlib.contextmanager
def never_answering() -> Iterator[str]:
    """A server that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_never_answers() -> None:
    async def test(url: str) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=0.05) as http:
            for ask in ASKS:
                with pytest.raises(CoreUnreachable, match="ReadTimeout"):
                    await ask(CoreClient(http, "dk_key", RealClock()))

    with never_answering() as url:
        asyncio.run(test(url))
