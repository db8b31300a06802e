"""Which lines something was learned on: those of the sandbox, or real ones. What the two taught is never mixed."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["ALL", "REAL", "SANDBOX", "Lines", "lines_of"]

Lines = Literal["sandbox", "real"]

SANDBOX: Final = "sandbox"
"""Nobody was there: a rehearsal on a list of real people says nothing of them. Also the name of the transport."""
REAL: Final = "real"
"""Somebody may have been there: every other transport, test lines that end on this machine among them."""
ALL: Final = "all"
"""Said by an operator, a file or a program, of the number and not of a call: holds on both."""


def lines_of(transport: str) -> Lines:
    """The lines that a call by the transport of this name is on."""
    return SANDBOX if transport == SANDBOX else REAL
