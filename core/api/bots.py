"""Bots over HTTP, as far as callers need them: whether one is open now."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from core.api.auth import AnyKey, TheEngine
from core.api.openapi import answers
from core.bots.store import read_bot
from core.calls.refusals import BotNotFound
from core.kernel.hours import UnknownTimeZoneError, check_time_zone, is_open, next_closing, next_opening

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/bots", tags=["bots"])


class Availability(BaseModel):
    """Whether a bot is inside its active hours; `closes_at` if it is, `opens_at` if not (null: never)."""

    bot_id: str
    open: bool
    time_zone: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@router.get("/{bot_id}/availability", summary="Open, or closed until when", responses=answers(401, 404, 422))
async def availability(bot_id: str, key: AnyKey, engine: TheEngine) -> Availability:
    """Whether the bot may call now, and when that changes."""
    with engine.db.read() as connection:
        bot = read_bot(connection, bot_id) if key.may_use(bot_id) else None
    if bot is None:
        raise BotNotFound(bot_id)
    hours, zone, now = bot.config.active_hours, bot.config.time_zone, engine.clock.now()
    try:
        check_time_zone(zone)
    except UnknownTimeZoneError:  # then no dialout goes out either
        return Availability(bot_id=bot_id, open=False, time_zone=zone)
    if is_open(hours, zone, now):
        return Availability(bot_id=bot_id, open=True, time_zone=zone, closes_at=next_closing(hours, zone, now))
    return Availability(bot_id=bot_id, open=False, time_zone=zone, opens_at=next_opening(hours, zone, now))
