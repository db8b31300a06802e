"""Words around numbers, for sentences that people read."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 lead`, `2 leads`, `12,000 leads`.

    Args:
        number: how many.
        one: the word for one.
        many: the word for several; with an s at its end if left out.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
