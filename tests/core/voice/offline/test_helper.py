"""Our end of a speech process, with a process of the test's own: real pipes, no models."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from core.voice.errors import VoiceError, VoiceUnavailable
from core.voice.offline.helper import Helper
from core.voice.offline.wire import Kind


@pytest.fixture
def echo() -> Iterator[Helper]:
    helper = Helper("tests.core.voice.offline.echo", "the echo")
    yield helper
    helper.close()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario

    asyncio.run(bounded())


async def answers(helper: Helper, text: str) -> list[str]:
    return [body.decode() async for _, body in helper.ask(Kind.TEXT, text.encode())]


def test_requests_are_answered_in_turn(echo: Helper) -> None:
    async def scenario() -> None:
        assert await answers(echo, "one two") == ["one", "two"]
        assert list(await asyncio.gather(answers(echo, "a b c"), answers(echo, "d"))) == [["a", "b", "c"], ["d"]]

    run(scenario())


def test_a_failed_request_is_not_the_end(echo: Helper) -> None:
    async def scenario() -> None:
        with pytest.raises(VoiceError, match="cannot say that"):
            await answers(echo, "fail")
        assert await answers(echo, "again") == ["again"]

    run(scenario())


def test_a_process_that_dies_is_started_again(echo: Helper) -> None:
    async def scenario() -> None:
        assert await answers(echo, "one") == ["one"]
        before = echo.pid
        with pytest.raises(VoiceError, match="the echo died"):
            await answers(echo, "die")
        assert await answers(echo, "two") == ["two"]
        assert echo.pid not in {None, before}

    run(scenario())


def test_who_gives_up_does_not_disturb_the_next(echo: Helper) -> None:
    async def scenario() -> None:
        asking = echo.ask(Kind.TEXT, b"one two three four")
        assert (await anext(asking))[1] == b"one"
        await asking.aclose()
        assert await answers(echo, "five") == ["five"]

    run(scenario())


def test_a_process_that_cannot_start_says_why() -> None:
    helper = Helper("tests.core.voice.offline.no_such_module", "the voice")
    try:
        with pytest.raises(VoiceUnavailable, match="the voice did not start"):
            helper.load()
    finally:
        helper.close()


def test_a_process_that_hangs_is_ended_and_the_next_request_answered(echo: Helper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.voice.offline.helper._PATIENCE", 0.3)

    async def scenario() -> None:
        assert await answers(echo, "one") == ["one"]
        assert echo.pid is not None
        os.kill(echo.pid, signal.SIGSTOP)
        with pytest.raises(VoiceError, match="the echo died; it is started again"):
            await answers(echo, "two")
        assert await answers(echo, "three") == ["three"]

    run(scenario())
