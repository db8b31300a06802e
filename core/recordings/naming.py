"""The key of a recording in the storage. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from core.storage.settings import RECORDINGS

__all__ = ["recording_key"]


def recording_key(call_id: str, started_at: datetime) -> str:
    """`recordings/2026/03/04/CALL_ID.wav`, by the day (UTC) on which the call was placed: always the same for a call."""
    return f"{RECORDINGS}/{started_at.astimezone(UTC):%Y/%m/%d}/{call_id}.wav"
