"""How long to wait for speech that has stalled. Pure: time is an argument.

A synthesis that hangs reports nothing, and the callee hears nothing, so the playout is watched.
"""

from __future__ import annotations

from typing import Literal

from core.voice.line import Sound

__all__ = ["Patience"]

_TURN_SECONDS = 10.0
"""How long to wait for the callee to fall silent before our words count as not said."""
_FIRST_SOUND_SECONDS = 12.0
"""How long the first sound may take in silence: two tries, or one and the restart of a dead process."""
_MORE_SOUND_SECONDS = 4.0
"""How long a speech may stall in the middle."""


class Patience:
    """Watches one speech.

    Args:
        now: seconds, on any scale.
    """

    def __init__(self, now: float) -> None:
        self._began = self._moved = now
        self._played = -1

    def look(self, now: float, sound: Sound | None, *, callee_speaks: bool) -> Literal["callee", "stuck"] | None:
        """Why to give it up: the callee does not let us speak, or no sound comes; None while waiting is right."""
        if sound is None:
            if callee_speaks:
                self._moved = now
                return "callee" if now - self._began >= _TURN_SECONDS else None
            return "stuck" if now - self._moved >= _FIRST_SOUND_SECONDS else None
        if sound.played != self._played or sound.whole or sound.interrupted or sound.played < sound.written:
            self._played, self._moved = sound.played, now
            return None
        return "stuck" if now - self._moved >= _MORE_SOUND_SECONDS else None
