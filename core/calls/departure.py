"""The last moments before a call leaves: the CRM is asked, it waits for its turn on the trunk, and is looked at once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.bots.config import BotConfig
from core.calls.engine import Engine
from core.calls.gates import check_hours
from core.calls.occupied import look_at
from core.calls.outcome import Ending, withdrawn
from core.calls.phones import phone_of
from core.calls.refusals import NotNow
from core.calls.trunk_limits import no_channel, rate_now
from core.contracts.transport import PlaceOrder
from core.kernel.clock import Signal
from core.kernel.lines import Lines
from core.trunks.pacing import next_turn
from core.trunks.store import give_back_turn, held, take_turn

__all__ = ["Turn", "await_departure"]

_LATE: Final = timedelta(milliseconds=500)
"""A call that misses its turn by more than this takes another one. One that is less late leaves: a turn that passes unused would
lower the trunk's rate. The calls of this process keep their distance all the same (`core.trunks.departures`); only where several
processes share a trunk can one that stood still exceed the rate, and for no longer than this."""


@dataclass(frozen=True)
class Turn:
    """When a call may leave by its trunk's rate (`at`; None: it takes its turn once the CRM has answered), and that rate."""

    at: datetime | None
    calls_per_second: float


async def await_departure(
    engine: Engine,
    turn: Turn,
    order: PlaceOrder,
    bot: BotConfig,
    cancelled: Signal,
    lines: Lines,
    prefetch: Callable[[], Awaitable[Ending | None]],
) -> Ending | None:
    """Wait until the call may leave; None once it may, which must be at once then.

    Returns its ending if it may not leave any more: the bot does not call without the CRM's data, it was cancelled, or
    while it waited the hours closed, the number was suppressed, the callee came to talk to us, or the trunk's carrier turned out to take
    no more calls at once. Nobody was called then.

    Args:
        engine: the process's call engine.
        turn: when the call may leave, by the trunk's rate.
        order: the call.
        bot: the bot.
        cancelled: set if it is not wanted any more.
        lines: the lines that it is on.
        prefetch: asks the CRM, if the bot does; a call that missed its turn meanwhile takes another one.
    """
    clock, at = engine.clock, turn.at
    asked_at = clock.now()
    try:
        ending = await prefetch()
    finally:
        if turn.at is None:
            engine.departures.without_turn[order.trunk] -= 1
    if ending is None:
        at = await _turn_comes(engine, order.trunk, turn, cancelled)
    if ending is None and cancelled.is_set():
        ending = Ending("error", "cancelled", phone_rang=False)
    if ending is None and no_channel(engine, order.trunk):
        ending = Ending("error", "trunk_busy", phone_rang=False, fault="trunk")
    if ending is None and (
        clock.now() > asked_at or bot.prefetch is not None
    ):  # time has passed since the gates: always, but in virtual time
        ending = _not_any_more(engine, order, bot, lines)
    if ending is None:
        engine.departures.note(order.trunk, rate_now(engine, order.trunk, turn.calls_per_second), clock.now())
    elif at is not None:
        with engine.db.write() as connection:
            give_back_turn(connection, order.trunk, at)
    return ending


async def _turn_comes(engine: Engine, trunk: str, turn: Turn, cancelled: Signal) -> datetime | None:
    """Wait for the turn, or for another one if it was missed; or until the call is cancelled. Returns the turn, if it has one."""
    clock, at = engine.clock, turn.at
    while not cancelled.is_set():
        now = clock.now()
        if at is None or now - at > _LATE:
            at = _take_turn(engine, trunk, now, missed=at is not None)
        soonest = max(at, engine.departures.soonest(trunk, rate_now(engine, trunk, turn.calls_per_second), now))
        if soonest <= now:
            break
        await cancelled.wait((soonest - now).total_seconds())
    return at


def _take_turn(engine: Engine, trunk: str, now: datetime, *, missed: bool) -> datetime:
    """The next turn on the trunk, however long that is: the call has its seat. One that `missed` its turn comes after those that
    leave late now."""
    with engine.db.write() as connection:
        line = held(connection, trunk)
        if line is None:  # removed meanwhile: the transport says what becomes of it
            return now
        turn = next_turn(line.next_call_at, line.calls_per_second, now + _LATE if missed else now)
        take_turn(connection, line, turn)
    return turn


def _not_any_more(engine: Engine, order: PlaceOrder, bot: BotConfig, lines: Lines) -> Ending | None:
    with engine.db.read() as connection:
        seen = look_at(connection, phone_of(order.to_number) or order.to_number, lines, engine.clock.now(), but=order.call_id)
    if seen.suppressed:
        return Ending("error", "suppressed", phone_rang=False)
    if seen.on_call:
        return withdrawn(Ending("error", "cancelled", phone_rang=False))
    try:
        check_hours(bot, order.to_number, engine.clock.now())
    except NotNow as closed:
        return Ending("outside_hours", closed.reason, phone_rang=False)
    return None
