"""Calls as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row

__all__ = ["CallPage", "CallView", "PrefetchView"]


class PrefetchView(BaseModel):
    """What came of the bot's CRM pre-fetch in this call, without the values (those stand in the result)."""

    outcome: Literal["asked", "ok", "failed"] = Field(description="`asked`: the CRM has not answered yet, or the call ended before.")
    at: datetime | None = Field(default=None, description="When the answer was there.")
    status: int | None = Field(default=None, description="The HTTP status; null if no answer came.")
    seconds: float = Field(default=0.0, description="How long it took, in real seconds.")
    error: str | None = Field(default=None, description="Why it failed.")
    missing: list[str] = Field(default=[], description="References of the address that had no value: then nothing is asked.")
    fields: list[str] = Field(default=[], description="Names of the fields that the CRM gave.")


_FIRST_AUDIO = "answer_to_first_audio_seconds"


class CallView(BaseModel):
    """A call; `result` once it is done."""

    call_id: str
    bot_id: str
    bot_version: int = Field(description="The version of the bot that the call runs.")
    state: Literal["placing", "ringing", "talking", "ended", "finishing", "done"]
    direction: Literal["outbound", "inbound"]
    to_number: str
    from_number: str | None
    transport: str
    sandbox: bool = Field(description="True: on the sandbox network, where no real phone rings.")
    idempotency_key: str | None
    purpose: Literal["service", "collection", "marketing", "survey"] | None = Field(
        description="What it is for; null if neither its dialout nor its bot says."
    )
    created_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    done_at: datetime | None = Field(description="When the result was written.")
    answer_to_first_audio_seconds: float | None = Field(
        description="From the answer to the bot's first sound; null until the call has ended, and where words are not spoken aloud."
    )
    cancel_requested: bool
    evidence: dict[str, Any] | None = Field(
        description="What the rules decided when it was dialled: pack, purpose, place, local times, counts, verdict (docs/rule-packs.md)."
    )
    prefetch: PrefetchView | None = Field(description="The CRM pre-fetch; null if the bot has none.")
    result: dict[str, Any] | None = Field(description="The call result, once the call is done.")

    @classmethod
    def of(cls, row: Row[Any]) -> CallView:
        """The view of a row of `calls`."""
        values = {name: getattr(row, name) for name in cls.model_fields if name not in {"sandbox", "prefetch", _FIRST_AUDIO}}
        asked = row.prefetch
        prefetch = None if asked is None else PrefetchView(**{**asked, "fields": list(asked.get("fields", ()))})
        return cls(**values, sandbox=row.transport == "sandbox", prefetch=prefetch, **{_FIRST_AUDIO: (row.ending or {}).get(_FIRST_AUDIO)})


class CallPage(BaseModel):
    """A page of calls, newest first; `next_cursor` is null on the last one."""

    calls: list[CallView]
    next_cursor: str | None
