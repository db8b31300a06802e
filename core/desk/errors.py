"""Errors of the agent desk.

DeskError
 +-- NotAtDesk      there is no such agent or hand-off, or not for this agent
 +-- DeskConflict   not possible now: somebody was faster, or the state does not allow it
 +-- BadAgent       a value of an agent cannot be used; `field` says which
"""

from __future__ import annotations

__all__ = ["BadAgent", "DeskConflict", "DeskError", "NotAtDesk"]


class DeskError(Exception):
    """The request cannot be carried out."""


class NotAtDesk(DeskError):
    """There is no such agent or hand-off."""


class DeskConflict(DeskError):
    """Not possible in the current state."""


class BadAgent(DeskError):
    """A value cannot be used."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail
