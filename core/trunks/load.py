"""What was going on on a trunk when a call left, and what a refusal is taken for. See `core.trunks.traffic`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Judgement", "Load"]


@dataclass(frozen=True)
class Load:
    """What was going on when a call left.

    Attributes:
        up: other calls on the trunk that were not refused.
        window: of these, how many had left within the second before.
        gap: seconds since the last of them left.
    """

    up: int
    window: int
    gap: float

    @property
    def pace(self) -> float:
        """Calls a second, this one included."""
        return max(self.window + 1.0 if self.window else 0.0, 1 / self.gap if self.gap > 0 else 0.0)


@dataclass(frozen=True)
class Judgement:
    """Whose fault a refusal is.

    Attributes:
        blame: the `callee`'s; the trunk's, which takes no more (`limit`); or the trunk takes nothing at all (`down`).
        channels: the calls at once are to be lowered.
        rate: the calls a second are to be lowered.
    """

    blame: Literal["callee", "limit", "down"]
    channels: bool = False
    rate: bool = False
