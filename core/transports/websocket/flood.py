"""How much a client may send: as many messages as 4 ms of sound each would make, about four times as much text as sound in real
time is, and some at once after a gap. Pure.
"""

from __future__ import annotations

from typing import Final

from core.kernel.rate import Throttle

__all__ = ["Flood"]

_MESSAGES: Final = 250.0  # a second
_MESSAGES_AT_ONCE: Final = 500.0
_CHARACTERS: Final = 131_072.0  # a second; sound in messages of 20 ms is about 30,000, in messages of 4 ms 75,000
_CHARACTERS_AT_ONCE: Final = 1_048_576.0  # half a minute of sound


class Flood:
    """Two token buckets of one client: messages, and their length. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._messages, self._characters = Throttle(_MESSAGES, _MESSAGES_AT_ONCE), Throttle(_CHARACTERS, _CHARACTERS_AT_ONCE)

    def admit(self, now: float, characters: int) -> bool:
        """Whether one more message of this length is within the limits; it is counted then."""
        return self._messages.left(now) >= 1 and self._characters.admit(now, characters) and self._messages.admit(now)
