"""Decides whether a tone shows that a machine has answered, from what was heard before and after it. Pure, on plain values.

A person mistaken for a machine is hung up on; a machine mistaken for a person costs a minute. So a beep alone counts only when a machine
would give it: a greeting began soon after the answer and is longer than what people say when they pick up; it stopped, and within seconds a
single beep came while the bot was silent; then nothing was heard, because the machine records.

Tones that are not such a beep:

- ringback that outlives the answer, or any tone before a greeting: nobody has spoken yet;
- tones below 500 Hz (ITU-T E.180: ringing, busy, dial and call-waiting tones of every country are there), also behind an announcement;
- the recording tone of a PBX (around 1400 Hz, a quarter of a second, every 12 to 15 seconds; 47 CFR 64.501, ITU-T E.180): never in that
  form; what is like it but longer only behind a greeting that is long for a receptionist, too, and never for the second time;
- our own sound, echoed: what is heard while the bot speaks, or just has, is neither a greeting nor a beep;
- a key, which is two tones; music, whose notes are not alone and go on.

A fax or a modem is recognized by its tones alone: 2100 Hz for 1.5 seconds (CED, ANSam; ITU-T T.30, V.25), or the calling tone of a fax,
1100 Hz for half a second every 3.5 seconds, heard twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.voice.beep import Kind

__all__ = ["MachineTones", "Tone", "Verdict"]

Verdict = Literal["beep", "machine", "fax"]
"""`beep`: a tone that a machine already recognized by its words may have given; `machine`: a tone that by itself shows a machine; `fax`: a
fax or a modem.
"""

_GREETING_BEGINS: Final = 4.0
"""Seconds after the answer within which a machine begins to speak."""
_GREETING: Final = 2.5
"""Seconds of speech: longer than people say when they pick up."""
_LONG_GREETING: Final = 3.8
"""Seconds that are long for a receptionist."""
_RECORDING: Final = (1240.0, 1560.0)
"""Hz of a recording tone: 1400 and 10 %, with what the measurement is off."""
_RECORDING_LASTS: Final = 0.32
"""Seconds: longer than a recording tone by the book."""
_LIKE_RECORDING_LASTS: Final = 0.56
_PAUSE: Final = 2.0
"""Longer silence ends a greeting."""
_BREATH: Final = 0.4
"""Silence up to this length belongs to the speech."""
_NO_CLICK: Final = 0.08
"""Shorter sound is a click, or the edge of a tone."""
_BEEP_WITHIN: Final = 4.0
"""Seconds after the greeting within which a machine beeps."""
_ALONE: Final = 2.0
"""Seconds before the beep without another tone."""
_QUIET_AFTER: Final = 0.5
"""Seconds of silence after it."""
_ECHO: Final = 0.5
"""Seconds after the bot's last sound in which its echo may still come."""
_EARLY: Final = 0.3
"""A tone heard this soon after the answer began before it."""
_NETWORK: Final = 500.0
"""Tones below this frequency (Hz) are the network's."""
_SAME: Final = 40.0
_SHORTEST, _LONGEST = 0.14, 1.4
_ANSWER_TONE, _ANSWER_SECONDS, _ANSWER_SWAY = 2100.0, 1.5, 25.0
_REVERSAL: Final = 0.08
"""An answer tone may reverse its phase every 0.45 seconds, which interrupts it briefly."""
_CALLING_TONE, _CALLING_LENGTH, _CALLING_EVERY = 1100.0, (0.4, 0.6), (3.0, 4.2)


@dataclass(frozen=True)
class Tone:
    """A steady tone that has ended; times are seconds since the answer."""

    began: float
    ended: float
    frequency: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ended - self.began


class MachineTones:
    """What was heard on one call so far. Pass every piece of sound since the answer to `hear`, in order."""

    def __init__(self) -> None:
        self._greeting_began: float | None = None
        self._greeting_ended = 0.0
        self._spoken = 0.0
        self._beeps: list[Tone] = []
        self._tone_ended = -_ALONE
        self._played = -_ECHO
        self._loud = self._speaking = 0.0  # how long sound, and speech, have lasted without a break
        self._candidate: Tone | None = None
        self._answer_tone, self._answer_heard = 0.0, -1.0
        self._fax = False

    def hear(
        self, at: float, seconds: float, kind: Kind, *, playing: bool, frequency: float | None = None, ended: Tone | None = None
    ) -> Verdict | None:
        """What the next piece of sound shows, if anything.

        Args:
            at: when it began, in seconds since the answer.
            seconds: its length.
            kind: what it is.
            playing: whether the bot was speaking meanwhile.
            frequency: of the tone, in Hz.
            ended: the tone that ended with it.
        """
        if playing:
            self._played, self._candidate = at + seconds, None
        if kind == "tone" and frequency is not None and self._is_fax(at, seconds, frequency):
            return "fax"
        self._loud = 0.0 if kind == "quiet" else self._loud + seconds
        self._speaking = self._speaking + seconds if kind == "speech" else 0.0
        if self._speaking >= _NO_CLICK - 1e-6 and not self._echoes(at):
            self._speech(at + seconds)
        verdict = self._ended(ended) if ended is not None else None
        if ended is not None:
            self._loud = 0.0
        elif self._loud >= _NO_CLICK - 1e-6:
            self._candidate = None
        if verdict is None and self._candidate is not None and at + seconds - self._candidate.ended >= _QUIET_AFTER - 1e-6:
            self._candidate = None
            return "machine"
        return verdict

    def _echoes(self, at: float) -> bool:
        return at < self._played + _ECHO

    def _speech(self, now: float) -> None:
        """The greeting is the first speech, without long pauses; any later speech is conversation."""
        began = now - self._speaking
        gap = began - self._greeting_ended
        if self._greeting_began is None or gap > _PAUSE:
            self._greeting_began, self._spoken = began, 0.0
        elif gap > 0:
            self._spoken += gap if gap <= _BREATH else 0.0
        else:
            began = self._greeting_ended
        self._spoken += now - began
        self._greeting_ended = now

    def _ended(self, tone: Tone) -> Verdict | None:
        alone, self._tone_ended = tone.began - self._tone_ended >= _ALONE, tone.ended
        if not _SHORTEST <= tone.seconds <= _LONGEST + 1e-6:
            return None
        if self._called_by_fax(tone):
            return "fax"
        heard_before = any(abs(tone.frequency - before.frequency) <= _SAME for before in self._beeps)
        self._beeps.append(tone)
        if tone.began < _EARLY or self._echoes(tone.began):
            return None
        if alone and not heard_before and tone.frequency >= _NETWORK and self._follows_greeting(tone):
            self._candidate = tone
        return "beep"

    def _follows_greeting(self, tone: Tone) -> bool:
        began = self._greeting_began
        shortest = _greeting_before(tone)
        if began is None or began > _GREETING_BEGINS or shortest is None or self._spoken < shortest:
            return False
        return tone.began + 0.1 - self._greeting_ended >= 0.0 and tone.began - self._greeting_ended <= _BEEP_WITHIN

    def _is_fax(self, at: float, seconds: float, frequency: float) -> bool:
        if self._fax or abs(frequency - _ANSWER_TONE) > _ANSWER_SWAY:
            return False
        together = self._answer_heard >= 0 and at - self._answer_heard <= _REVERSAL
        self._answer_tone = (self._answer_tone if together else 0.0) + seconds
        self._answer_heard = at + seconds
        self._fax = self._answer_tone >= _ANSWER_SECONDS
        return self._fax

    def _called_by_fax(self, tone: Tone) -> bool:
        def calling(one: Tone) -> bool:
            return abs(one.frequency - _CALLING_TONE) <= _SAME and _CALLING_LENGTH[0] <= one.seconds <= _CALLING_LENGTH[1]

        before = self._beeps[-1] if self._beeps else None
        if self._fax or before is None or not calling(tone) or not calling(before):
            return False
        self._fax = _CALLING_EVERY[0] <= tone.began - before.began <= _CALLING_EVERY[1]
        return self._fax


def _greeting_before(tone: Tone) -> float | None:
    """Seconds of greeting behind which a tone tells of a machine; None: behind none."""
    if not _RECORDING[0] <= tone.frequency <= _RECORDING[1] or tone.seconds > _LIKE_RECORDING_LASTS:
        return _GREETING
    return None if tone.seconds <= _RECORDING_LASTS else _LONG_GREETING
