"""What can go wrong with voices."""

from __future__ import annotations

from core.contracts.transport import LegError

__all__ = ["VoiceError", "VoiceUnavailable"]


class VoiceError(LegError):
    """A speech provider failed; the message says which, and how."""


class VoiceUnavailable(Exception):
    """There is no voice for a call, so it is not to be placed or answered; the message says why, and what to do.

    Attributes:
        field: the setting of this half of a bot's voice that it is about, as `key`; "" if it is about none alone.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field
