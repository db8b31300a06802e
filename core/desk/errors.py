"""What cannot be done at the desk.

DeskError
 +-- NotAtDesk      there is no such agent or hand-off, or not for this agent
 +-- DeskConflict   not as things stand: somebody was faster, or it is in another state
 +-- BadAgent       a value of an agent cannot be used; `field` says which
"""

from __future__ import annotations

__all__ = ["BadAgent", "DeskConflict", "DeskError", "NotAtDesk"]


class DeskError(Exception):
    """It cannot be done."""


class NotAtDesk(DeskError):
    """There is no such agent or hand-off."""


class DeskConflict(DeskError):
    """Not as things stand."""


class BadAgent(DeskError):
    """A value cannot be used."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail
