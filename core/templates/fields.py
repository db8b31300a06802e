"""The fields of `{{call.*}}`: one list for filling them, checking templates, and docs/templates.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.templates.lookup import normalised
from core.templates.values import stringify

__all__ = ["CALL_FIELDS", "CALL_FIELDS_AT_THE_END", "added_fields"]

CALL_FIELDS: Final = (
    "call_id",
    "session_id",
    "bot_id",
    "bot_name",
    "direction",
    "to_number",
    "from_number",
    "customer_number",
    "caller_id",
    "started_at",
)
"""Known from the start of a call."""
CALL_FIELDS_AT_THE_END: Final = (
    "duration",
    "ringing_at",
    "answered_at",
    "ended_at",
    "recording_url",
    "recording_key",
    "transport",
    "sandbox",
)
"""Known once the call is over, so in key mappers only."""

_OURS: Final = frozenset(map(normalised, (*CALL_FIELDS, *CALL_FIELDS_AT_THE_END)))


def added_fields(connected: Mapping[str, Any] | None) -> dict[str, str]:
    """Adds to `{{call.*}}`, as text, what the `connected` message of a WebSocket call carries. Our own fields cannot be overwritten,
    however their names are spelt.
    """
    return {name: stringify(value) for name, value in (connected or {}).items() if normalised(name) not in _OURS}
