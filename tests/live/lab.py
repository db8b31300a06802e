"""A SIP transport on loopback, and what tests do with it. Everything waits in real time, within bounds."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import SecretStr

from core.contracts.transport import Leg, LegEvent, PlaceOrder
from core.kernel.clock import RealClock
from core.transports.sip.settings import SipSettings
from core.transports.sip.standing import Registration
from core.transports.sip.transport import SipTransport, TrunkLine
from core.voice.leg import VoiceLeg
from core.voice.ports import RATE, AudioLeg, Frame, Speech
from core.voice.recording import RecordingWriter

__all__ = ["CALLEE", "CALLER", "Lab", "ToneVoice", "lab", "live", "speech", "tone", "until"]

CALLER, CALLEE = "+12025550101", "+12025550142"
T = TypeVar("T")
_BOUND = 90.0


def live(scenario: Callable[[], Coroutine[Any, Any, None]], seconds: float = _BOUND) -> None:
    """Run a scenario, with a bound on its time."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await scenario()

    asyncio.run(bounded())


async def until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait until something is so; `what` says it, should it never be."""
    clock, deadline = RealClock(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {seconds} s it did not happen that {what}"
        await clock.sleep(0.05)


def tone(frequency: float, seconds: float, loud: float = 8000.0) -> Frame:
    """A tone."""
    return (loud * np.sin(2 * math.pi * frequency * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def speech(frequency: float, seconds: float) -> Frame:
    """Two tones at once: no beep, which is one."""
    return tone(frequency, seconds) + tone(1.5 * frequency, seconds, 5000.0)


class ToneVoice:
    """Says every word as 0.2 seconds of a tone, and understands the frequency of what it hears: `tone 700`."""

    SECONDS_A_WORD = 0.2

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        for _ in text.split():
            yield tone(1000, self.SECONDS_A_WORD)

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        frames = [frame async for frame in speech]
        sound = np.concatenate(frames).astype(np.float64)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        return f"tone {round(float(np.argmax(spectrum)) * RATE / len(sound) / 50) * 50}"


class Lab:
    """A transport with one trunk, `lab`; its `line` is the trunk's record, and may be changed."""

    def __init__(self, transport: SipTransport, line: TrunkLine, clock: RealClock) -> None:
        self.transport, self.line, self.clock = transport, line, clock
        self._number = 0

    async def call(self, to_number: str = CALLEE, headers: dict[str, str] | None = None) -> VoiceLeg:
        """Place a call."""
        self._number += 1
        name = f"call-{self._number}"
        leg = await self.transport.place(PlaceOrder(name, f"attempt-{self._number}", to_number, CALLER, "lab", headers or {}))
        assert isinstance(leg, VoiceLeg)
        return leg

    async def events(self, leg: Leg, count: int, seconds: float = 20.0) -> list[LegEvent]:
        """The next so many events."""
        found = []
        async with asyncio.timeout(seconds):
            for _ in range(count):
                event = await leg.next()
                assert event is not None
                found.append(event)
        return found


@asynccontextmanager
async def lab(
    port: int,
    recordings: Path | None = None,
    password: str | None = None,
    channels: int = 10,
    speech: Speech | None = None,
    in_use: Callable[[str], int] = lambda _: 0,
    on_registration: Callable[[str, Registration], None] = lambda _, __: None,
    **settings: object,
) -> AsyncIterator[Lab]:
    """A transport whose trunk is at this port of loopback. What makes the legs that speak may be given; else they say tones."""
    from core.transports.sip.stack.signalling import SippySignalling

    given = {"host": "127.0.0.1", "port": port, "local_address": "127.0.0.1", "lab": True, **settings}
    if password:
        given["password"] = "secret:LAB_PASSWORD"
    line = TrunkLine("lab", SipSettings.model_validate(given), channels, 50.0, SecretStr(password) if password else None, (CALLER,))
    clock, signalling, writer = RealClock(), SippySignalling(), RecordingWriter()

    def speaking(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        recording = (lambda: writer.open(recordings / f"{order.call_id}.wav")) if recordings else None
        return lambda audio: VoiceLeg(audio, ToneVoice(), clock, call_id=order.call_id, recording=recording)

    transport = SipTransport(
        clock,
        signalling,
        line_of=lambda _: here.line,
        speech=speech or speaking,
        in_use=in_use,
        on_registration=on_registration,
    )
    here = Lab(transport, line, clock)
    try:
        yield here
    finally:
        await transport.close()
        writer.stop()
