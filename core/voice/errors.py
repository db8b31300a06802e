"""Errors of voices."""

from __future__ import annotations

from core.contracts.transport import LegError

__all__ = ["VoiceError", "VoiceUnavailable"]


class VoiceError(LegError):
    """A speech provider failed; the message says which, and how."""


class VoiceUnavailable(Exception):
    """No voice is available for a call, so it must not be placed or answered; the message says why, and what to do.

    Attributes:
        field: the setting of the bot's stt or tts that is at fault, such as `key`; "" if no single one is.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field
