"""The last moment before a call leaves: it waits for its turn on the trunk, and is looked at once more if it had to."""

from __future__ import annotations

from datetime import datetime

from core.bots.config import BotConfig
from core.calls.gates import check_hours
from core.calls.outcome import Ending
from core.calls.refusals import NotNow
from core.engine import Engine
from core.kernel.clock import Signal
from core.kernel.numbers import split_key
from core.suppressions.store import is_suppressed
from core.transports.base import PlaceOrder
from core.trunks.store import give_back_turn

__all__ = ["await_departure"]


async def await_departure(engine: Engine, turn: datetime, order: PlaceOrder, bot: BotConfig, cancelled: Signal) -> Ending | None:
    """Wait until the call may leave; None once it may, which must be at once then.

    Returns its ending if it may not leave any more: it was cancelled, or while it waited the hours closed or the number
    was suppressed. Nobody was called then.

    Args:
        engine: the process's call engine.
        turn: when the call may leave, by the trunk's rate.
        order: the call.
        bot: the bot.
        cancelled: set if it is not wanted any more.
    """
    wait = (turn - engine.clock.now()).total_seconds()
    if wait > 0:
        await cancelled.wait(wait)
    ending = None
    if cancelled.is_set():
        ending = Ending("error", "cancelled", phone_rang=False)
    elif wait > 0:
        ending = _not_any_more(engine, order, bot)
    if ending is not None:
        with engine.db.write() as connection:
            give_back_turn(connection, order.trunk, turn)
    return ending


def _not_any_more(engine: Engine, order: PlaceOrder, bot: BotConfig) -> Ending | None:
    with engine.db.read() as connection:
        if is_suppressed(connection, split_key(order.to_number)[0]):
            return Ending("error", "suppressed", phone_rang=False)
    try:
        check_hours(bot, order.to_number, engine.clock.now())
    except NotNow as closed:
        return Ending("outside_hours", closed.reason, phone_rang=False)
    return None
