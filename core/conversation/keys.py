"""Joins keys pressed in quick succession into one number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from core.contracts.transport import Digit, LegEvent

__all__ = ["number_pressed"]

_GAP_SECONDS: Final = 1.5  # keys pressed in quicker succession are one number
_MOST: Final = 32  # of one number; nobody is asked for a longer one


async def number_pressed(
    first: Digit, following: Callable[[float], Awaitable[LegEvent | None]], left: Callable[[], float]
) -> tuple[str, LegEvent | None]:
    """A 1 and a 0 pressed in quick succession are 10: they answer one question.

    A number also ends at the maximum duration, and its length is limited: otherwise endless keys would hold the line for ever.

    Args:
        first: the first key.
        following: returns the next event, or None after so many seconds without one.
        left: the seconds until the maximum duration.

    Returns:
        The keys, and the event that ended the number, if one did.
    """
    keys = first.digit
    while len(keys) < _MOST and (seconds := left()) > 0:
        event = await following(min(_GAP_SECONDS, seconds))
        if not isinstance(event, Digit):
            return keys, event
        keys += event.digit
    return keys, None
