"""Calls with words: a callee that is not ours speaks and records, and both sides' recordings are listened to."""

from __future__ import annotations

import asyncio
import json
import re
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.contracts.transport import Answered, Heard
from core.voice.ports import FRAME, RATE, Frame
from tests.live.baresip_callee import callee
from tests.live.lab import lab, live
from tests.live.runs import lab_campaign, running
from tests.live.sipp import free_port

pytestmark = pytest.mark.needs("sippy", "baresip", "piper", "faster_whisper")

OPENING = "Good morning. This is the clinic. Your appointment is on Monday at nine."
REPLY = "Yes, I will come on Monday morning."


@pytest.fixture(scope="module")
def speech() -> Iterator[OfflineSpeech]:
    here = OfflineSpeech()
    yield here
    here.close()


class OfflineSpeech:
    """Speech for the callee, and ears for the recordings."""

    def __init__(self) -> None:
        from core.voice.offline.voice import OfflineVoice

        self._voice = OfflineVoice(1)
        self._voice.load()

    def close(self) -> None:
        self._voice.close()

    def say_into(self, file: Path, text: str) -> str:
        async def speak() -> bytes:
            return b"".join([piece.astype("<i2").tobytes() async for piece in self._voice.synthesize(text)])

        file.write_bytes(asyncio.run(speak()))
        return str(file)

    def words_in(self, sound: Frame) -> str:
        async def listen() -> str:
            async def frames() -> AsyncIterator[Frame]:
                yield sound

            return await self._voice.transcribe(frames())

        return asyncio.run(listen())


def share_of_words(wanted: str, found: str) -> float:
    """How many of the words that were said were found, in any order."""
    words = re.findall(r"[a-z']+", wanted.lower())
    left = re.findall(r"[a-z0-9:']+", found.lower())
    hits = 0
    for word in words:
        if word in left:
            left.remove(word)
            hits += 1
    return hits / len(words)


def loud(sound: Frame) -> list[int]:
    """The numbers of the frames that are not quiet."""
    return [at for at in range(len(sound) // FRAME) if np.abs(sound[at * FRAME : (at + 1) * FRAME].astype(int)).max() > 600]


def test_a_campaign_that_is_spoken(tmp_path: Path, speech: OfflineSpeech) -> None:
    """The opening is heard by the callee, and the callee's words are in the result and in our recording."""
    reply = {"file": speech.say_into(tmp_path / "reply.raw", REPLY), "after": "silence"}
    bot = {"opening_message": OPENING}
    with callee(tmp_path, free_port(), reply, longest=30.0) as phone:
        folder = lab_campaign(tmp_path / "campaign", ["+12025550142"], phone.port, channels=1, per_second=1, bot=bot)
        with running(folder, tmp_path, voice="offline") as run:
            run.wait(240)
        heard = phone.heard()
    result = json.loads((tmp_path / "out" / "results.jsonl").read_text().splitlines()[0])
    opening = speech.words_in(heard[: phone.told[-2]["heard"]])  # until the callee spoke
    assert share_of_words(OPENING, opening) >= 0.75, opening
    said = " ".join(line["text"] for line in result["transcript"] if line["speaker"] == "customer")
    assert share_of_words(REPLY, said) >= 0.7, result["transcript"]
    recordings = list(tmp_path.rglob("*.wav"))
    assert len(recordings) == 1
    with wave.open(str(recordings[0])) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    assert share_of_words(REPLY, speech.words_in(both[:, 0].copy())) >= 0.7
    assert share_of_words(OPENING, speech.words_in(both[:, 1].copy()[: 12 * RATE])) >= 0.75


def test_the_bot_falls_silent_when_the_callee_speaks(tmp_path: Path, speech: OfflineSpeech) -> None:
    """Seen in the callee's own recording: our sound stops soon after the callee has begun to speak."""
    file = speech.say_into(tmp_path / "reply.raw", "Wait, stop, please. I want to say something else.")
    sound = np.frombuffer(Path(file).read_bytes(), dtype="<i2")
    begins = loud(sound)[0] * 0.02  # piper begins with a little silence

    async def scenario() -> None:
        with callee(tmp_path, free_port(), {"file": file, "after": "speech"}) as phone:
            async with lab(phone.port, recordings=tmp_path) as here:
                leg = await here.call()
                while await leg.next(20) != Answered():
                    pass
                playout = await leg.say(" ".join(["word"] * 60))
                assert not playout.completed
                heard = await leg.next(20)
                assert isinstance(heard, Heard)
                assert heard.barged_in
                await leg.hang_up()
                recorded = await asyncio.to_thread(phone.heard)
            spoke = next(event for event in phone.told if event["event"] == "speaks")
        began = spoke["heard"] / RATE + begins
        stopped = (loud(recorded)[-1] + 1) * 0.02
        print(f"in the callee's recording the bot stopped {(stopped - began) * 1000:.0f} ms after the callee had begun to speak")
        assert -0.1 < stopped - began < 0.8

    live(scenario)
