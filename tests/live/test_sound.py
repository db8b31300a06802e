"""Sound over the line: both directions, both codecs, keys, interruption, the recording."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from core.contracts.transport import Answered, Digit, Heard, HungUp
from core.transports.sip.codec_names import Codec
from core.voice.ports import FRAME, RATE, Frame
from tests.live.lab import ToneVoice, lab, live, speech
from tests.live.rtp_peer import rtp_peer
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp


def callee(port: int, codec: Codec) -> list[str]:
    return [
        *invite(),
        respond(200, "OK", body=sdp(port, "0" if codec == "PCMU" else "8"), retransmit=True),
        receive("ACK"),
        *hang_up_by_us(),
    ]


def frequency(sound: Frame) -> float:
    spectrum = np.abs(np.fft.rfft(sound.astype(np.float64)))
    return float(np.argmax(spectrum)) * RATE / len(sound)


def loud_frames(sound: Frame) -> list[bool]:
    return [bool(np.abs(sound[at : at + FRAME].astype(int)).max() > 1000) for at in range(0, len(sound) - FRAME, FRAME)]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_each_hears_the_other(tmp_path: Path, codec: Codec) -> None:
    async def scenario() -> None:
        with rtp_peer(codec) as peer, run_sipp(tmp_path, callee(peer.port, codec)) as sipp:
            async with lab(sipp.port, recordings=tmp_path) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                playout = await leg.say("one two three four five")
                assert playout.completed
                assert playout.seconds == pytest.approx(5 * ToneVoice.SECONDS_A_WORD)
                peer.say(speech(700, 0.8))
                heard = (await here.events(leg, 1))[0]
                assert isinstance(heard, Heard)
                assert (heard.text, heard.barged_in) == ("tone 700", False)
                assert heard.seconds == pytest.approx(1.7, abs=0.3)  # with what came before and the silence after it
                await leg.hang_up()
                sipp.finished()
                spoken = peer.heard()
        words = loud_frames(spoken)
        assert sum(words) == pytest.approx(50, abs=2)
        assert frequency(spoken) == pytest.approx(1000, abs=5)
        with wave.open(str(tmp_path / "call-1.wav")) as file:
            assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
            both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
        assert frequency(both[:, 0]) == pytest.approx(700, abs=5)
        assert frequency(both[:, 1]) == pytest.approx(1000, abs=5)

    live(scenario)


def test_keys_in_both_directions(tmp_path: Path) -> None:
    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, callee(peer.port, "PCMU")) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call("+12025550142;ext=42")
                assert await here.events(leg, 1) == [Answered()]
                await leg.next(3.0)  # the pause before the keys, and the keys
                for code in (1, 11, 5):
                    peer.press(code)
                assert await here.events(leg, 3) == [Digit("1"), Digit("#"), Digit("5")]
                await leg.hang_up()
                sipp.finished()
                pressed = [payload for _, kind, payload in peer.arrived if kind == 101]
        codes = [payload[0] for payload in pressed if payload[1] & 0x80]
        assert codes == [4, 4, 4, 2, 2, 2]

    live(scenario)


def test_the_bot_falls_silent_when_the_callee_speaks(tmp_path: Path) -> None:
    async def scenario() -> None:
        with rtp_peer() as peer, run_sipp(tmp_path, callee(peer.port, "PCMU")) as sipp:
            async with lab(sipp.port, recordings=tmp_path) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                saying = asyncio.create_task(leg.say(" ".join(["word"] * 50)))
                await leg.next(1.0)
                peer.say(speech(600, 1.0))
                playout = await saying
                assert not playout.completed
                assert 1.0 <= playout.seconds <= 1.8
                assert len(playout.spoken.split()) == pytest.approx(playout.seconds / ToneVoice.SECONDS_A_WORD, abs=1)
                heard = (await here.events(leg, 1))[0]
                assert isinstance(heard, Heard)
                assert heard.barged_in
                await leg.hang_up()
                sipp.finished()
        with wave.open(str(tmp_path / "call-1.wav")) as file:
            both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
        callees, bots = loud_frames(both[:, 0]), loud_frames(both[:, 1])
        last = max(at for at, loud in enumerate(bots) if loud)
        assert last - callees.index(True) <= 6  # the 100 ms that speech must last, and one frame

    live(scenario)


def test_a_callee_that_hangs_up_ends_what_is_being_said(tmp_path: Path) -> None:
    from tests.live.sipp import pause, request

    async def scenario() -> None:
        with rtp_peer() as peer:
            steps = [*callee(peer.port, "PCMU")[:-2], pause(0.8), request("BYE", 1), '<recv response="200"></recv>']
            with run_sipp(tmp_path, steps) as sipp:
                async with lab(sipp.port) as here:
                    leg = await here.call()
                    assert await here.events(leg, 1) == [Answered()]
                    playout = await leg.say(" ".join(["word"] * 50))
                    assert not playout.completed
                    assert 2 <= len(playout.spoken.split()) <= 6
                    assert await here.events(leg, 1) == [HungUp()]
                    sipp.finished()

    live(scenario)
