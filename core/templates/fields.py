"""The fields of `{{call.*}}`: one list, for what fills them, what checks templates, and docs/templates.md."""

from __future__ import annotations

from typing import Final

__all__ = ["CALL_FIELDS", "CALL_FIELDS_AT_THE_END"]

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
"""Known from the start of a call on."""
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
"""Known once it is over, so in key mappers only."""
