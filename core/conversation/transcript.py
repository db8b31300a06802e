"""The transcript of a conversation, in seconds since the answer."""

from __future__ import annotations

from datetime import datetime

from core.conversation.brain import TranscriptLine
from core.kernel.clock import Clock

__all__ = ["Transcript"]


class Transcript:
    """Lines in the order they began; times count from `answered_at`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answered_at: datetime = clock.now()
        self._lines: list[TranscriptLine] = []

    @property
    def seconds(self) -> float:
        """Seconds since the answer, until now."""
        return (self._clock.now() - self._answered_at).total_seconds()

    @property
    def lines(self) -> tuple[TranscriptLine, ...]:
        """The lines so far."""
        return tuple(self._lines)

    def bot(self, spoken: str, began: float, *, completed: bool) -> None:
        """Add what the bot said, from second `began` on; only what was actually played is included."""
        if spoken.strip():
            self._add(TranscriptLine("bot", spoken.strip(), began, {} if completed else {"interrupted": True}))

    def customer(self, text: str, took: float, *, barged_in: bool = False) -> None:
        """Add what the callee said, which has just ended and took this many seconds."""
        self._add(TranscriptLine("customer", text, self.seconds - took, {"barged_in": True} if barged_in else {}))

    def _add(self, line: TranscriptLine) -> None:
        earliest = self._lines[-1].timestamp if self._lines else 0.0
        line.timestamp = round(max(line.timestamp, earliest), 3)
        self._lines.append(line)
