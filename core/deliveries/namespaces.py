"""What the templates of a key mapper can name, from the result of a call.

{{crm.*}}       the variables of the dialout, as given, and what the CRM pre-fetch gave
{{call.*}}      the call itself: the fields of `_call` below, and what the `connected` message of a WebSocket call said
{{result.*}}    every field of the call result, by its own name (docs/results.md)
{{analysis.*}}  the fields of its post_call_analysis
"""

from __future__ import annotations

from typing import Any

from core.bots.config import BotConfig
from core.contracts.call_result import CallResult
from core.prefetch.merge import merged
from core.templates.fields import added_fields

__all__ = ["namespaces_of"]


def namespaces_of(result: CallResult, config: BotConfig) -> dict[str, dict[str, Any]]:
    """The namespaces of a call result: plain JSON values. Pure.

    Args:
        result: the result.
        config: the bot as it was in that call.
    """
    precedence = config.prefetch.precedence if config.prefetch else "variables"
    document = result.model_dump(mode="json")
    return {
        "crm": merged(result.variables, result.prefetched, precedence),
        "call": added_fields(result.connected_event) | _call(result, document) | {"bot_name": config.name},
        "result": document,
        "analysis": dict(result.post_call_analysis or {}),
    }


def _call(result: CallResult, document: dict[str, Any]) -> dict[str, Any]:
    ours, theirs = result.from_number, result.caller_id
    outbound = result.direction == "outbound"
    return {
        "call_id": result.session_id,
        "session_id": result.session_id,
        "bot_id": result.bot_id,
        "direction": result.direction,
        "to_number": theirs if outbound else ours,
        "from_number": ours if outbound else theirs,
        "customer_number": theirs,
        "caller_id": theirs,
        "duration": result.call_duration_seconds,
        "recording_url": result.recording_url,
        "recording_key": result.recording_key,
        "transport": result.transport,
        "sandbox": result.sandbox,
        **{name: document[name] for name in ("started_at", "ringing_at", "answered_at", "ended_at")},
    }
