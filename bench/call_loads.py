"""The loads that `bench.calls` measures, each in a separate process: python -m bench.call_loads KIND TARGET CALLS SECONDS FOLDER."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

from core.contracts.transport import Answered, Failed, Heard, HungUp, Leg, PlaceOrder
from core.kernel.clock import Clock, RealClock
from core.kernel.collector import keep_what_is_loaded
from core.transports.sip.g711 import encode
from core.transports.sip.media import MediaSession
from core.transports.sip.sdp import Stream
from core.voice.media_thread import MediaThread
from core.voice.ports import AudioLeg, Speech, Voice
from core.voice.recording import RecordingWriter
from tests.live.lab import CALLEE, CALLER, Lab, ToneVoice, lab

__all__ = ["KINDS", "bare_session", "load_of", "session_speech"]

KINDS = ("bare", "tones", "session", "offline")
QUIET = 300  # of 32,768
PLACING = 0.05  # seconds that a call may take to be answered, while answered calls already talk
OPENING = "Hello, this is the reminder service."
ANSWER = "Thank you for asking. Your next payment is due on Friday."


class SpokenLeg(Leg, Protocol):
    """A leg that reports how long its first sound took."""

    answer_to_first_audio: float | None


class Meter:
    """CPU used by this process and its children since the object was made, as a share of one core, and their memory."""

    def __init__(self) -> None:
        self._processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        self._spent, self._at = self._cpu(), time.monotonic()

    def read(self) -> dict[str, float]:
        """`cpu` as a share of one core, `mb`."""
        return {"cpu": (self._cpu() - self._spent) / (time.monotonic() - self._at), "mb": self.megabytes()}

    def megabytes(self) -> float:
        """Resident memory."""
        return float(sum(process.memory_info().rss for process in self._processes)) / 2**20

    def _cpu(self) -> float:
        times = [process.cpu_times() for process in self._processes]
        return float(sum(one.user + one.system for one in times))


def bare_session() -> MediaSession:
    """RTP without a call."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return MediaSession(sock)


def bare(ports: list[int], seconds: float) -> dict[str, Any]:
    """The media thread with a session for each of these ports."""
    idle, thread = Meter().megabytes(), MediaThread("bench-media")
    for port in ports:
        one = bare_session()
        one.stream = Stream("127.0.0.1", port, "PCMU", 0, None, sends=True, receives=True)
        thread.add(one)
    meter = Meter()
    time.sleep(seconds)
    measured = {**meter.read(), "idle_mb": idle}
    thread.stop()
    return measured


def session_speech(voice: Voice, clock: Clock, record: Callable[[str], Any]) -> Speech:
    """Legs whose turn-taking is an AgentSession, all with this voice."""
    from core.voice.session.leg import SessionLeg  # noqa: PLC0415 - memory of other kinds is without it
    from core.voice.session.ours import VoiceStt, VoiceTts  # noqa: PLC0415
    from core.voice.session.parts import CallSpeech, SessionParts, make_vad  # noqa: PLC0415

    async def close() -> None:
        pass

    parts = SessionParts(lambda nothing: CallSpeech(VoiceStt(voice, nothing), VoiceTts(voice), close), make_vad())

    def speech(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        return lambda audio: SessionLeg(audio, parts, clock, call_id=order.call_id, recording=lambda: record(order.call_id))

    return speech


async def converse(leg: Leg, until: float) -> None:
    """Say the opening, and answer whatever is heard, until the given time."""
    await leg.say(OPENING)
    while (left := until - time.monotonic()) > 0:
        event = await leg.next(left)
        if isinstance(event, Heard):
            await leg.say(ANSWER)
        elif isinstance(event, HungUp | Failed):
            raise RuntimeError(f"a call ended by itself: {event}")


async def monologue(leg: Leg, until: float) -> None:
    """Speak until then."""
    await leg.say(" ".join(["word"] * round((until - time.monotonic()) / ToneVoice.SECONDS_A_WORD)))


async def calls(kind: str, port: int, count: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Place that many calls at once."""
    clock, writer, voice, speech = RealClock(), RecordingWriter(), None, None
    if kind == "offline":
        from core.voice.offline.voice import OfflineVoice  # noqa: PLC0415

        voice = OfflineVoice()
        voice.load()
    if kind != "tones":
        speech = session_speech(voice or ToneVoice(), clock, lambda call_id: writer.open(folder / f"{call_id}.wav"))
    async with lab(port, channels=count, recordings=folder, speech=speech) as here:
        await here.transport.listen("lab")
        keep_what_is_loaded()
        idle = Meter().megabytes()
        legs, talks, talk, until = [], [], monologue if kind == "tones" else converse, time.monotonic() + count * PLACING + seconds
        for number in range(count):
            leg = await placed(here, number)
            legs.append(leg)
            talks.append(asyncio.create_task(talk(leg, until)))
        meter = Meter()
        await asyncio.gather(*talks)
        measured = {**meter.read(), "idle_mb": idle, "first": [leg.answer_to_first_audio or 0.0 for leg in legs]}
        for leg in legs:
            await leg.hang_up()
        await asyncio.sleep(1)
    writer.stop()
    if voice is not None:
        voice.close()
    return measured


async def placed(here: Lab, number: int) -> SpokenLeg:
    """Place a call and wait for the answer."""
    leg: Any = await here.transport.place(PlaceOrder(f"bench-{number}", f"attempt-{number}", CALLEE, CALLER, "lab", {}))
    leg.prepare(OPENING)
    while await leg.next(30) != Answered():
        pass
    answered: SpokenLeg = leg
    return answered


async def load_of(text: str) -> bytes:
    """Words as mu-law bytes, spoken by the offline voice; they end with the last word."""
    from core.voice.offline.voice import OfflineVoice  # noqa: PLC0415

    voice = OfflineVoice(1)
    voice.load()
    try:
        sound = np.concatenate([piece async for piece in voice.synthesize(text)])
        return encode(sound[: int(np.flatnonzero(np.abs(sound.astype(int)) > QUIET)[-1]) + 1], "PCMU")
    finally:
        voice.close()


def main(kind: str, target: str, count: str, seconds: str, folder: str) -> None:
    """Run one load and print its cost as JSON."""
    if kind == "bare":
        measured = bare(json.loads(target), float(seconds))
    else:
        measured = asyncio.run(calls(kind, int(target), int(count), float(seconds), Path(folder)))
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
