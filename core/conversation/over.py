"""What ends a conversation from within one of its parts."""

from __future__ import annotations

from core.conversation.ending import EndReason

__all__ = ["BrainFailed", "Over"]


class Over(Exception):
    """The conversation is over, for this reason."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason)
        self.reason = reason


class BrainFailed(Exception):
    """The brain raised, or took too long."""
