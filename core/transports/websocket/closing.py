"""The codes that a connection is closed with, and their reasons. Codes of ours are 4000 and a status that people know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["Close", "Closing", "Refused"]

_LONGEST_REASON: Final = 123  # bytes: what fits into a close frame (RFC 6455, 5.5)


class Close(IntEnum):
    """Why a connection is closed (docs/transport-websocket.md)."""

    DONE = 1000
    STOPPING = 1001
    NOT_TEXT = 1003
    TOO_LARGE = 1009
    FAILED = 1011
    CROWDED = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FOREIGN_PAGE = 4403
    UNKNOWN_BOT = 4404
    TOO_SLOW = 4408
    TOO_FAST = 4429
    CLOSED_NOW = 4480
    NO_SEAT = 4486
    NO_VOICE = 4503


@dataclass(frozen=True)
class Closing:
    """How a connection is closed: its code, and a sentence for people."""

    code: int
    reason: str

    @property
    def sent_reason(self) -> str:
        """The reason, as much of it as fits into a close frame."""
        return self.reason.encode()[:_LONGEST_REASON].decode(errors="ignore")


class Refused(Exception):
    """The connection is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.closing = Closing(code, reason)
