"""Problems with a lead file as a whole, or with one cell of it.

LeadFileError        the whole file is unusable: no phone column, empty, not a text file ...
ImportInProgress     another process is importing into the same campaign
CellProblem          one cell is unusable: only its row is rejected
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CellProblem", "ImportInProgress", "LeadFileError", "Problem"]


class LeadFileError(Exception):
    """No row of the file can be used.

    Attributes:
        reason: what is wrong with the file.
        advice: what to do about it.
        looked_at: what was examined before giving up, one sentence an item.
    """

    def __init__(self, reason: str, advice: str, looked_at: Sequence[str] = ()) -> None:
        self.reason, self.advice, self.looked_at = reason, advice, tuple(looked_at)
        super().__init__("\n".join([f"{reason} {advice}", *(f"  - {item}" for item in self.looked_at)]))

    def __reduce__(self) -> tuple[type[LeadFileError], tuple[str, str, tuple[str, ...]]]:
        """Picklable, since it may come from another process."""
        return type(self), (self.reason, self.advice, self.looked_at)


class ImportInProgress(Exception):
    """Another process is importing a lead file into this campaign."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row or a cell cannot be used, and what to do. Two sentences that do not contain the cell."""

    reason: str
    advice: str


class CellProblem(Exception):
    """A cell cannot be used; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.reason} {problem.advice}")
