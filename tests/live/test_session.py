"""Calls that an AgentSession holds: real voice activity and real speech, the line and the recognition the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from core.contracts.transport import Answered, Failed, Heard, HungUp, LegEvent, TransferOutcome
from core.kernel.clock import RealClock
from core.voice.errors import VoiceError
from core.voice.ports import FRAME, AudioEnd, AudioEvent, AudioLeg, Frame
from tests.live.lab import live

_MISSING = [name for name in ("livekit.agents", "piper", "faster_whisper") if importlib.util.find_spec(name.split(".")[0]) is None]
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"the extra `voice-offline` is not installed ({_MISSING})")

OPENING = "Hello, this is the reminder service. How are you today?"
LONG = "Thank you. Let me read you our terms. They go on and on, and will not stop until you say something. Really, they never end."


@pytest.fixture(scope="module")
def offline() -> Iterator[Any]:
    from core.voice.offline.voice import OfflineVoice

    voice = OfflineVoice(listeners=1)
    voice.load()
    yield voice
    voice.close()


class Wire:
    """An audio leg whose media thread exchanges a frame every 20 ms."""

    def __init__(self) -> None:
        self._loop, self._events = asyncio.get_running_loop(), asyncio.Queue[AudioEvent]()
        self._end: AudioEnd | None = None
        self._over = threading.Event()
        self._script: list[Frame] = []
        self.played: list[float] = []
        """When each frame of ours was played."""

    def run_soon(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the test is over
            self._loop.call_soon_threadsafe(function)

    async def next(self, timeout: float | None = None) -> AudioEvent | None:
        return await self._events.get()

    def connect(self, end: AudioEnd) -> None:
        self._end = end
        threading.Thread(target=self._exchange, daemon=True).start()

    def press(self, keys: str) -> None:
        raise NotImplementedError

    async def hang_up(self, reason: str = "") -> None:
        self.happens(HungUp("we hung up"))

    async def transfer(self, destination: str) -> TransferOutcome:
        raise NotImplementedError

    def happens(self, event: AudioEvent) -> None:
        if isinstance(event, HungUp):
            self._over.set()
        self._events.put_nowait(event)

    def say(self, sound: Frame) -> float:
        """The callee says this from now on. Returns when it began."""
        whole = np.concatenate((sound, np.zeros(-len(sound) % FRAME, dtype=np.int16)))
        self._script.extend(whole.reshape(-1, FRAME))
        return time.monotonic()

    def _exchange(self) -> None:
        assert self._end is not None
        due = time.monotonic()
        while not self._over.is_set():
            heard = self._script.pop(0) if self._script else np.zeros(FRAME, dtype=np.int16)
            if self._end.exchange(heard) is not None:
                self.played.append(time.monotonic())
            due += 0.02
            time.sleep(max(due - time.monotonic(), 0.0))


class Mended:
    """The offline voice, until one of its halves fails."""

    def __init__(self, voice: Any) -> None:
        self._voice, self.deaf, self.dumb = voice, False, False

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        if self.dumb:
            raise VoiceError("the synthesis is gone")
        async for piece in self._voice.synthesize(text):
            yield piece

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        if self.deaf:
            raise VoiceError("the recognition is gone")
        return str(await self._voice.transcribe(speech))


async def sound_of(voice: Any, text: str) -> Frame:
    return np.concatenate([piece async for piece in voice.synthesize(text)])


async def answered(voice: Any) -> tuple[Any, Wire]:
    from core.voice.session.leg import SessionLeg
    from core.voice.session.ours import VoiceStt, VoiceTts
    from core.voice.session.parts import CallSpeech, SessionParts, make_vad

    async def close() -> None:
        pass

    parts = SessionParts(lambda nothing: CallSpeech(VoiceStt(voice, nothing), VoiceTts(voice), close), make_vad())
    wire = Wire()
    leg: AudioLeg = wire
    session = SessionLeg(leg, parts, RealClock(), call_id="c")
    session.prepare(OPENING)
    async with asyncio.timeout(10):
        while parts.phrases.get(OPENING) is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    wire.happens(Answered())
    assert await session.next(5) == Answered()
    return session, wire


async def ended(leg: Any, wire: Wire) -> LegEvent:
    wire.happens(HungUp("the callee hung up"))
    async with asyncio.timeout(10):
        while not isinstance(event := await leg.next(5), HungUp):
            pass
    await asyncio.sleep(0.5)  # the session closes after the call
    return event


def test_a_spoken_call(offline: Any) -> None:
    async def scenario() -> None:
        leg, wire = await answered(offline)
        playout = await leg.say(OPENING)
        assert (playout.spoken, playout.completed) == (OPENING, True)
        assert leg.answer_to_first_audio < 1.0
        wire.say(await sound_of(offline, "I would like to pay on Friday."))
        heard = await leg.next(15)
        assert isinstance(heard, Heard)
        assert "friday" in heard.text.lower()
        assert (heard.barged_in, leg.speaking) == (False, False)
        assert 1.0 < heard.seconds < 4.0
        assert await ended(leg, wire) == HungUp("the callee hung up")

    live(scenario)


def test_a_callee_who_breaks_in_silences_us(offline: Any) -> None:
    async def scenario() -> None:
        leg, wire = await answered(offline)
        words = await sound_of(offline, "Stop, please stop, I have a question.")
        saying = asyncio.create_task(leg.say(LONG))
        while not wire.played:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        began = wire.say(words)
        playout = await saying
        assert not playout.completed
        assert 0 < len(playout.spoken.split()) < len(LONG.split())
        assert LONG.startswith(playout.spoken)
        await asyncio.sleep(1)
        assert wire.played[-1] - began < 2.0  # half a second of speech, and what a busy machine adds
        heard = await leg.next(15)
        assert isinstance(heard, Heard)
        assert heard.barged_in
        assert "question" in heard.text.lower()
        await ended(leg, wire)

    live(scenario)


def test_recognition_that_fails_ends_the_call(offline: Any) -> None:
    async def scenario() -> None:
        voice = Mended(offline)
        leg, wire = await answered(voice)
        voice.deaf = True
        wire.say(await sound_of(offline, "Hello, is anybody there?"))
        assert await leg.next(20) == Failed(500, "speech recognition fails: the recognition is gone", ours=True)
        await ended(leg, wire)

    live(scenario)


def test_synthesis_that_fails_is_told_to_the_conversation(offline: Any) -> None:
    async def scenario() -> None:
        voice = Mended(offline)
        leg, wire = await answered(voice)
        voice.dumb = True
        async with asyncio.timeout(20):
            with pytest.raises(VoiceError, match="speech synthesis fails"):
                await leg.say("These words are never heard.")
        assert (await leg.say(OPENING)).completed  # its sound was kept
        await ended(leg, wire)

    live(scenario)
