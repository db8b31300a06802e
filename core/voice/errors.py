"""What can go wrong with voices."""

from __future__ import annotations

__all__ = ["VoiceError", "VoiceUnavailable"]


class VoiceError(Exception):
    """A speech provider failed; the message says which, and how."""


class VoiceUnavailable(Exception):
    """There is no voice for a call, so it is not to be placed or answered; the message says why, and what to do."""
