"""Calls over HTTP: place one, read one, list them, cancel one."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.exceptions import HTTPException

from core.access.keys import KeyInfo
from core.api.auth import AnyKey, TheEngine
from core.calls.cancel import cancel_call
from core.calls.dialout import DialoutRequest, dialout
from core.calls.store import CallFilter, list_calls, read_call

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["calls"])


class DialoutBody(BaseModel):
    """Body of a dialout; unknown fields are ignored."""

    bot_id: str = Field(description="Bot ID.", examples=["loan-reminder"])
    to_number: str = Field(description="Customer phone number, E.164 recommended.", examples=["+12025550143"], max_length=64)
    from_number: str | None = Field(default=None, description="Caller ID / DID; the trunk's default number if left out.", max_length=64)
    variables: dict[str, Any] = Field(
        default={}, description="CRM data, `{{crm.field_name}}` in prompts.", examples=[{"customer_name": "Rahul Sharma"}]
    )


class DialoutAnswer(BaseModel):
    """Answer of a dialout that was placed."""

    status: str = "ok"
    call_id: str


class CallView(BaseModel):
    """A call as the API shows it; `result` once it is done."""

    call_id: str
    bot_id: str
    bot_version: int
    state: str
    direction: str
    to_number: str
    from_number: str | None
    transport: str
    sandbox: bool
    idempotency_key: str | None
    created_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    result: dict[str, Any] | None

    @classmethod
    def of(cls, row: Row[Any]) -> CallView:
        """The view of a row of `calls`."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields if name != "sandbox"}, sandbox=row.transport == "sandbox")


class CallPage(BaseModel):
    """A page of calls, newest first; `next_cursor` is null on the last one."""

    calls: list[CallView]
    next_cursor: str | None


@router.post("/sip/dialout", summary="Trigger an outbound call")
async def post_dialout(
    body: DialoutBody,
    key: AnyKey,
    engine: TheEngine,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> DialoutAnswer:
    """Place a call now. There is no queue: without a free seat the answer is 503 with `Retry-After`."""
    request = DialoutRequest(body.bot_id, body.to_number, body.from_number, body.variables, idempotency_key)
    return DialoutAnswer(call_id=await dialout(engine, key, request))


@router.get("/calls/{call_id}", summary="Read a call")
async def get_call(call_id: str, key: AnyKey, engine: TheEngine) -> CallView:
    """The state of a call and, once it is done, its result."""
    return CallView.of(_visible(engine, key, call_id))


@router.get("/calls", summary="List calls")
async def get_calls(
    key: AnyKey,
    engine: TheEngine,
    state: str | None = None,
    bot_id: str | None = None,
    to_number: str | None = None,
    idempotency_key: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> CallPage:
    """Calls of the bots that the key may use, newest first."""
    wanted = CallFilter(
        state,
        bot_id,
        to_number,
        idempotency_key,
        api_key_id=key.id if idempotency_key else None,
        bots=None if key.bots is None else tuple(key.bots),
    )
    with engine.db.read() as connection:
        rows = list_calls(connection, wanted, after=_read_cursor(cursor) if cursor else None, limit=limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    return CallPage(calls=[CallView.of(row) for row in rows], next_cursor=_make_cursor(rows[-1]) if more else None)


@router.post("/calls/{call_id}/cancel", summary="End a call")
async def post_cancel(call_id: str, key: AnyKey, engine: TheEngine) -> CallView:
    """End a call wherever it is: before it rings, while it rings or talks; one that is over stays as it is."""
    _visible(engine, key, call_id)
    await cancel_call(engine, call_id)
    return CallView.of(_visible(engine, key, call_id))


def _visible(engine: TheEngine, key: KeyInfo, call_id: str) -> Row[Any]:
    with engine.db.read() as connection:
        row = read_call(connection, call_id)
    if row is None or not key.may_use(row.bot_id):
        raise HTTPException(404, "There is no such call that this key may see.")
    return row


def _make_cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.created_at.isoformat(), row.call_id]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, call_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(call_id, str):
            raise ValueError(cursor)
    except (ValueError, TypeError, UnicodeDecodeError):
        raise HTTPException(422, "cursor: is not one that a page of calls gave; start again without it") from None
    return moment, call_id
