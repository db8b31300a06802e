"""Calls as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row

__all__ = ["CallPage", "CallView"]


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
    created_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    done_at: datetime | None = Field(description="When the result was written.")
    cancel_requested: bool
    result: dict[str, Any] | None = Field(description="The call result, once the call is done.")

    @classmethod
    def of(cls, row: Row[Any]) -> CallView:
        """The view of a row of `calls`."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields if name != "sandbox"}, sandbox=row.transport == "sandbox")


class CallPage(BaseModel):
    """A page of calls, newest first; `next_cursor` is null on the last one."""

    calls: list[CallView]
    next_cursor: str | None
