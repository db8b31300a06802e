"""The sandbox's recordings: playable, of the right length, the same bytes whichever part is asked for."""

from __future__ import annotations

import io
import itertools
import wave
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.wav import RATE
from core.recordings.sound import LONGEST_SECONDS, NOTE, Synthesis
from core.recordings.turns import Turn, turns_of
from tests.core.recordings.support import TRANSCRIPT

CALL = "8f14e45f-ceea-467f-a8f2-5a3c9d1b7e60"
DURATION = 8.125
SOUND = Synthesis(CALL, turns_of(TRANSCRIPT, DURATION), DURATION)
WHOLE = b"".join(SOUND.read())

lines = st.lists(
    st.builds(
        lambda who, words, at: {"speaker": who, "text": "word " * words, "timestamp": at},
        st.sampled_from(["bot", "customer"]),
        st.integers(0, 40),
        st.floats(0, 100),
    ),
    max_size=12,
).map(lambda found: sorted(found, key=lambda line: float(line["timestamp"])))


@given(lines, st.floats(0, 90))
def test_turns_are_in_order_and_within_the_call(transcript: list[dict[str, Any]], duration: float) -> None:
    turns = turns_of(transcript, duration)
    for turn in turns:
        assert 0 <= turn.begins < turn.ends <= duration
    for before, after in itertools.pairwise(turns):
        assert before.ends <= after.begins


def frames() -> Any:
    with wave.open(io.BytesIO(WHOLE)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)


def test_any_player_reads_it_and_it_is_as_long_as_the_call() -> None:
    assert len(frames()) == DURATION * RATE
    assert len(WHOLE) == SOUND.size
    assert int.from_bytes(WHOLE[4:8], "little") == len(WHOLE) - 8
    assert NOTE.encode() in WHOLE
    assert NOTE.startswith("SANDBOX")


def test_the_customer_is_left_the_bot_right_and_nobody_speaks_elsewhere() -> None:
    samples = frames()
    spoken = {0: np.zeros(len(samples), bool), 1: np.zeros(len(samples), bool)}
    for turn in turns_of(TRANSCRIPT, DURATION):
        channel = 0 if turn.speaker == "customer" else 1
        first, last = round(turn.begins * RATE), round(turn.ends * RATE)
        spoken[channel][first:last] = True
        loudness = np.sqrt(np.mean(samples[first:last, channel].astype(float) ** 2))
        assert 300 < loudness < 12_000
    for channel, where in spoken.items():
        assert not samples[~where, channel].any()
    assert np.abs(samples.astype(int)).max() < 20_000


def test_the_voices_differ_in_pitch() -> None:
    def pitch(speaker: str) -> float:
        sound = Synthesis(CALL, [Turn(speaker, 0, 2)], 2)
        wave_form = sound.samples(0, 2 * RATE)[:, 0 if speaker == "customer" else 1]
        power = np.abs(np.fft.rfft(wave_form.astype(float)))
        lag = np.fft.irfft(power**2)
        return RATE / (int(np.argmax(lag[30:100])) + 30)

    assert pitch("customer") < 150 < pitch("bot")


@settings(deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) + 10))
def test_every_part_is_the_same_as_in_the_whole(start: int, stop: int) -> None:
    assert b"".join(SOUND.read(start, stop)) == WHOLE[start:stop]


def test_the_same_call_gives_the_same_bytes_and_another_other_ones() -> None:
    turns = turns_of(TRANSCRIPT, DURATION)
    assert b"".join(Synthesis(CALL, turns, DURATION).read()) == WHOLE
    assert b"".join(Synthesis("another", turns, DURATION).read()) != WHOLE


@pytest.mark.parametrize(
    ("duration", "frames"), [(0, 0), (-1, 0), (0.001, 8), (4, 32_000), (4.0001, 32_001), (1e9, LONGEST_SECONDS * RATE)]
)
def test_lengths(duration: float, frames: int) -> None:
    sound = Synthesis(CALL, [], duration)
    assert sound.frames == frames
    assert sound.size == 44 + frames * 4 + (len(WHOLE) - 44 - round(DURATION * RATE) * 4)


def test_a_long_call_is_not_held_in_memory() -> None:
    sound = Synthesis(CALL, [Turn("bot", 3600 * 4, 3600 * 4 + 2)], LONGEST_SECONDS)
    pieces = sound.read(sound.size - 100, sound.size)
    assert sum(len(piece) for piece in pieces) == 100
    assert len(next(sound.read())) == 44
