"""Why a trunk or a number cannot be kept as it was given.

TrunkError
 +-- UnknownTrunk     there is no trunk, or no number, of that name
 +-- TrunkConflict    it cannot be done as things stand
 +-- BadTrunk         a value cannot be used
      +-- BadNumbers  several numbers of a list cannot be used
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BadNumbers", "BadTrunk", "TrunkConflict", "TrunkError", "UnknownTrunk"]


class TrunkError(Exception):
    """A trunk or a number cannot be kept like this."""


class UnknownTrunk(TrunkError):
    """There is no trunk of this name, or no such number on it."""


class TrunkConflict(TrunkError):
    """It cannot be done as things stand."""


class BadTrunk(TrunkError):
    """A value cannot be used.

    Attributes:
        field: the setting.
        detail: what is wrong with it.
        problems: each field with what is wrong with it: one, unless it is a `BadNumbers`.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail
        self.problems: tuple[tuple[str, str], ...] = ((field, detail),)


class BadNumbers(BadTrunk):
    """Numbers of a list cannot be used: every problem of the list.

    Args:
        problems: each field with what is wrong with it; at least one.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(problems[0][0], ". ".join(detail for _, detail in problems))
        self.problems = tuple(problems)
