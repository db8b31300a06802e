"""Activity, beeps, lines and recordings: fed frame by frame, without any time passing."""

from __future__ import annotations

import math
import random
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.voice.activity import EnergyDetector, level
from core.voice.beep import BeepDetector
from core.voice.line import BeepHeard, Line, LineEvent, PlayoutEnded, Sound, SpeechBegan, SpeechEnded, SpeechSound
from core.voice.ports import FRAME, FRAME_SECONDS, RATE, Frame
from core.voice.recording import CallRecording, RecordingWriter


def frames(sound: Frame) -> list[Frame]:
    return [sound[at : at + FRAME] for at in range(0, len(sound) - FRAME + 1, FRAME)]


def tone(seconds: float, *frequencies: float, loud: float = 6000.0) -> Frame:
    times = np.arange(round(seconds * RATE)) / RATE
    return sum((loud * np.sin(2 * math.pi * one * times) for one in frequencies), np.zeros(len(times))).astype(np.int16)


def speech(seconds: float, seed: int = 1) -> Frame:
    """A pitch that wanders, with harmonics and syllables: nothing in it stands still."""
    luck = random.Random(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 25 * np.sin(2 * math.pi * luck.uniform(1.5, 3) * times + luck.random())
    phase = 2 * math.pi * np.cumsum(pitch) / RATE
    wave_ = sum(np.sin(number * phase) / number for number in range(1, 9))
    return (4000 * wave_ * (0.55 + 0.45 * np.sin(2 * math.pi * 4.5 * times))).astype(np.int16)


def noise(seconds: float, loud: float) -> Frame:
    return (np.random.default_rng(3).standard_normal(round(seconds * RATE)) * loud).astype(np.int16)


def silence(seconds: float) -> Frame:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


@pytest.mark.parametrize(("peak", "expected"), [(32767, -3.01), (3277, -23.01), (0, -96.0)])
def test_level(peak: int, expected: float) -> None:
    assert level(tone(0.02, 400, loud=peak)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("background", [0.0, 30.0, 150.0])
def test_speech_is_told_from_the_line(background: float) -> None:
    sound = np.concatenate((silence(1), speech(1.5), silence(1.5), speech(1), silence(1)))
    detector = EnergyDetector()
    changes = [
        (round(at * FRAME_SECONDS, 2), change)
        for at, frame in enumerate(frames(sound + noise(len(sound) / RATE, background)))
        if (change := detector.feed(frame)) is not None
    ]
    assert [change for _, change in changes] == ["began", "ended", "began", "ended"]
    for (at, _), expected in zip(changes, (1.1, 3.2, 4.1, 5.7), strict=True):
        assert at == pytest.approx(expected, abs=0.25)


def test_a_click_is_not_speech() -> None:
    detector = EnergyDetector()
    assert {detector.feed(frame) for frame in frames(np.concatenate((silence(1), speech(0.05), silence(1))))} == {None}


def beeps(sound: Frame) -> int:
    detector = BeepDetector()
    return sum(detector.feed(frame) for frame in frames(sound))


@pytest.mark.parametrize("frequency", [440.0, 620.0, 1000.0, 1400.0, 2000.0])
@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.8])
@pytest.mark.parametrize("background", [0.0, 60.0])
def test_beeps_are_heard(frequency: float, seconds: float, background: float) -> None:
    sound = np.concatenate((speech(2), silence(0.3), tone(seconds, frequency), silence(0.5)))
    assert beeps(sound + noise(len(sound) / RATE, background)) == 1


def test_what_is_no_beep() -> None:
    assert sum(beeps(np.concatenate((speech(10, seed), silence(0.2)))) for seed in range(12)) == 0
    assert beeps(np.concatenate((tone(3, 425), silence(0.5)))) == 0, "ringback lasts longer"
    assert beeps(np.concatenate((tone(0.3, 697, 1209), silence(0.5)))) == 0, "a key is two tones"
    assert beeps(noise(3, 3000)) == 0


def run(line: Line, sound: Frame) -> list[Frame | None]:
    return [line.exchange(frame) for frame in frames(sound)]


def made() -> tuple[Line, list[LineEvent]]:
    events: list[LineEvent] = []
    return Line(events.append), events


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12))
def test_what_is_written_is_played_whole(sizes: list[int]) -> None:
    line, events = made()
    sound, whole = Sound(), np.arange(1, sum(sizes) + 1).astype(np.int16)
    line.play(sound)
    at = 0
    for size in sizes:
        sound.write(whole[at : at + size])
        at += size
    sound.finish()
    played = [frame for frame in run(line, silence(1.5)) if frame is not None]
    assert np.concatenate(played)[: len(whole)].tolist() == whole.tolist()
    assert not np.concatenate(played)[len(whole) :].any()
    assert sound.played == sound.written == len(whole)
    assert events == [PlayoutEnded(sound)]


def test_the_playout_is_gone_in_the_frame_in_which_speech_is_noticed() -> None:
    line, events = made()
    run(line, silence(1))
    sound = Sound()
    sound.write(tone(10, 500))
    sound.finish()
    line.play(sound)
    sent = run(line, np.concatenate((silence(0.5), speech(1))))
    began = next(at for at, frame in enumerate(sent) if frame is None)
    assert began == round(0.5 / FRAME_SECONDS) + 4  # 100 ms of speech, and it is not sent in the frame that completes them
    assert not any(frame is not None for frame in sent[began:])
    assert isinstance(events[0], SpeechBegan)
    assert events[0].barged_in
    assert events[1] == PlayoutEnded(sound)
    assert (sound.interrupted, sound.played) == (True, began * FRAME)


def test_an_utterance_has_its_beginning() -> None:
    line, events = made()
    said = speech(1)
    run(line, np.concatenate((silence(0.6), said, silence(1))))
    began = next(event for event in events if isinstance(event, SpeechBegan))
    heard = np.concatenate([*began.before, *(event.frame for event in events if isinstance(event, SpeechSound))])
    assert any(np.array_equal(heard[at : at + len(said)], said) for at in range(0, len(heard) - len(said) + 1, FRAME))
    ended = [event for event in events if isinstance(event, SpeechEnded)]
    assert [round(event.seconds, 1) for event in ended] == [pytest.approx(1.9, abs=0.3)]


def test_somebody_who_never_stops_is_cut_into_utterances() -> None:
    line, events = made()
    run(line, np.concatenate((silence(0.5), speech(65))))
    assert sum(isinstance(event, SpeechEnded) for event in events) >= 1


def test_a_beep_on_the_line() -> None:
    line, events = made()
    run(line, np.concatenate((silence(1), tone(0.4, 1000), silence(1))))
    assert sum(isinstance(event, BeepHeard) for event in events) == 1


def test_first_audio_is_measured() -> None:
    line, _ = made()
    run(line, silence(0.4))
    assert line.first_audio is None
    sound = Sound()
    sound.write(tone(0.2, 500))
    line.play(sound)
    run(line, silence(0.2))
    assert line.first_audio == pytest.approx(0.4)


class NoticedLock:
    """A lock that tells when somebody waits for it."""

    def __init__(self, waited_for: threading.Event) -> None:
        self._lock, self._waited_for = threading.Lock(), waited_for

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._waited_for.set()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class PlayedOnTop(Line):
    """Another thread begins `other` at the worst moment: when what is played has been looked at, and is not replaced yet."""

    def __init__(self, other: Sound) -> None:
        super().__init__(lambda _: None)
        self._tried = threading.Event()
        self._lock = NoticedLock(self._tried)  # type: ignore[assignment]
        self.looks = 0  # how often it is looked at before that moment; 0: never
        self.thread = threading.Thread(target=self._play, args=(other,), daemon=True)

    def _play(self, other: Sound) -> None:
        self.play(other)
        self._tried.set()

    @property
    def _playing(self) -> Sound | None:
        sound = self._now
        self.looks -= 1
        if self.looks == 0:
            self.thread.start()
            assert self._tried.wait(5)
        return sound

    @_playing.setter
    def _playing(self, sound: Sound | None) -> None:
        self._now = sound


def begun(seconds: float) -> Sound:
    sound = Sound()
    sound.write(tone(seconds, 500))
    sound.finish()
    return sound


def test_a_sound_begun_when_the_one_before_ends_is_played() -> None:
    other = begun(0.1)
    line = PlayedOnTop(other)
    line.play(begun(0.02))
    line.looks = 2
    run(line, silence(0.02))
    line.thread.join(5)
    run(line, silence(0.1))
    assert other.played == other.written


def test_a_sound_begun_when_the_one_before_is_interrupted_is_played() -> None:
    other = begun(0.1)
    line = PlayedOnTop(other)
    line.play(begun(9))
    line.looks = 1
    line._begin()
    line.thread.join(5)
    run(line, silence(0.1))
    assert other.played == other.written


def test_a_recording_is_whole_at_every_moment(tmp_path: Path) -> None:
    writer = RecordingWriter()
    recording = writer.open(tmp_path / "spool" / "call.wav")
    left, right = speech(2), tone(2, 500)
    pairs = list(zip(frames(left), frames(right), strict=True))
    for number, (heard, played) in enumerate(pairs):
        recording.write(heard, None if number < 10 else played)
        if number in {5, 60}:
            recording.flush()  # what the thread does every half second
            read(tmp_path / "spool" / "call.wav")  # whoever kills the process now leaves a file that can be played
    recording.close()
    assert recording.closed.wait(5)
    writer.stop()
    both = read(tmp_path / "spool" / "call.wav")
    assert both[:, 0].tolist() == left.tolist()
    assert not both[: 10 * FRAME, 1].any()
    assert both[10 * FRAME :, 1].tolist() == right[10 * FRAME :].tolist()


def read(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        data = file.readframes(file.getnframes())
    assert len(data) % 4 == 0
    return np.frombuffer(data, dtype="<i2").reshape(-1, 2)


def test_a_disk_that_refuses_costs_the_recording_not_the_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = RecordingWriter()
    recording = writer.open(tmp_path / "file" / "call.wav")
    recording.write(silence(0.02), None)
    recording.close()
    assert recording.closed.wait(5)
    writer.stop()
    assert "cannot be written" in caplog.text


def test_a_recording_that_failed_keeps_nothing_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recording = CallRecording(tmp_path / "file" / "call.wav", RecordingWriter())  # its writer's thread is not started
    for _ in range(100):
        recording.write(silence(0.02), None)
    assert recording.waiting == 100
    assert recording.flush()
    assert recording.waiting == 0
    for _ in range(100):
        recording.write(silence(0.02), None)
    assert recording.waiting == 0
