"""The call result: the schema of the integration guide, and documented fields of ours beside it (docs/results.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

__all__ = ["CallResult", "DisconnectedBy", "Fault", "TranscriptEntry"]

DisconnectedBy = Literal[
    "bot", "customer", "voicemail", "RNR", "outside_hours", "no_answer", "rejected", "timeout", "transfer_to_agent", "error"
]
Fault = Literal["callee", "trunk", "unknown"]


class TranscriptEntry(BaseModel):
    """A line of the transcript; `timestamp` is in seconds since the answer."""

    speaker: Literal["bot", "customer"]
    text: str
    timestamp: float


class CallResult(BaseModel):
    """What came out of one call."""

    # the guide's fields
    session_id: str = Field(description="Unique call identifier: the `call_id` that dialout returned.")
    caller_id: str = Field(description="Customer phone number.")
    from_number: str | None = Field(description="Caller ID / DID used on the call leg.")
    call_duration_seconds: float = Field(description="Total call length, from the answer on; 0 if never answered.")
    disconnected_by: DisconnectedBy
    transcript: list[TranscriptEntry] = []
    recording_url: str | None = None
    recording_key: str | None = None
    post_call_analysis: dict[str, Any] | None = None
    was_transferred: bool = False
    transfer_destination: str | None = None
    transfer_target: str | None = None
    transfer_reason: str | None = None
    transfer_method: str | None = None
    transfer_at: float | None = None
    transfer_failed_reason: str | None = None

    # ours
    bot_id: str
    bot_version: int
    direction: Literal["outbound", "inbound"] = "outbound"
    idempotency_key: str | None = Field(default=None, description="The Idempotency-Key of the dialout.")
    disposition: str = Field(description="One word for what came of it, for people and CRMs.")
    remarks: str = Field(default="", description="One sentence about it.")
    end_reason: str = Field(description="Why exactly it ended, finer than `disconnected_by`; see docs/results.md.")
    sip_status: int | None = Field(default=None, description="Final SIP status; 200 if answered.")
    sip_reason: str | None = None
    phone_rang: bool = Field(
        description="Whether the callee's phone rang: the network said so (SIP 18x), or the call was answered. True if unknown."
    )
    fault: Fault | None = Field(default=None, description="Whose fault a failure was; null if none.")
    may_have_been_dialled: bool = Field(default=False, description="True if nobody can know whether the call left.")
    started_at: datetime = Field(description="When the call was placed.")
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime
    transport: str
    sandbox: bool = Field(default=False, description="True if the call was on the sandbox network: no real phone rang.")
    variables: dict[str, Any] = Field(
        default_factory=dict, description="The variables of the dialout, as given; of a WebSocket call, its own fields of `connected`."
    )
    evidence: dict[str, Any] | None = Field(
        default=None, description="What the rules decided when the call was dialled (docs/rule-packs.md); null for inbound calls."
    )
    connected_event: dict[str, Any] | None = Field(
        default=None, description="What the `connected` message of a WebSocket call said; null for other calls."
    )
    prefetched: dict[str, Any] | None = Field(
        default=None, description="What the bot's CRM pre-fetch gave; null if it has none, or nothing usable came."
    )
