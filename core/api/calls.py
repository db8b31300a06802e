"""Calls over HTTP: read one, list them, cancel one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from core.access.keys import KeyInfo
from core.api.auth import AnyKey, TheEngine
from core.api.filters import read_filter
from core.api.openapi import answers
from core.api.paging import make_cursor, read_cursor
from core.api.recordings import views_of
from core.api.views import CallPage, CallView
from core.calls.cancel import cancel_call
from core.calls.engine import Engine
from core.calls.store import list_calls, read_call
from core.kernel.statements import AnyRow

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])


@router.get("/{call_id}", summary="Read a call", responses=answers(401, 404, 422))
async def get_call(call_id: str, key: AnyKey, engine: TheEngine) -> CallView:
    """The state of a call and, once it is done, its result."""
    return views_of(engine, [_visible(engine, key, call_id)])[0]


@router.get("", summary="List calls", responses=answers(401, 422))
async def get_calls(
    key: AnyKey,
    engine: TheEngine,
    state: Annotated[list[str], Query(description="One or several states.")] = [],  # noqa: B006 (FastAPI copies it)
    bot_id: str | None = None,
    to_number: Annotated[str | None, Query(description="E.164.")] = None,
    created_since: Annotated[str | None, Query(description="ISO 8601 with its offset; included.")] = None,
    created_until: Annotated[str | None, Query(description="ISO 8601 with its offset; not included.")] = None,
    idempotency_key: Annotated[str | None, Query(description="The Idempotency-Key of a dialout with this API key.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> CallPage:
    """Calls of the bots that the key may use, newest first."""
    wanted = read_filter(
        key,
        states=state,
        bot_id=bot_id,
        to_number=to_number,
        created_since=created_since,
        created_until=created_until,
        idempotency_key=idempotency_key,
    )
    after = read_cursor(cursor) if cursor is not None else None
    engine.calls.catch_up()
    with engine.db.read() as connection:
        rows = list_calls(connection, wanted, after=after, limit=limit + 1)
    page, more = rows[:limit], len(rows) > limit
    next_cursor = make_cursor(page[-1].created_at, page[-1].call_id) if more else None
    return CallPage(calls=views_of(engine, page), next_cursor=next_cursor)


@router.post("/{call_id}/cancel", summary="End a call", responses=answers(401, 404, 422))
async def post_cancel(call_id: str, key: AnyKey, engine: TheEngine) -> CallView:
    """End a call wherever it is: before it rings, while it rings or talks; one that is over stays as it is.

    The answer shows the call as it is at once; it ends a moment later.
    """
    _visible(engine, key, call_id)
    await cancel_call(engine, call_id)
    return views_of(engine, [_visible(engine, key, call_id)])[0]


def _visible(engine: Engine, key: KeyInfo, call_id: str) -> AnyRow:
    with engine.db.read() as connection:
        row = read_call(connection, call_id)
    if row is None or not key.may_use(row.bot_id):
        raise HTTPException(404, "There is no such call that this key may see.")
    return row
