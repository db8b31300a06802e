"""Which tones tell of a machine: what people's lines sound like is none, whatever country the tone is of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.voice.activity import Activity
from core.voice.beep import Kind
from core.voice.line import BeepHeard, FaxHeard, Line, LineEvent, Sound
from core.voice.machine_tones import MachineTones, Tone, Verdict
from core.voice.ports import RATE, Frame
from tests.core.voice.test_sound import frames, silence, speech, tone

STEP = 0.02


def cadence(on: float, off: float, times: int, *frequencies: float) -> Frame:
    return np.concatenate([np.concatenate((tone(on, *frequencies), silence(off))) for _ in range(times)])


class NotInterrupted:
    """Nothing that is heard stops the bot: an echo canceller, or a session that tells speech from tones."""

    def feed(self, frame: Frame) -> Activity | None:
        return None


def heard_on(*sound: Frame, bot: tuple[float, float, Frame] | None = None) -> list[LineEvent]:
    """What a line tells of beeps and faxes; the bot speaks `bot[2]` from `bot[0]` to `bot[1]` seconds."""
    events: list[LineEvent] = []
    line = Line(events.append, activity=NotInterrupted())
    for number, frame in enumerate(frames(np.concatenate(sound))):
        if bot is not None and number == round(bot[0] / STEP):
            ours = Sound()
            ours.write(bot[2][: round((bot[1] - bot[0]) * RATE)])
            ours.finish()
            line.play(ours)
        line.exchange(frame)
    return [event for event in events if isinstance(event, BeepHeard | FaxHeard)]


def machine(events: list[LineEvent]) -> bool:
    return any(isinstance(event, FaxHeard) or (isinstance(event, BeepHeard) and event.tells_machine) for event in events)


HELLO = np.concatenate((silence(0.5), speech(0.7), silence(0.6)))
GREETING = np.concatenate((silence(0.8), speech(4.0), silence(0.5)))


@pytest.mark.parametrize("frequency", [620.0, 1000.0, 1400.0, 2000.0])
@pytest.mark.parametrize("gap", [0.1, 0.5, 2.5])
def test_a_machine_greets_beeps_and_is_silent(frequency: float, gap: float) -> None:
    assert machine(heard_on(silence(0.8), speech(4.0), silence(gap), tone(0.4, frequency), silence(1.0)))


@pytest.mark.parametrize(
    "sound",
    [
        np.concatenate((tone(0.12, 425), silence(1), speech(0.8), silence(1))),
        np.concatenate((tone(0.5, 425), silence(0.4), speech(0.8), silence(2))),
        np.concatenate((cadence(1.0, 4.0, 2, 425), speech(0.8), silence(2))),
        np.concatenate((cadence(2.0, 4.0, 2, 440, 480), speech(0.8), silence(2))),
        np.concatenate((tone(0.3, 440, 480), silence(0.4), speech(0.8), silence(2))),
        np.concatenate((cadence(0.4, 0.2, 4, 400, 450), HELLO, silence(2))),
        np.concatenate((cadence(1.0, 3.0, 2, 450), HELLO, silence(2))),
        np.concatenate((tone(1.3, 1400), silence(1), HELLO, silence(2))),
        np.concatenate((HELLO, tone(0.4, 1400), silence(3))),
        np.concatenate((HELLO, *[np.concatenate((tone(0.4, 1400), silence(14.6))) for _ in range(3)])),
        np.concatenate((silence(0.3), speech(1.8), silence(0.4), tone(0.5, 1400), silence(3))),
        np.concatenate((tone(0.33, 950), tone(0.33, 1400), tone(0.33, 1800), silence(1.5))),
        np.concatenate((HELLO, tone(3.0, 697, 1209), silence(0.4), tone(0.3, 1000), silence(2))),
        np.concatenate((GREETING, cadence(1.0, 4.0, 2, 425))),
        np.concatenate((GREETING, cadence(0.4, 0.2, 2, 400, 450), silence(2))),
        np.concatenate((GREETING, tone(0.4, 1000), silence(0.2), speech(2))),
        np.concatenate((GREETING, *[tone(0.3, one) for one in (523, 659, 784, 1046, 784)], speech(2), silence(2))),
        np.concatenate((GREETING, cadence(0.3, 0.3, 6, 880))),
        np.concatenate((silence(9), speech(4.0), silence(0.5), tone(0.4, 1400), silence(2))),
    ],
    ids=[
        "ringback outlives the answer by 120 ms", "by half a second", "ringback of 425 Hz goes on", "of North America", "its rest",
        "of Great Britain", "of China", "a tone of early media", "hello and a recording beep", "a recording beep every 15 s",
        "a longer hello and a recording beep", "special information tones", "a key that is held", "an announcement and ringback",
        "an announcement and British ringback", "somebody speaks on", "music", "a repeated tone", "it is no greeting so late",
    ],
)  # fmt: skip
def test_a_person_is_not_taken_for_a_machine(sound: Frame) -> None:
    assert not machine(heard_on(sound))


def test_a_recording_tone_that_was_heard_before_is_no_machine() -> None:
    assert not machine(heard_on(silence(0.4), tone(0.4, 1400), silence(1), speech(4), silence(0.5), tone(0.4, 1400), silence(2)))


@pytest.mark.parametrize("frequency", [1260.0, 1400.0, 1540.0])
@pytest.mark.parametrize(
    ("greeting", "length", "told"),
    [
        *((3.2, length, False) for length in (0.16, 0.2, 0.25, 0.4, 0.5)),  # a receptionist
        *((6.0, length, False) for length in (0.16, 0.2, 0.25)),  # a recording tone, whoever speaks how long
        *((4.5, length, True) for length in (0.4, 0.5)),
        *((3.2, length, True) for length in (0.7, 1.0)),
    ],
)
def test_a_recording_tone_behind_the_greeting_of_a_receptionist(frequency: float, greeting: float, length: float, told: bool) -> None:
    assert machine(heard_on(silence(0.6), speech(greeting), silence(0.4), tone(length, frequency), silence(3))) is told


def test_other_tones_tell_behind_a_short_greeting_still() -> None:
    for frequency in (800.0, 1000.0, 1700.0):
        assert machine(heard_on(silence(0.6), speech(3.2), silence(0.4), tone(0.25, frequency), silence(3)))


def test_our_own_echo_is_neither_greeting_nor_beep() -> None:
    """A voice of tones, and one like speech, come back 200 ms later and 10 dB softer."""
    words = np.concatenate([np.concatenate((tone(0.28, 523), silence(0.1))) for _ in range(12)])
    echo = np.concatenate((silence(0.7), (words * 0.3).astype(np.int16), silence(2)))
    assert heard_on(echo, bot=(0.5, 0.5 + len(words) / RATE, words)) == []
    spoken = speech(5)
    behind = np.concatenate((silence(0.7), (spoken * 0.02).astype(np.int16), silence(0.5), tone(0.4, 1400), silence(2)))
    assert not machine(heard_on(behind, bot=(0.5, 5.5, spoken)))


def test_a_tone_while_the_bot_speaks_does_not_tell_of_a_machine() -> None:
    quiet_voice = np.zeros(RATE * 3, dtype=np.int16)
    assert not machine(heard_on(GREETING, tone(0.4, 1400), silence(3), bot=(5.35, 8.35, quiet_voice)))


@pytest.mark.parametrize(
    ("sound", "fax"),
    [
        (tone(3.0, 2100), True),
        (np.concatenate([tone(0.45, 2100) * (-1) ** turn for turn in range(6)]), True),
        (cadence(0.5, 3.0, 3, 1100), True),
        (tone(0.8, 2100), False),
        (cadence(0.5, 3.0, 1, 1100), False),
        (tone(3.0, 1800), False),
        (cadence(0.5, 1.0, 3, 1100), False),
    ],
    ids=["CED", "ANSam with phase reversals", "CNG", "a short tone", "one tone", "another tone", "another cadence"],
)
def test_a_fax_is_a_machine(sound: Frame, *, fax: bool) -> None:
    events = heard_on(silence(0.5), sound, silence(1))
    assert sum(isinstance(event, FaxHeard) for event in events) == fax


PIECES = st.tuples(st.sampled_from(["quiet", "tone", "chord", "speech"]), st.floats(0.02, 3.0), st.floats(350, 2000), st.booleans())


def verdicts(pieces: list[tuple[Kind, float, float, bool]]) -> list[tuple[float, Verdict]]:
    """The verdicts on a made-up call; each piece is a kind, a length, a frequency, and whether the bot speaks."""
    judge, at = MachineTones(), 0.0
    found: list[tuple[float, Verdict]] = []
    before: Tone | None = None
    for kind, seconds, frequency, playing in pieces:
        began = at
        for _ in range(max(round(seconds / STEP), 1)):
            verdict = judge.hear(
                at,
                STEP,
                kind,
                playing=playing,
                frequency=frequency if kind == "tone" else None,
                ended=before,
            )
            before = None
            if verdict is not None:
                found.append((at, verdict))
            at += STEP
        if kind == "tone":
            before = Tone(began, at, frequency)
    return found


@given(st.lists(PIECES, max_size=12))
def test_without_a_long_greeting_no_beep_tells_of_a_machine(pieces: list[tuple[Kind, float, float, bool]]) -> None:
    """Whatever tones there are: whoever has spoken for less than two seconds in all is no machine."""
    spoken = 0.0
    short: list[tuple[Kind, float, float, bool]] = []
    for kind, wanted, frequency, playing in pieces:
        seconds = min(wanted, max(2.0 - spoken, 0.02)) if kind == "speech" else wanted
        spoken += seconds if kind == "speech" else 0.0
        short.append((kind, seconds, frequency, playing))
    with_breaths = sum(1 for kind, *_ in short if kind == "speech") * 0.4
    if spoken + with_breaths < 2.4:
        assert not any(verdict == "machine" for _, verdict in verdicts(short))


@given(st.lists(PIECES, max_size=12))
def test_nothing_is_told_by_what_is_heard_while_the_bot_speaks(pieces: list[tuple[Kind, float, float, bool]]) -> None:
    assert not any(verdict in {"machine", "beep"} for _, verdict in verdicts([(*piece[:3], True) for piece in pieces]))


NO_RECORDER = st.floats(520, 1230) | st.floats(1570, 2000)


@given(st.floats(2.6, 20), st.floats(0.06, 3.5), NO_RECORDER, st.floats(0.16, 1.3))
def test_a_machine_is_told_once_and_half_a_second_after_its_beep(greeting: float, gap: float, frequency: float, beep: float) -> None:
    found = verdicts([("quiet", 1, 0, False), ("speech", greeting, 0, False), ("quiet", gap, 0, False), ("tone", beep, frequency, False),
                      ("quiet", 5, 0, False)])  # fmt: skip
    assert [verdict for _, verdict in found] == ["beep", "machine"]
    assert found[1][0] - found[0][0] == pytest.approx(0.48, abs=0.03)


@given(st.floats(2.6, 20), st.floats(0.06, 3.5), st.floats(1250, 1550), st.floats(0.16, 1.3))
def test_what_is_like_a_recording_tone_needs_more(greeting: float, gap: float, frequency: float, beep: float) -> None:
    found = verdicts([("quiet", 1, 0, False), ("speech", greeting, 0, False), ("quiet", gap, 0, False), ("tone", beep, frequency, False),
                      ("quiet", 5, 0, False)])  # fmt: skip
    told = "machine" in [verdict for _, verdict in found]
    if beep < 0.28 or (beep < 0.5 and greeting < 3.7):
        assert not told
    elif beep > 0.6 or (beep > 0.36 and greeting > 4.0):
        assert told
