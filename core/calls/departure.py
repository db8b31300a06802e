"""The last moments before a call leaves: the CRM is asked, it waits for its turn on the trunk, and is looked at once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.bots.config import BotConfig
from core.calls.gates import check_hours
from core.calls.outcome import Ending
from core.calls.refusals import NotNow
from core.engine import Engine
from core.kernel.clock import Signal
from core.kernel.lines import Lines
from core.kernel.numbers import split_key
from core.suppressions.store import is_suppressed
from core.transports.base import PlaceOrder
from core.trunks.pacing import next_turn
from core.trunks.store import give_back_turn, held, take_turn

__all__ = ["await_departure"]

_LATE = timedelta(milliseconds=20)
"""A call that misses its turn by more than this takes another one: the calls of a process that stood still for a moment would
else leave all at once, and the trunk would refuse them."""


async def await_departure(
    engine: Engine,
    turn: datetime,
    order: PlaceOrder,
    bot: BotConfig,
    cancelled: Signal,
    lines: Lines,
    prefetch: Callable[[], Awaitable[Ending | None]],
) -> Ending | None:
    """Wait until the call may leave; None once it may, which must be at once then.

    Returns its ending if it may not leave any more: the bot does not call without the CRM's data, it was cancelled, or
    while it waited the hours closed or the number was suppressed. Nobody was called then.

    Args:
        engine: the process's call engine.
        turn: when the call may leave, by the trunk's rate.
        order: the call.
        bot: the bot.
        cancelled: set if it is not wanted any more.
        lines: the lines that it is on.
        prefetch: asks the CRM, if the bot does; a call that missed its turn meanwhile takes another one.
    """
    clock = engine.clock
    asked_at = clock.now()
    ending = await prefetch()
    if ending is None and (clock.now() > max(turn, asked_at) or clock.now() - turn > _LATE):
        turn = _another_turn(engine, order.trunk)
    if ending is None and turn > clock.now():
        await cancelled.wait((turn - clock.now()).total_seconds())
        if clock.now() - turn > _LATE and not cancelled.is_set():
            turn = _another_turn(engine, order.trunk)
            await cancelled.wait((turn - clock.now()).total_seconds())
    if ending is None and cancelled.is_set():
        ending = Ending("error", "cancelled", phone_rang=False)
    if ending is None and (clock.now() > asked_at or bot.prefetch is not None):
        ending = _not_any_more(engine, order, bot, lines)
    if ending is not None:
        with engine.db.write() as connection:
            give_back_turn(connection, order.trunk, turn)
    return ending


def _another_turn(engine: Engine, trunk: str) -> datetime:
    """The next turn on the trunk, however long that is: the call has its seat. It comes after those that leave late now."""
    now = engine.clock.now()
    with engine.db.write() as connection:
        line = held(connection, trunk)
        if line is None:  # removed meanwhile: the transport says what becomes of it
            return now
        turn = next_turn(line.next_call_at, line.calls_per_second, now + _LATE)
        take_turn(connection, line, turn)
    return turn


def _not_any_more(engine: Engine, order: PlaceOrder, bot: BotConfig, lines: Lines) -> Ending | None:
    with engine.db.read() as connection:
        if is_suppressed(connection, split_key(order.to_number)[0], lines):
            return Ending("error", "suppressed", phone_rang=False)
    try:
        check_hours(bot, order.to_number, engine.clock.now())
    except NotNow as closed:
        return Ending("outside_hours", closed.reason, phone_rang=False)
    return None
