"""Deliveries over HTTP: what was pushed, each attempt at it, and trying dead ones again.

An admin key sees and replays all of them. A dialout key sees those of the calls of its bots, and replays those of the
calls that it placed itself: so a backend can keep its own books (a campaign's parity ledger does), and no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.exceptions import HTTPException

from core.access.keys import KeyInfo
from core.api.auth import AnyKey, TheEngine
from core.api.bodies import StrictBody, body_schema, read_model
from core.api.openapi import answers
from core.api.paging import make_cursor, read_cursor
from core.calls.engine import Engine
from core.calls.refusals import FieldProblem, InvalidRequest
from core.deliveries.outbox import Kind
from core.deliveries.queries import (
    AttemptInfo,
    DeliveryFilter,
    DeliveryInfo,
    attempts_of,
    find_delivery,
    list_deliveries,
    replay,
    replay_dead,
)

__all__ = ["MOST_CALLS", "router"]

router = APIRouter(prefix="/api/v1/deliveries", tags=["deliveries"])

MOST_CALLS: Final = 100
"""Most `call_id`s of one request."""

State = Literal["pending", "delivered", "dead", "skipped"]
_REPLAYED: Final = "The delivery is {state}: only a dead one can be replayed."


class DeliveryView(BaseModel):
    """A push; `skipped` if the bot does not push such outcomes (`last_error` says so).

    `url` is shown without its query, which may hold a token; `last_status` is the receiver's last answer.
    """

    id: str = Field(description="Also its `webhook-id`.")
    call_id: str
    bot_id: str
    kind: Kind
    method: str
    url: str
    destination: str
    state: State
    attempts: int = Field(description="Since it was made or replayed.")
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="Null once it is over.")
    expires_at: datetime
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None

    @classmethod
    def of(cls, info: DeliveryInfo) -> DeliveryView:
        """The view of a delivery."""
        values = {name: getattr(info, name) for name in cls.model_fields}
        values["url"] = info.url.partition("?")[0]
        values["next_attempt_at"] = info.next_attempt_at if info.state == "pending" else None
        return cls(**values)


class AttemptView(BaseModel):
    """One attempt: what the receiver answered, how fast, and the beginning of its answer's body."""

    at: datetime
    status: int | None
    latency_ms: float
    error: str | None
    response: str | None

    @classmethod
    def of(cls, info: AttemptInfo) -> AttemptView:
        """The view of an attempt."""
        return cls(**{name: getattr(info, name) for name in cls.model_fields})


class DeliveryDetail(DeliveryView):
    """A push with every attempt at it, in order."""

    attempt_list: list[AttemptView]


class DeliveryPage(BaseModel):
    """A page of deliveries, newest first; `next_cursor` is null on the last one."""

    deliveries: list[DeliveryView]
    next_cursor: str | None


class ReplayBody(StrictBody):
    """Which dead deliveries: every one that all of these let through; `all` for no restriction."""

    all: bool = Field(default=False, description="Every dead delivery that the key may replay.")
    kind: Kind | None = None
    bot_id: str | None = Field(default=None, max_length=64)
    destination: str | None = Field(default=None, max_length=300, description="As lists show it: `host:port`.")
    call_ids: list[str] | None = Field(default=None, min_length=1, max_length=1000)
    created_since: AwareDatetime | None = None
    created_until: AwareDatetime | None = Field(default=None, description="Not included.")


class Replayed(BaseModel):
    """How many are pending again."""

    replayed: int


@router.get("", summary="List deliveries", responses=answers(401, 422))
async def get_deliveries(
    key: AnyKey,
    engine: TheEngine,
    state: State | None = None,
    kind: Kind | None = None,
    bot_id: str | None = None,
    destination: str | None = None,
    call_id: Annotated[list[str] | None, Query(description="One or several calls.", max_length=MOST_CALLS)] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeliveryPage:
    """Deliveries of the calls of the bots that the key may use, newest first."""
    calls = None if call_id is None else tuple(call_id)
    which = DeliveryFilter(state=state, kind=kind, bot_id=bot_id, destination=destination, call_ids=calls, bots=_visible(key))
    before = read_cursor(cursor) if cursor is not None else None
    with engine.db.read() as connection:
        rows = list_deliveries(connection, which, limit=limit + 1, before=before)
    page, more = rows[:limit], len(rows) > limit
    next_cursor = make_cursor(page[-1].created_at, page[-1].id) if more else None
    return DeliveryPage(deliveries=[DeliveryView.of(row) for row in page], next_cursor=next_cursor)


@router.post(
    "/replay",
    summary="Replay dead deliveries",
    responses=answers(401, 413, 422),
    openapi_extra=body_schema(ReplayBody, {"destination": "your-crm.com:443"}),
)
async def post_replay_many(request: Request, key: AnyKey, engine: TheEngine) -> Replayed:
    """Make dead deliveries pending again, due at once, under the same `webhook-id`; delivered and pending ones are left alone."""
    body = await read_model(request, ReplayBody)
    if not body.all and not body.model_dump(exclude={"all"}, exclude_none=True):
        raise InvalidRequest([FieldProblem("body", 'it does not say which: name some, or send {"all": true}', "empty")])
    own = _own(key)
    which = DeliveryFilter(
        kind=body.kind,
        bot_id=body.bot_id,
        destination=body.destination,
        call_ids=None if body.call_ids is None else tuple(body.call_ids),
        created_since=body.created_since,
        created_until=body.created_until,
        bots=own.bots,
        api_key_id=own.api_key_id,
    )
    with engine.db.write() as connection:
        number = replay_dead(connection, which, engine.clock.now(), engine.push_max_age)
    engine.wake_deliveries()
    return Replayed(replayed=number)


@router.get("/{delivery_id}", summary="Read a delivery", responses=answers(401, 404, 422))
async def get_delivery(delivery_id: str, key: AnyKey, engine: TheEngine) -> DeliveryDetail:
    """One delivery with every attempt at it."""
    return _detail(engine, delivery_id, DeliveryFilter(bots=_visible(key)))


@router.post("/{delivery_id}/replay", summary="Replay a dead delivery", responses=answers(401, 404, 409, 422))
async def post_replay(delivery_id: str, key: AnyKey, engine: TheEngine) -> DeliveryDetail:
    """Make a dead delivery pending again, due at once, under the same `webhook-id`. One that arrived is never sent again."""
    which = _own(key)
    before = _detail(engine, delivery_id, which)
    with engine.db.write() as connection:
        done = replay(connection, [delivery_id], engine.clock.now(), engine.push_max_age)
    if not done:
        raise HTTPException(409, _REPLAYED.format(state=before.state))
    engine.wake_deliveries()
    return _detail(engine, delivery_id, which)


def _own(key: KeyInfo) -> DeliveryFilter:
    """The deliveries that the key may replay."""
    return DeliveryFilter() if key.role == "admin" else DeliveryFilter(bots=key.bots, api_key_id=key.id)


def _visible(key: KeyInfo) -> tuple[str, ...] | None:
    """The bots of whose calls the key sees the deliveries; None: all."""
    return None if key.role == "admin" else key.bots


def _detail(engine: Engine, delivery_id: str, which: DeliveryFilter) -> DeliveryDetail:
    with engine.db.read() as connection:
        info = find_delivery(connection, delivery_id, which)
        attempts = attempts_of(connection, delivery_id)
    if info is None:
        raise HTTPException(404, "There is no such delivery that this key may see.")
    return DeliveryDetail(**DeliveryView.of(info).model_dump(), attempt_list=[AttemptView.of(attempt) for attempt in attempts])
