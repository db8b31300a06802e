"""The last moments before a call leaves: the CRM is asked, it waits for its turn on the trunk, and is looked at once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.bots.config import BotConfig
from core.calls.gates import check_hours
from core.calls.outcome import Ending
from core.calls.refusals import NotNow
from core.engine import Engine
from core.kernel.clock import Signal
from core.kernel.numbers import split_key
from core.suppressions.store import is_suppressed
from core.transports.base import PlaceOrder
from core.trunks.pacing import TrunkPacer

__all__ = ["await_departure"]


async def await_departure(
    engine: Engine,
    pacer: TrunkPacer,
    order: PlaceOrder,
    bot: BotConfig,
    cancelled: Signal,
    prefetch: Callable[[], Awaitable[Ending | None]],
) -> Ending | None:
    """Wait until the call may leave; None once it may, which must be at once then.

    `prefetch` asks the CRM, if the bot does; it counts as waiting for the turn.

    Returns its ending if it may not leave any more: the bot does not call without the CRM's data, it was cancelled, or
    while it waited the hours closed or the number was suppressed. Nobody was called then.
    """
    clock, waited = engine.clock, bot.prefetch is not None
    try:
        if (ending := await prefetch()) is not None:
            return ending
        while not cancelled.is_set() and (turn := pacer.turn(clock.now())) > clock.now():
            waited = True
            await cancelled.wait((turn - clock.now()).total_seconds())
        if cancelled.is_set():
            return Ending("error", "cancelled", phone_rang=False)
        if waited and (ending := _not_any_more(engine, order, bot)) is not None:
            return ending
        pacer.leave(clock.now())
    finally:
        pacer.stop_waiting()
    return None


def _not_any_more(engine: Engine, order: PlaceOrder, bot: BotConfig) -> Ending | None:
    with engine.db.read() as connection:
        if is_suppressed(connection, split_key(order.to_number)[0]):
            return Ending("error", "suppressed", phone_rang=False)
    try:
        check_hours(bot, order.to_number, engine.clock.now())
    except NotNow as closed:
        return Ending("outside_hours", closed.reason, phone_rang=False)
    return None
