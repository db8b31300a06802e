"""A callee who hangs up in mid-sentence, its own or ours: what was said up to then is in the transcript and in the recording, no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.voice.ports import FRAME, RATE, Frame
from core.voice.voices import shared_offline
from tests.live.lab import live, until
from tests.live.spoken import loud, phone, piper, product

pytestmark = pytest.mark.needs("sipp", "sippy", "piper", "faster_whisper")

PLAIN = {"loosen": [{"rule": "first_words", "reason": "the test listens for its own words"}]}
LONG = (
    "Good morning. This is the clinic. We call because of your appointment on Monday. Please bring your card, a list of what you take, "
    "and the letter of your doctor. The entrance is at the back of the house, next to the bakery. Parking is free for two hours."
)


@pytest.fixture(scope="module")
def words() -> Frame:
    """What the callee says."""
    return piper("I would like to pay on Friday.")[0]


async def words_in(sound: Frame) -> str:
    async def frames() -> AsyncIterator[Frame]:
        yield sound

    return str(await shared_offline().transcribe(frames()))


def test_the_last_words_of_a_callee_who_hangs_up(tmp_path: Path, words: Frame) -> None:
    """Its words end a moment before its BYE: nobody waits for the end of its turn any more, and they are understood all the same."""

    async def scenario() -> None:
        async with product(tmp_path, named="offline", silence={"after_seconds": 30.0}) as here:
            await asyncio.to_thread(shared_offline().load)
            with phone(tmp_path, hang_up_after=9.0) as to:
                call_id = await here.dial(to)
                await until(lambda: bool(to.peer.arrived), "the call is up")
                speaks_at = to.peer.arrived[0][0] + 9.0 - len(words) / RATE - 0.2
                await until(lambda: to.peer.now() >= speaks_at, "it is time to speak")
                to.peer.say(words)
                call = await here.ended(call_id)
                to.sipp.finished()
            assert call.how == ("customer", "customer_hangup")
            assert any("friday" in line.lower() for line in call.said("customer")), call.result["transcript"]
            theirs = np.ascontiguousarray(call.recording[:, 0])
            assert "friday" in (await words_in(theirs[-3 * RATE :])).lower()

    live(scenario)


def test_a_callee_who_hangs_up_on_us(tmp_path: Path) -> None:
    """The transcript has what was spoken, as the recording does, and the rest of the sentence in neither."""

    async def scenario() -> None:
        async with product(tmp_path, named="offline", opening_message=LONG, rules=PLAIN) as here:
            await asyncio.to_thread(shared_offline().load)
            with phone(tmp_path, hang_up_after=7.0) as to:
                call = await here.ended(await here.dial(to))
                to.sipp.finished()
            assert call.how == ("customer", "customer_hangup")
            (said,) = call.said("bot")
            ours = np.ascontiguousarray(call.recording[:, 1])
            spoken = loud(ours)
            assert spoken[-1] * FRAME > len(ours) - RATE, "it was cut off while it spoke"
            assert LONG.startswith(said), said
            assert "Parking" not in said
            heard = (await words_in(ours[spoken[0] * FRAME :])).lower().split()
            assert abs(len(heard) - len(said.split())) <= max(3, len(heard) // 4), (heard, said)

    live(scenario)
