"""How long the bot goes on speaking after the callee has begun to speak, measured on the callee's side."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np

from bench.call_loads import bare_session, session_speech
from core.contracts.transport import Answered, PlaceOrder
from core.kernel.clock import RealClock
from core.transports.sip.g711 import decode
from core.transports.sip.sdp import Stream
from core.voice.media_thread import MediaThread
from core.voice.ports import FRAME, RATE, Frame
from core.voice.recording import RecordingWriter
from tests.live.lab import CALLEE, CALLER, ToneVoice, lab, speech, tone
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp

__all__ = ["interrupt_bare", "interrupt_call"]

_LOUD = 40  # of 128: distance of a mu-law value from silence


class FirstLoudFrame:
    """A bot that plays a tone until it hears any sound: the cost of the network and the jitter buffer alone."""

    def __init__(self) -> None:
        self._frames, self._at = tone(1000, 0.5), 0
        self._stopped = False

    def exchange(self, heard: Frame) -> Frame | None:
        self._stopped = self._stopped or int(np.abs(heard.astype(int)).max()) > 1000
        self._at = (self._at + FRAME) % (RATE // 2)
        return None if self._stopped else self._frames[self._at : self._at + FRAME]


def stop_time(peer: RtpPeer, spoke: float) -> float:
    """Milliseconds from the callee's first sound to the bot's last before its answer: the first pause of half a second ends it."""
    loud = [at for at, kind, payload in list(peer.arrived) if kind == 0 and any((b & 0x7F) < 0x7F - _LOUD for b in payload)]
    after = [at for at in loud if at >= spoke]
    end = spoke
    for at in after:
        if at - end > 0.5:
            break
        end = at
    return (end - spoke) * 1000


def interrupt_bare() -> float:
    """Milliseconds without a call."""
    thread, one = MediaThread("bench-media"), bare_session()
    with rtp_peer() as peer:
        one.stream = Stream("127.0.0.1", peer.port, "PCMU", 0, None, sends=True, receives=True)
        one.end = FirstLoudFrame()
        thread.add(one)
        time.sleep(1.0)
        spoke = peer.now()
        peer.say(speech(600, 0.6))
        time.sleep(1.2)
        thread.stop()
        return stop_time(peer, spoke)


async def interrupt_call(folder: Path, words: bytes, *, session: bool) -> float:
    """Milliseconds on a recorded call; `words`: what the callee says to an AgentSession, mu-law."""
    clock, writer = RealClock(), RecordingWriter()
    legs = session_speech(ToneVoice(), clock, lambda call_id: writer.open(folder / f"{call_id}.wav")) if session else None
    sound = decode(words, "PCMU") if session else speech(600, 0.6)
    began = int(np.argmax(np.abs(sound.astype(int)) > 1000)) / RATE  # sound before the first word is not speech yet
    with rtp_peer() as peer:
        steps = [*invite(), respond(200, "OK", body=sdp(peer.port), retransmit=True), receive("ACK"), *hang_up_by_us()]
        with run_sipp(folder, steps) as sipp:
            async with lab(sipp.port, recordings=folder, speech=legs) as here:
                leg = await here.transport.place(PlaceOrder("interrupted", "attempt", CALLEE, CALLER, "lab", {}))
                while await leg.next(30) != Answered():
                    pass
                saying = asyncio.create_task(leg.say(" ".join(["word"] * 50)))
                await asyncio.sleep(1.5)
                spoke = peer.now() + began
                peer.say(sound)
                await saying
                await asyncio.sleep(0.7)
                await leg.hang_up()
                sipp.finished()
        writer.stop()
        return stop_time(peer, spoke)
