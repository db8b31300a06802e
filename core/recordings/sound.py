"""The sandbox's recordings: speech-shaped tones while somebody speaks, silence elsewhere.

Every byte is a pure function of the call's data and of its position in the file, so any range can be made without the rest, nothing is
stored, and two listeners get the same bytes. Each speaker has a voice: a pitch, and harmonics shaped by the formants of a vowel that
changes with every syllable, about four and a half syllables a second.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.kernel.wav import FRAME_BYTES, RATE, wav_header, wav_note
from core.recordings.turns import Turn

__all__ = ["LONGEST_SECONDS", "NOTE", "Synthesis"]

LONGEST_SECONDS = 5 * 3600
"""Longest recording that is made; no bot may talk longer."""
NOTE = "SANDBOX: tones in place of a synthesized conversation; no real phone rang."

_BLOCK = 4 * RATE  # frames that are made at once, on a fixed grid: equal inputs give equal bytes
_PITCH = {"customer": 120.0, "bot": 205.0}  # Hz
_CHANNEL = {"customer": 0, "bot": 1}
_SYLLABLES_PER_SECOND = 4.5
_HARMONICS = np.arange(1, 13)
_VOWELS = ((730, 1090), (530, 1840), (270, 2290), (570, 840), (440, 1020))  # first and second formant, Hz
_LOUDNESS = 9000  # of 32767


@dataclass(frozen=True)
class _Voice:
    """One turn, prepared for synthesis."""

    channel: int
    first: int
    last: int
    pitch: float
    sway: float
    syllables: int
    vowels: NDArray[np.float64]  # (syllables, harmonics): amplitudes


class Synthesis:
    """The recording of one sandbox call.

    Args:
        call_id: seeds the voices.
        turns: who speaks when.
        duration: of the call in seconds; anything beyond LONGEST_SECONDS is cut off.
    """

    def __init__(self, call_id: str, turns: Sequence[Turn], duration: float) -> None:
        self._call_id, self._turns = call_id, turns
        self.frames = round(min(max(duration, 0.0), LONGEST_SECONDS) * RATE)
        self._note = wav_note(NOTE)
        self._header = wav_header(self.frames, len(self._note))

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return len(self._header) + self.frames * FRAME_BYTES + len(self._note)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes of the file from `start` to `stop` (not included; None: the end), in pieces of up to four seconds."""
        stop = self.size if stop is None else min(stop, self.size)
        place = 0
        for piece_size, piece in self._pieces():
            if place >= stop:
                return
            if place + piece_size > start:
                whole = piece if isinstance(piece, bytes) else self.samples(*piece).tobytes()
                yield whole[max(start - place, 0) : stop - place]
            place += piece_size

    def samples(self, first: int, last: int) -> NDArray[np.int16]:
        """Frames from `first` to `last` (not included): an array (frames, 2), caller left, bot right."""
        out = np.zeros((last - first, 2), dtype="<i2")
        for voice in self._voices:
            begin, end = max(first, voice.first), min(last, voice.last)
            if begin < end:
                out[begin - first : end - first, voice.channel] = _speak(voice, begin, end)
        return out

    def _pieces(self) -> Iterator[tuple[int, bytes | tuple[int, int]]]:
        """The pieces of the file in order, each with its size: bytes, or the frames that are still to be made."""
        yield len(self._header), self._header
        for first in range(0, self.frames, _BLOCK):
            last = min(first + _BLOCK, self.frames)
            yield (last - first) * FRAME_BYTES, (first, last)
        yield len(self._note), self._note

    @cached_property
    def _voices(self) -> list[_Voice]:
        return [_voice(self._call_id, number, turn) for number, turn in enumerate(self._turns)]


def _voice(call_id: str, number: int, turn: Turn) -> _Voice:
    luck = random.Random(f"recording {call_id} {number}")
    pitch = _PITCH[turn.speaker] * luck.uniform(0.94, 1.06)
    syllables = max(1, round((turn.ends - turn.begins) * _SYLLABLES_PER_SECOND))
    table = np.array([_amplitudes(pitch, *vowel) for vowel in _VOWELS])
    vowels = table[[luck.randrange(len(_VOWELS)) for _ in range(syllables)]]
    return _Voice(
        _CHANNEL[turn.speaker], round(turn.begins * RATE), round(turn.ends * RATE), pitch, luck.uniform(0.5, 1.2), syllables, vowels
    )


def _amplitudes(pitch: float, *formants: float) -> NDArray[np.float64]:
    """How loud each harmonic is: a falling slope with a peak at each formant; they add up to 1."""
    frequencies = pitch * _HARMONICS
    hills = sum(np.exp(-(((frequencies - formant) / 180.0) ** 2)) for formant in formants)
    loud = (0.15 + hills) / np.sqrt(_HARMONICS)
    loud[frequencies > 0.45 * RATE] = 0.0
    result: NDArray[np.float64] = loud / loud.sum()
    return result


def _speak(voice: _Voice, begin: int, end: int) -> NDArray[np.float64]:
    """The samples of a turn between two frames of the call."""
    seconds = np.arange(begin - voice.first, end - voice.first) / RATE
    place = seconds * (voice.syllables / ((voice.last - voice.first) / RATE))
    syllable = np.minimum(place.astype(np.int64), voice.syllables - 1)
    swing = 2 * math.pi * voice.sway
    phase = 2 * math.pi * voice.pitch * (seconds + 0.06 * np.sin(swing * seconds) / swing)  # the pitch varies by 6 %
    loud = voice.vowels[syllable]
    twice, before, wave = 2 * np.cos(phase), np.zeros_like(phase), np.sin(phase)
    mix = loud[:, 0] * wave
    for harmonic in range(1, len(_HARMONICS)):  # sin((k+1)x) = 2 cos(x) sin(kx) - sin((k-1)x): cheaper than a sine each
        before, wave = wave, twice * wave - before
        mix += loud[:, harmonic] * wave
    envelope = np.sin(math.pi * (place - syllable)) ** 2
    result: NDArray[np.float64] = _LOUDNESS * envelope * mix
    return result
