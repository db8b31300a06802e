"""Whether something was learned from sandbox calls or from real calls. The two are never mixed."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["ALL", "REAL", "SANDBOX", "Lines", "lines_of"]

Lines = Literal["sandbox", "real"]

SANDBOX: Final = "sandbox"
"""Learned from sandbox calls: a rehearsal on a list of real people says nothing about them. Also the name of the transport."""
REAL: Final = "real"
"""Learned from calls by any other transport, including test lines that end on this machine."""
ALL: Final = "all"
"""Set by an operator, a file or a program, for the number and not for a call: holds for both."""


def lines_of(transport: str) -> Lines:
    """Whether a call by this transport counts as sandbox or real."""
    return SANDBOX if transport == SANDBOX else REAL
