"""Every way in which a call can end, by real signalling and real sound, as it stands in the result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.wiring.sip
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.contracts.transport import Leg, PlaceOrder
from core.kernel.clock import Clock, utc_now
from core.voice.errors import VoiceError
from core.voice.leg import VoiceLeg
from core.voice.ports import AudioLeg, Frame, Speech
from dialler.core_client import Placed
from tests.live.lab import CALLEE, CALLER, ToneVoice, live, speech, tone, until
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sipp import hang_up_by_us, invite, pause, receive, request, respond, run_sipp, sdp
from tests.live.test_inbound_engine import CLOSED, call, ours, refused, rows
from web.composition import Whole

QUICK: dict[str, Any] = {
    "name": "Caller", "id": "caller", "permitted_hours": {"enabled": False}, "opening_message": "Hello.",
    "silence": {"after_seconds": 1, "re_engagements": 0, "goodbye": "Bye."},
}  # fmt: skip
WORDS = {
    600: "I want to talk to a person.",
    800: "Yes, speaking.",
    900: "You have reached the voice mail of Asha, leave a message after the beep.",
}
ELSEWHERE = "+12025550199"


class Phrases(ToneVoice):
    """Understands tones as sentences, and says a word in 40 ms."""

    SECONDS_A_WORD = 0.04

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        frequency = int((await super().transcribe(speech)).removeprefix("tone "))
        return WORDS.get(frequency, "")


class Broken(Phrases):
    """A synthesis that is gone."""

    async def synthesize(self, text: str) -> Any:
        raise VoiceError("the synthesis is gone")
        yield


@dataclass(frozen=True)
class Ending:
    """What the callee's side does, and what the result is to say."""

    disconnected_by: str
    end_reason: str
    signalling: Callable[[str], list[str]]
    """The steps after the INVITE, told the session description of the callee."""
    says: Callable[[], Frame] | None = None
    bot: dict[str, Any] = field(default_factory=dict)
    voice: type[ToneVoice] = Phrases
    sip_status: int = 200


def answers(*then: str) -> Callable[[str], list[str]]:
    return lambda body: [respond(180, "Ringing"), respond(200, "OK", body=body, retransmit=True), receive("ACK"), *then]


def fails(status: int, phrase: str) -> Callable[[str], list[str]]:
    return lambda _: [respond(180, "Ringing"), respond(status, phrase, retransmit=True), receive("ACK")]


def said(*parts: Frame) -> Callable[[], Frame]:
    silence = np.zeros(8000, dtype=np.int16)
    return lambda: np.concatenate([silence, *parts])


BYE = [pause(0.7), request("BYE", 1), '<recv response="200"></recv>']
CUT_OFF = [pause(0.7), request("BYE", 1, 'Reason: Q.850;cause=38;text="Network out of order"'), '<recv response="200"></recv>']
TAKEN = [
    receive("REFER"), respond(202, "Accepted"),
    request("NOTIFY", 1, "Event: refer", "Subscription-State: terminated", "Content-Type: message/sipfrag", body="SIP/2.0 200 OK"),
    '<recv response="200"></recv>', *hang_up_by_us(),
]  # fmt: skip
TALK = np.concatenate([speech(800, 0.6), np.zeros(4000, dtype=np.int16)])
GREETING = np.concatenate([speech(900, 1.5), np.zeros(1200, dtype=np.int16), tone(1000, 0.5)])
"""A machine's: it speaks, pauses and beeps."""
ENDINGS = {
    "the bot, after the callee has fallen silent": Ending("bot", "dead_air", answers(*hang_up_by_us()), said(TALK)),
    "the customer": Ending("customer", "customer_hangup", answers(*BYE)),
    "the network": Ending("error", "pipeline_failure", answers(*CUT_OFF)),
    "a machine": Ending("voicemail", "voicemail", answers(*hang_up_by_us()), said(GREETING)),
    "silence": Ending("RNR", "silent", answers(*hang_up_by_us())),
    "nobody there": Ending("no_answer", "no_answer", fails(480, "Temporarily Unavailable"), sip_status=480),
    "refused": Ending("rejected", "declined", fails(603, "Decline"), sip_status=603),
    "too long": Ending(
        "timeout", "max_duration", answers(*hang_up_by_us()), said(*[TALK] * 8),
        {"max_call_duration_seconds": 5, "silence": {"after_seconds": 4}},
    ),
    "handed over": Ending(
        "transfer_to_agent", "transferred", answers(*TAKEN), said(speech(600, 0.6)), {"transfer_targets": {"agent": ELSEWHERE}}
    ),
    "a part that fails": Ending("error", "pipeline_failure", answers(*hang_up_by_us()), voice=Broken),
}  # fmt: skip


def speaking(voice: type[ToneVoice]) -> Any:
    """In place of `speech_of`."""

    def make(engine: Any, *_: Any) -> Speech:
        clock: Clock = engine.clock

        def of_call(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
            return lambda audio: VoiceLeg(audio, voice(), clock, call_id=order.call_id)

        return of_call

    return make


async def talk(peer: RtpPeer, sound: Frame) -> None:
    """Speak once the call is up."""
    await until(lambda: bool(peer.arrived), "sound comes to the callee")
    peer.say(sound)


async def result_of(whole: Whole) -> dict[str, Any]:
    await until(lambda: bool(rows(whole)) and rows(whole)[0].state == "done", "the call has its result", 30)
    (row,) = rows(whole)
    return dict(row.result)


@pytest.mark.parametrize("what", ENDINGS)
def test_how_a_call_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    ending = ENDINGS[what]
    monkeypatch.setattr(core.wiring.sip, "speech_of", speaking(ending.voice))

    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, [*invite(), *ending.signalling(sdp(peer.port))]) as sipp:
            async with ours(tmp_path, port=sipp.port) as (whole, _):
                whole.engine.preferred_trunk = "lab"
                bot = {**QUICK, **ending.bot}
                with whole.db.write() as connection:
                    save_bot(connection, BotConfig.model_validate(bot), utc_now())
                placed = await whole.parts.core.dialout("caller", CALLEE, {"customer_name": "Asha Rao"}, "attempt-1")
                assert isinstance(placed, Placed), placed
                talking = asyncio.create_task(talk(peer, ending.says())) if ending.says else None
                result = await result_of(whole)
                if talking is not None:
                    await talking
                sipp.finished()
            found = (result["disconnected_by"], result["end_reason"], result["sip_status"], result["transport"])
            assert found == (ending.disconnected_by, ending.end_reason, ending.sip_status, "sip")

    live(scenario)


def test_a_call_outside_the_hours_of_the_bot(tmp_path: Path) -> None:
    """The tenth: only a call to us has a result for it; ours do not leave."""

    async def scenario() -> None:
        async with ours(tmp_path, CLOSED) as (whole, towards):
            with run_sipp(tmp_path, refused(call(CALLER), 480), towards=towards) as sipp:
                await until(lambda: sipp.process.poll() is not None, "the caller is through")
                sipp.finished()
            assert (await result_of(whole))["disconnected_by"] == "outside_hours"

    live(scenario)
