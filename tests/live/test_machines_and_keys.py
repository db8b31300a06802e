"""A machine that answers, and keys that are pressed, as they come over a line: what the bot does, and what the callee's side hears."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

import core.wiring.sip
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.calls.tables import CallEvent
from core.kernel.clock import utc_now
from core.kernel.statements import table_of
from core.voice.ports import RATE, Frame
from dialler.core_client import Placed
from tests.live.lab import CALLEE, live, speech, tone, until
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp
from tests.live.test_endings import QUICK, Phrases, result_of, speaking
from tests.live.test_inbound_engine import ours
from web.composition import Whole

_events = table_of(CallEvent)
GREETING = np.concatenate([np.zeros(RATE // 2, dtype=np.int16), speech(900, 1.5), np.zeros(RATE // 2, dtype=np.int16)])
BEEP = tone(1400, 0.4)
MESSAGE = " ".join(["word"] * 40)


async def held(folder: Path, peer: RtpPeer, bot: dict[str, Any], what: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """A call to the peer, on which it does `what` once sound has come; the result, and the call's events by kind."""
    steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=sdp(peer.port), retransmit=True), receive("ACK")]
    with run_sipp(folder, [*steps, *hang_up_by_us()]) as sipp:
        async with ours(folder, port=sipp.port) as (whole, _):
            whole.engine.preferred_trunk = "lab"
            with whole.db.write() as connection:
                save_bot(connection, BotConfig.model_validate({**QUICK, **bot}), utc_now())
            placed = await whole.parts.core.dialout("caller", CALLEE, {"customer_name": "Asha Rao"}, "attempt-1")
            assert isinstance(placed, Placed), placed
            await until(lambda: bool(peer.arrived), "sound comes to the callee")
            await what(whole)
            result = await result_of(whole)
            sipp.finished()
            with whole.db.read() as connection:
                events = {row.kind: dict(row.data) for row in connection.execute(select(_events).order_by(_events.c.seq))}
    return result, events


def seconds_of_sound(sound: Frame) -> float:
    pieces = sound[: len(sound) - len(sound) % 160].reshape(-1, 160)
    return float((np.abs(pieces.astype(int)).max(axis=1) > 1000).sum() * 0.02)


@pytest.mark.parametrize(("choice", "message_seconds"), [("leave_message", 1.6), ("hang_up", 0.0)])
def test_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: str, message_seconds: float) -> None:
    """Its greeting is told by its words; the message is heard after the beep, and nothing of it before."""
    monkeypatch.setattr(core.wiring.sip, "speech_of", speaking(Phrases))

    async def scenario() -> None:
        with rtp_peer() as peer:
            beeped = 0.0

            async def greet(_: Whole) -> None:
                nonlocal beeped
                await asyncio.sleep(0.5)  # the opening, two words
                began = peer.now()
                peer.say(np.concatenate([GREETING, np.zeros(RATE * 2, dtype=np.int16), BEEP]))
                beeped = began + len(GREETING) / RATE + 2.0

            bot = {"voicemail_message": MESSAGE, "voice": {"voicemail": choice}, "silence": {"after_seconds": 8}}
            result, events = await held(tmp_path, peer, bot, greet)
            assert (result["disconnected_by"], result["end_reason"]) == ("voicemail", "voicemail")
            detected = events["voicemail_detected"]
            assert (detected["evidence"], 1.0 < detected["greeting_seconds"] < 2.5) == ("words", True)
            assert detected["phrase"] == "after <tone>"
            after = seconds_of_sound(peer.heard(since=beeped))
            assert abs(after - message_seconds) < 0.3, after
            if message_seconds:
                assert "beep_heard" in events
                before = seconds_of_sound(peer.heard()) - after
                assert before < 0.8, "only the opening was said before the beep"
                assert MESSAGE in [line["text"] for line in result["transcript"] if line["speaker"] != "customer"]

    live(scenario)


def test_keys_reach_the_brain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressed one after the other they are one number, and the rules brain hears it as words; so does a model."""
    monkeypatch.setattr(core.wiring.sip, "speech_of", speaking(Phrases))

    async def scenario() -> None:
        with rtp_peer() as peer:

            async def press(_: Whole) -> None:
                await asyncio.sleep(0.5)
                for key in (4, 2):
                    peer.press(key)
                    await asyncio.sleep(0.4)

            result, _ = await held(tmp_path, peer, {}, press)
            said = [line["text"] for line in result["transcript"] if line["speaker"] == "customer"]
            assert len(said) == 1
            assert "42" in said[0]

    live(scenario)


@pytest.mark.parametrize(
    "ringback",
    [
        np.concatenate([tone(425, 0.14), np.zeros(RATE // 2, dtype=np.int16)]),
        np.concatenate([tone(425, 1.0), np.zeros(RATE // 2, dtype=np.int16)]),
        np.concatenate([tone(400, 0.4, 4000.0) + tone(450, 0.4, 4000.0), np.zeros(RATE // 2, dtype=np.int16)]),
        np.concatenate([tone(1400, 0.3), np.zeros(RATE // 2, dtype=np.int16)]),
    ],
    ids=["425 Hz for 140 ms", "425 Hz for a second", "British", "recording tone"],
)
def test_a_tone_before_anybody_has_spoken_is_no_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ringback: Frame) -> None:
    """Ringback that outlives the 200, or a PBX's tone, and the person who says hello after it: the bot stays and talks with them."""
    monkeypatch.setattr(core.wiring.sip, "speech_of", speaking(Phrases))

    async def scenario() -> None:
        with rtp_peer() as peer:

            async def pick_up(_: Whole) -> None:
                peer.say(np.concatenate([ringback, speech(800, 0.8), np.zeros(RATE // 2, dtype=np.int16), tone(1400, 0.3)]))
                await asyncio.sleep(2.0)

            result, events = await held(tmp_path, peer, {"voicemail_message": MESSAGE}, pick_up)
            assert "voicemail_detected" not in events
            assert "heard_first" in events
            assert result["disconnected_by"] != "voicemail"
            assert "Yes, speaking." in [line["text"] for line in result["transcript"] if line["speaker"] == "customer"]

    live(scenario)
