"""Health over HTTP: how many calls there are and how many more there could be. Nothing that identifies anyone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from core.api.auth import KeyIfAsked, TheEngine
from core.api.health import OrUnavailable
from core.api.openapi import answers
from core.bots.store import StoredBot, read_bot
from core.calls.capacity import capacity, why_no_trunk
from core.calls.engine import count_by_state
from core.calls.refusals import BotNotFound
from core.fleet.store import WorkerLoad, live_workers

__all__ = ["router"]

router = APIRouter(tags=["health"], route_class=OrUnavailable)


class Health(BaseModel):
    """This process answers."""

    status: Literal["ok"] = "ok"


class WorkerView(BaseModel):
    """A worker: calls it holds, calls it could hold, whether it drains, when it was last seen (real time)."""

    id: str
    calls: int
    max: int
    draining: bool
    last_seen: datetime


class FleetView(BaseModel):
    """The fleet."""

    status: Literal["ok", "draining", "no_workers"] = Field(
        description="`ok`; `draining` if the worker that answers takes no new calls; `no_workers` if it was retired."
    )
    fleet_max: int = Field(description="Seats of all workers.")
    fleet_calls: int = Field(description="Calls of all workers.")
    fleet_available: int = Field(description="Dialouts that this address takes now: send no more than these.")
    held: str | None = Field(
        default=None, description="With `bot_id`: why no call goes out on the bot's trunk now, in a sentence; null if calls do."
    )
    workers: list[WorkerView]
    calls_by_state: dict[str, int] = Field(description="Calls of the worker that answers: placing, ringing, talking.")


@router.get("/health", summary="Whether this process answers")
async def health() -> Health:
    """Always the same."""
    return Health()


@router.get(
    "/health/fleet",
    summary="Capacity: check before you dial",
    responses=answers(401, 404, 422, 503),
    response_model_exclude_unset=True,
)
async def health_fleet(engine: TheEngine, key: KeyIfAsked, bot_id: str | None = None) -> FleetView:
    """How many calls can be placed now; with `bot_id`, and then with an API key, also within that bot's own seats.

    503 if that cannot be told now, because the database is away: it says nothing of the capacity; ask again later.
    """
    with engine.db.read() as connection:
        bot: StoredBot | None = None
        if bot_id is not None:
            bot = read_bot(connection, bot_id) if key is not None and key.may_use(bot_id) else None
            if bot is None:
                raise BotNotFound(bot_id)
        workers = live_workers(connection, engine.wall())
        this = next((worker for worker in workers if worker.id == engine.worker_id), None)
        available = capacity(connection, engine, this, bot, engine.clock.now()).available
        held = {} if bot is None else {"held": why_no_trunk(connection, engine, bot, engine.clock.now())}
    return FleetView(
        status=_status(this),
        fleet_max=sum(worker.max for worker in workers),
        fleet_calls=sum(worker.calls for worker in workers),
        fleet_available=available,
        **held,
        workers=[WorkerView(id=w.id, calls=w.calls, max=w.max, draining=w.draining, last_seen=w.seen_at) for w in workers],
        calls_by_state=count_by_state(engine.runs.values()),
    )


def _status(worker: WorkerLoad | None) -> Literal["ok", "draining", "no_workers"]:
    if worker is None:
        return "no_workers"
    return "draining" if worker.draining else "ok"
