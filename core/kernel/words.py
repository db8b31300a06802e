"""Numbers with their nouns, for sentences that people read."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 lead`, `2 leads`, `12,000 leads`.

    Args:
        number: how many.
        one: the singular.
        many: the plural; the singular plus s if left out.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
