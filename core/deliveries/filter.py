"""Which calls a bot pushes: the `only` of its post-call push. Pure."""

from __future__ import annotations

from core.bots.config import PushFilter
from core.contracts.call_result import CallResult
from core.templates.lookup import normalised

__all__ = ["why_not_pushed"]


def why_not_pushed(only: PushFilter, result: CallResult) -> str | None:
    """Why the bot does not push this call; None if it does. Everything that the filter says must hold."""
    if only.dispositions and normalised(result.disposition) not in map(normalised, only.dispositions):
        return f"not pushed: post_call_push.only.dispositions does not have {result.disposition}"
    if only.disconnected_by and result.disconnected_by not in only.disconnected_by:
        return f"not pushed: post_call_push.only.disconnected_by does not have {result.disconnected_by}"
    connected = result.answered_at is not None
    if only.connected is not None and only.connected != connected:
        return f"not pushed: post_call_push.only.connected is {str(only.connected).lower()}"
    return None
