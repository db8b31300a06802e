"""The gates of a dialout, in order, and the commit of its intent.

Every gate is checked again here whoever asks, at the moment of dialling: the bot and the key's scope, the number, the bot's
active hours, the callee's permitted hours, the suppressions, the bot's and the fleet's seats. A refusal leaves no trace, so
that the same request under the same Idempotency-Key can succeed later.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import IntegrityError

from core.access.keys import KeyInfo
from core.bots.config import BotConfig
from core.bots.store import StoredBot, read_bot
from core.bots.tables import Bot
from core.calls.refusals import BotNotFound, FieldProblem, InvalidRequest, KeyReused, NotNow
from core.calls.run import CallRun
from core.calls.store import EventLog, bot_calls, find_by_key, insert_call
from core.engine import Engine
from core.fleet.store import take_seat
from core.kernel.hours import is_open, next_opening, next_permitted, permitted
from core.kernel.numbers import NumberError, callee_zones, is_fictional, parse_number
from core.suppressions.store import is_suppressed
from core.transports.base import PlaceOrder
from core.trunks.store import TrunkInfo, choose_trunk

__all__ = ["DialoutRequest", "dialout"]

_bots = Bot.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class DialoutRequest:
    """A dialout as it was asked for; numbers as they were written."""

    bot_id: str
    to_number: str
    from_number: str | None
    variables: dict[str, Any]
    idempotency_key: str | None

    def fingerprint(self) -> str:
        """What makes two requests the same, for the Idempotency-Key."""
        content = [self.bot_id, self.to_number, self.from_number, self.variables]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


async def dialout(engine: Engine, key: KeyInfo, request: DialoutRequest) -> str:
    """Place a call. Returns its call id once the call has left for the network.

    Raises:
        Refusal: if it was not placed; see `core.calls.refusals`.
    """
    try:
        run_or_id = _commit_intent(engine, key, request)
    except IntegrityError:  # a twin with the same Idempotency-Key was faster, in another process
        run_or_id = _commit_intent(engine, key, request)
    if isinstance(run_or_id, str):
        return run_or_id
    run = run_or_id
    engine.runs[run.order.call_id] = run
    task = engine.clock.spawn(run.run(), name=f"call {run.order.call_id}")
    engine.tasks.add(task)
    task.add_done_callback(engine.tasks.discard)
    await run.left.wait(engine.place_timeout)
    return run.order.call_id


def _commit_intent(engine: Engine, key: KeyInfo, request: DialoutRequest) -> CallRun | str:
    """Pass every gate and commit the intent; or the id of the call that this Idempotency-Key placed before."""
    now = engine.clock.now()
    with engine.db.write() as connection:
        if request.idempotency_key is not None:
            before = find_by_key(connection, key.id, request.idempotency_key)
            if before is not None:
                return _same_call(before, request)
        bot = read_bot(connection, request.bot_id) if key.may_use(request.bot_id) else None
        if bot is None:
            raise BotNotFound(request.bot_id)
        to_number, from_number, trunk = _check_numbers(engine, connection, bot.config, request)
        _check_hours(bot.config, to_number, now)
        transport = engine.transports.get(trunk.transport)
        if transport is None:
            raise NotNow("trunk_unavailable", f"The transport {trunk.transport!r} of the trunk {trunk.name!r} does not run here.", None)
        call_id = (
            engine.ids.new("call", key.id, request.idempotency_key) if request.idempotency_key else engine.ids.new("call", now, to_number)
        )
        _take_seat(engine, connection, bot, call_id, now)
        events = EventLog(call_id)
        events.add(now, "placing", {"trunk": trunk.name})
        insert_call(
            connection,
            {
                "call_id": call_id,
                "bot_id": bot.id,
                "bot_version": bot.version,
                "to_number": to_number,
                "from_number": from_number,
                "trunk": trunk.name,
                "transport": trunk.transport,
                "worker_id": engine.worker_id,
                "api_key_id": key.id,
                "idempotency_key": request.idempotency_key,
                "request_hash": request.fingerprint(),
                "variables": request.variables,
                "created_at": now,
                "direction": "outbound",
                "cancel_requested": False,
            },
            events,
        )
    order = PlaceOrder(call_id, request.idempotency_key or call_id, to_number, from_number, trunk.name)
    return CallRun(engine, order, trunk.transport, bot.config, request.variables, events)


def _same_call(before: Row[Any], request: DialoutRequest) -> str:
    if before.request_hash != request.fingerprint():
        raise KeyReused
    return str(before.call_id)


def _check_numbers(engine: Engine, connection: Connection, bot: BotConfig, request: DialoutRequest) -> tuple[str, str | None, TrunkInfo]:
    problems: list[FieldProblem] = []
    from_number = request.from_number or bot.caller_id
    trunk = choose_trunk(connection, from_number, bot.default_region)
    if trunk is None:
        if from_number is None:
            raise NotNow("trunk_unavailable", "No trunk is configured. Add one with `dialler trunks add`.", None)
        problems.append(FieldProblem("from_number", "is not one of our caller IDs; leave it out to use the default", "unknown_caller_id"))
    to_number = ""
    try:
        parsed = parse_number(request.to_number, bot.default_region, allow_premium=engine.allow_premium)
        to_number = parsed.key
    except NumberError as error:
        problems.append(FieldProblem("to_number", f"{error.reason} {error.advice}", "not_dialable"))
    else:
        transport = engine.transports.get(trunk.transport) if trunk else None
        if transport is not None and transport.real and is_fictional(parsed.e164):
            problems.append(FieldProblem("to_number", "is from a range reserved for fiction, which only the sandbox dials", "fictional"))
        if is_suppressed(connection, parsed.e164):
            problems.append(FieldProblem("to_number", "is on the suppression list: it asked not to be called", "suppressed"))
    if problems:
        raise InvalidRequest(problems)
    assert trunk is not None
    return to_number, trunk.from_number, trunk


def _check_hours(bot: BotConfig, to_number: str, now: datetime) -> None:
    if not is_open(bot.active_hours, bot.time_zone, now):
        at = next_opening(bot.active_hours, bot.time_zone, now)
        raise NotNow("outside_active_hours", f"The bot is outside its active hours{_until(at)}.", at)
    zones = callee_zones(to_number, bot.time_zone)
    if not permitted(bot.permitted_hours, zones, now):
        at = next_permitted(bot.permitted_hours, zones, now)
        raise NotNow("outside_permitted_hours", f"The callee may not be called at this time of their day{_until(at)}.", at)


def _until(at: datetime | None) -> str:
    return f" until {at.isoformat(timespec='seconds')}" if at else "; it never opens"


def _take_seat(engine: Engine, connection: Connection, bot: StoredBot, call_id: str, now: datetime) -> None:
    later = now + engine.busy_retry_after
    if bot.config.seats is not None:
        connection.execute(select(_bots.c.id).where(_bots.c.id == bot.id).with_for_update())  # one at a time for this bot
        if bot_calls(connection, bot.id) >= bot.config.seats:
            raise NotNow("no_capacity", f"All {bot.config.seats} seats of the bot are taken.", later)
    if not take_seat(connection, engine.worker_id, call_id):
        raise NotNow("no_capacity", "No seat is free in the fleet.", later)
