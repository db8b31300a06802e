"""Who speaks when, from a transcript that says only when each line began. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Turn", "turns_of"]

_WORDS_PER_SECOND = 2.6  # as the sandbox's callees speak (docs/sandbox.md)
_SHORTEST = 0.25


@dataclass(frozen=True)
class Turn:
    """A turn of `bot` or `customer`: from and until, in seconds since the answer."""

    speaker: str
    begins: float
    ends: float


def turns_of(transcript: Iterable[Mapping[str, Any]], duration: float) -> list[Turn]:
    """The turns of a conversation, in order, without overlap, all within the call.

    A line lasts as long as its words take, but at most until the next one begins or the call ends.

    Args:
        transcript: lines with `speaker`, `text` and `timestamp`, in order.
        duration: of the call, in seconds.
    """
    lines = list(transcript)
    turns = []
    for number, line in enumerate(lines):
        begins = min(max(float(line["timestamp"]), 0.0), duration)
        following = float(lines[number + 1]["timestamp"]) if number + 1 < len(lines) else duration
        ends = min(begins + max(len(str(line["text"]).split()) / _WORDS_PER_SECOND, _SHORTEST), following, duration)
        if ends > begins:
            turns.append(Turn(str(line["speaker"]), begins, ends))
    return turns
