"""Preloads everything that the first call needs; afterwards a call costs the event loop milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from livekit.agents import vad

from core.contracts.transport import Answered, HungUp, TransferOutcome
from core.kernel.clock import RealClock
from core.voice.ports import AudioEnd, AudioEvent, Frame
from core.voice.session.leg import SessionLeg
from core.voice.session.ours import VoiceStt, VoiceTts
from core.voice.session.parts import CallSpeech, SessionParts
from core.voice.tones import TonesVoice

__all__ = ["warm_up"]

_SECONDS = 20.0


class _Nowhere:
    """An audio leg that is answered at once and leads nowhere."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[AudioEvent] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.end: AudioEnd | None = None
        self._events.put_nowait(Answered())

    def run_soon(self, function: object) -> None:
        assert callable(function)
        self._loop.call_soon_threadsafe(function)

    async def next(self, timeout: float | None = None) -> AudioEvent | None:  # noqa: ARG002
        return await self._events.get()

    def connect(self, end: AudioEnd) -> None:
        self.end = end

    def press(self, keys: str) -> None:
        """Nobody hears them."""

    async def hang_up(self, reason: str = "") -> None:
        self._events.put_nowait(HungUp(reason))

    async def transfer(self, destination: str) -> TransferOutcome:  # noqa: ARG002
        return TransferOutcome(succeeded=False)


async def warm_up(activity: Callable[[], vad.VAD]) -> None:
    """Run a call that leads nowhere, in an event loop of its own.

    Args:
        activity: makes the voice activity detector of a call.
    """
    voice = TonesVoice()

    async def close() -> None:
        """Does nothing: there is nothing to close."""

    parts = SessionParts(lambda nothing: CallSpeech(VoiceStt(voice, nothing), VoiceTts(voice), close), activity)
    nowhere = _Nowhere()
    leg = SessionLeg(nowhere, parts, RealClock(), call_id="none")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            await leg.next()
            speaking = asyncio.ensure_future(leg.say("one two"))
            sound = (await TonesVoice().synthesize("one").__anext__())[:160]
            await _exchange(nowhere, sound, 60)
            await speaking
            await leg.hang_up()
            await leg.closed()


async def _exchange(nowhere: _Nowhere, sound: Frame, frames: int) -> None:
    for _ in range(frames):
        if nowhere.end is not None:
            nowhere.end.exchange(sound)
        await asyncio.sleep(0.02)
