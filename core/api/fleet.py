"""Health over HTTP: how many calls there are and how many more there could be. Nothing that identifies anyone."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from core.api.auth import TheEngine
from core.bots.store import read_bot
from core.calls.refusals import BotNotFound
from core.calls.store import bot_calls, count_by_state
from core.fleet.store import load

__all__ = ["router"]

router = APIRouter(tags=["health"])


class WorkerView(BaseModel):
    """A worker: calls it holds, calls it could hold, whether it drains, when it was last seen (real time)."""

    id: str
    calls: int
    max: int
    draining: bool
    last_seen: datetime


class FleetView(BaseModel):
    """The fleet as a whole. `calls_by_state` counts the calls that are placing, ringing and talking."""

    status: str
    fleet_max: int
    fleet_calls: int
    fleet_available: int
    workers: list[WorkerView]
    calls_by_state: dict[str, int]


@router.get("/health", summary="Whether this process answers")
async def health() -> dict[str, str]:
    """Always `{"status": "ok"}`."""
    return {"status": "ok"}


@router.get("/health/fleet", summary="Capacity: check before you dial")
async def health_fleet(engine: TheEngine, bot_id: str | None = None) -> FleetView:
    """How many calls can be placed now; with `bot_id`, also within that bot's own seats."""
    with engine.db.read() as connection:
        worker = load(connection, engine.worker_id)
        states = count_by_state(connection, engine.worker_id)
        available = worker.available if worker else 0
        if bot_id is not None:
            bot = read_bot(connection, bot_id)
            if bot is None:
                raise BotNotFound(bot_id)
            if bot.config.seats is not None:
                available = min(available, max(bot.config.seats - bot_calls(connection, bot_id), 0))
    if worker is None:
        return FleetView(status="no_workers", fleet_max=0, fleet_calls=0, fleet_available=0, workers=[], calls_by_state={})
    return FleetView(
        status="ok",
        fleet_max=worker.max,
        fleet_calls=worker.calls,
        fleet_available=available,
        workers=[WorkerView(id=worker.id, calls=worker.calls, max=worker.max, draining=worker.draining, last_seen=worker.seen_at)],
        calls_by_state=states,
    )
