"""One call's sound, 20 ms at a time: our playout, which the callee can interrupt, and what the callee does.

A transport's media thread exchanges frames with a `Line`. Everything that must happen within a frame happens in `exchange`: when the callee
begins to speak, the playout is dropped before this frame is sent. Events are passed to the event loop without ever waiting for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.voice.activity import ActivityDetector, EnergyDetector
from core.voice.beep import BeepDetector
from core.voice.machine_tones import MachineTones, Tone
from core.voice.ports import FRAME, FRAME_SECONDS, Frame
from core.voice.recording import CallRecording

__all__ = ["BeepHeard", "FaxHeard", "Line", "LineEvent", "PlayoutEnded", "Sound", "SpeechBegan", "SpeechEnded", "SpeechSound"]

_BEFORE = 15
"""Frames that belong to speech before its beginning was detected: 300 ms."""
_LONGEST_UTTERANCE = round(30 / FRAME_SECONDS)


class Sound:
    """A sound being played. Written in the event loop's thread, played in the media thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque()
        self._rest: Frame = np.zeros(0, dtype=np.int16)
        self._whole = False
        self.written = 0
        """Samples that were written."""
        self.played = 0
        """Samples that were played."""
        self.interrupted = False

    @property
    def whole(self) -> bool:
        """Whether all of it was written."""
        return self._whole

    def write(self, piece: Frame) -> None:
        """Add sound."""
        with self._lock:
            self.written += len(piece)
            sound = np.concatenate((self._rest, piece))
            end = len(sound) - len(sound) % FRAME
            self._frames.extend(sound[start : start + FRAME] for start in range(0, end, FRAME))
            self._rest = sound[end:]

    def finish(self) -> None:
        """Nothing more comes."""
        with self._lock:
            if len(self._rest):
                self._frames.append(np.concatenate((self._rest, np.zeros(FRAME - len(self._rest), dtype=np.int16))))
                self._rest = np.zeros(0, dtype=np.int16)
            self._whole = True

    def next(self) -> tuple[Frame | None, bool]:
        """The next frame, None if it is not ready; and whether it was the last."""
        with self._lock:
            if not self._frames:
                return None, self._whole
            self.played = min(self.played + FRAME, self.written)
            return self._frames.popleft(), self._whole and not self._frames


@dataclass(frozen=True)
class SpeechBegan:
    """The callee speaks; `before` is the sound so far. `barged_in`: the callee interrupted our playout."""

    before: tuple[Frame, ...]
    barged_in: bool


@dataclass(frozen=True)
class SpeechSound:
    """The callee goes on speaking."""

    frame: Frame


@dataclass(frozen=True)
class SpeechEnded:
    """The callee stopped speaking; `seconds` is how long it spoke."""

    seconds: float


@dataclass(frozen=True)
class BeepHeard:
    """A beep has ended; `tells_machine`: it is that of a machine, which is now recording (`core.voice.machine_tones`)."""

    tells_machine: bool = False


@dataclass(frozen=True)
class FaxHeard:
    """A fax or a modem is on the line."""


@dataclass(frozen=True)
class PlayoutEnded:
    """The playout is over: played to its end, or interrupted."""

    sound: Sound


LineEvent = SpeechBegan | SpeechSound | SpeechEnded | BeepHeard | FaxHeard | PlayoutEnded


class Line:
    """An `AudioEnd`.

    Args:
        notify: called in the media thread for every event; must not block.
        recording: where both sides are recorded.
        activity: detects when the callee speaks.
    """

    def __init__(
        self, notify: Callable[[LineEvent], None], recording: CallRecording | None = None, activity: ActivityDetector | None = None
    ) -> None:
        self._notify, self._recording = notify, recording
        self._activity, self._beeps, self._tones = activity or EnergyDetector(), BeepDetector(), MachineTones()
        self._lately: deque[Frame] = deque(maxlen=_BEFORE)
        self._lock = threading.Lock()  # protects `_playing`: a sound that begins while the previous one ends must not be lost
        self._playing: Sound | None = None
        self._utterance = 0  # frames of the current utterance; 0 between two
        self.frames = 0
        """Frames since the line was connected."""
        self.first_audio: float | None = None
        """Seconds from the connection to our first frame."""

    def play(self, sound: Sound) -> None:
        """Play something from the next frame on; cuts off what is being played. Called in the event loop's thread."""
        with self._lock:
            self._playing = sound

    def stop(self) -> None:
        """Stop playing. Called in the event loop's thread."""
        with self._lock:
            self._playing = None

    def exchange(self, heard: Frame) -> Frame | None:
        """Exchange 20 ms in each direction. Called in the media thread."""
        change = self._activity.feed(heard)
        if change == "began":
            self._begin()
        if self._utterance:
            self._utterance += 1
            self._notify(SpeechSound(heard))
            if change == "ended" or self._utterance > _LONGEST_UTTERANCE:
                self._notify(SpeechEnded(self._utterance * FRAME_SECONDS))
                self._utterance = 0
        self._lately.append(heard)
        ours = self._next_frame()
        self._judge_tones(heard, playing=ours is not None)
        if ours is not None and self.first_audio is None:
            self.first_audio = self.frames * FRAME_SECONDS
        if self._recording is not None:
            self._recording.write(heard, ours)
        self.frames += 1
        return ours

    def _judge_tones(self, heard: Frame, *, playing: bool) -> None:
        beeps, at = self._beeps, self.frames * FRAME_SECONDS
        beeps.feed(heard)
        ended = None if beeps.ended is None else Tone(at - beeps.lasted * FRAME_SECONDS, at, beeps.ended)
        verdict = self._tones.hear(at, FRAME_SECONDS, beeps.kind, playing=playing, frequency=beeps.frequency, ended=ended)
        if verdict == "fax":
            self._notify(FaxHeard())
        elif verdict is not None:
            self._notify(BeepHeard(tells_machine=verdict == "machine"))

    def _begin(self) -> None:
        with self._lock:
            sound, self._playing = self._playing, None
        if sound is not None:
            sound.interrupted = True
        self._utterance = len(self._lately) or 1
        self._notify(SpeechBegan(tuple(self._lately), barged_in=sound is not None))
        if sound is not None:
            self._notify(PlayoutEnded(sound))

    def _next_frame(self) -> Frame | None:
        sound = self._playing
        if sound is None:
            return None
        frame, last = sound.next()
        if last:
            with self._lock:
                if self._playing is sound:
                    self._playing = None
            self._notify(PlayoutEnded(sound))
        return frame
