"""A dialout: through the gates, its intent committed, and away.

A refusal leaves no trace, so that the same request under the same Idempotency-Key can succeed later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import IntegrityError

from core.access.keys import KeyInfo
from core.bots.config import BotConfig
from core.bots.rules import rules_of
from core.bots.store import StoredBot
from core.bots.tables import Bot
from core.calls.departure import Turn
from core.calls.engine import Engine, LiveCall
from core.calls.evidence import evidence_of
from core.calls.gates import Line, check_caps, check_hours, check_numbers, number_busy
from core.calls.known import ConfigChanged
from core.calls.look import Look, look_before_dialling
from core.calls.occupied import Seen, is_race, look_at
from core.calls.refusals import BotNotFound, Draining, KeyReused, NotNow, Refusal
from core.calls.request import DialoutRequest
from core.calls.run import CallRun
from core.calls.store import EventLog, bot_calls, find_by_key, insert_call, read_call, trunk_calls
from core.calls.trunk_health import admit
from core.contracts.transport import PlaceOrder
from core.fleet.generation import read_generation
from core.fleet.store import load, take_seat
from core.kernel.lines import REAL
from core.kernel.numbers import callee_zones, place_of
from core.kernel.rules import Rules
from core.kernel.statements import table_of
from core.prefetch.fetch import ASKED
from core.trunks.lines import line_for_call
from core.trunks.pacing import PATIENCE, interval, next_turn
from core.trunks.store import TrunkInfo, held, take_turn

__all__ = ["dialout", "lock_bot", "take_room", "take_seat_here"]

_bots = table_of(Bot)

_MOST_CHANGES = 10
"""Most times that a dialout begins anew because the configuration has changed meanwhile."""


async def dialout(engine: Engine, key: KeyInfo, request: DialoutRequest, renew: Callable[[], KeyInfo] | None = None) -> str:
    """Place a call. Returns its call id once the call has left for the network.

    Args:
        engine: the process's call engine.
        key: whose call it is.
        request: the request.
        renew: reads the key anew, if it was taken from memory (`core.calls.known`).

    Raises:
        Refusal: if it was not placed; see `core.calls.refusals`.
    """
    placed = _place(engine, key, request, renew)
    if isinstance(placed, CallRun):
        run: LiveCall | None = placed
        call_id = placed.order.call_id
        engine.runs[call_id] = placed
        if placed.turn is not None and placed.turn.at is None:
            engine.departures.without_turn[placed.order.trunk] += 1
        task = engine.clock.spawn(placed.run(), name=f"call {call_id}")
        engine.tasks.add(task)
        task.add_done_callback(engine.tasks.discard)
    else:
        call_id = placed
        run = engine.runs.get(call_id)  # the first of twins may still be on its way out
    if run is not None:
        await run.left.wait(engine.place_timeout)
    return call_id


def _place(engine: Engine, key: KeyInfo, request: DialoutRequest, renew: Callable[[], KeyInfo] | None) -> CallRun | str:
    """`_commit_or_find`, by configuration that has not changed since it was read."""
    for _ in range(_MOST_CHANGES):
        try:
            return _commit_or_find(engine, key, request)
        except ConfigChanged:
            key = key if renew is None else renew()
        except Refusal:  # it may have been refused by what was remembered of the key
            if renew is None:
                raise
            now, renew = renew(), None
            if replace(now, last_used_at=key.last_used_at) == key:
                raise
            key = now
    raise ConfigChanged


def _commit_or_find(engine: Engine, key: KeyInfo, request: DialoutRequest) -> CallRun | str:
    """The call, its intent committed; or the id of the one that this Idempotency-Key placed before."""
    try:
        return _commit_intent(engine, key, request)
    except (IntegrityError, Refusal):
        # The call is there already: its row is in the way, or its phone is on a call, or it has the last seat. Few dialouts are repeats,
        # so it is looked for only now.
        if request.idempotency_key is None or (before := _before(engine, key, request)) is None:
            raise
        return before


def _before(engine: Engine, key: KeyInfo, request: DialoutRequest) -> str | None:
    with engine.db.read() as connection:
        return _same_call(connection, key, request)


def _same_call(connection: Connection, key: KeyInfo, request: DialoutRequest) -> str | None:
    """The id of the call that this key placed under the request's Idempotency-Key."""
    if request.idempotency_key is None or request.problems:
        return None
    before: Row[Any] | None = find_by_key(connection, key.id, request.idempotency_key)
    if before is None:
        return None
    if before.request_hash != request.fingerprint():
        raise KeyReused
    return str(before.call_id)


def _commit_intent(engine: Engine, key: KeyInfo, request: DialoutRequest) -> CallRun:
    now = engine.clock.now()
    with engine.db.write() as connection:
        bot = _bot(engine, connection, key, request)
        limited = bot is not None and bot.config.seats is not None
        if bot is not None and limited:
            _lock(connection, bot)
        line, look = _look(engine, connection, bot, request)
        assert bot is not None  # a request that names none has a problem
        assert look is not None  # one without a number has, too
        place, config = place_of(line.to_number), _for(bot.config, request)
        check_hours(config, line.to_number, now)
        if line.on_call:
            raise number_busy(now)
        rules, lines, promised = rules_of(config, place), engine.lines_of(line.trunk.transport), request.promised_callback
        counted = check_caps(connection, rules, line.to_number, lines, now, promised_callback=promised)
        zones = callee_zones(line.to_number, bot.config.time_zone)
        call_id = _new_id(engine, connection, key, request, line.to_number, now)
        if limited:
            _count_bot(engine, connection, bot, now)
        take_seat_here(engine, connection, call_id, now)
        trunk = look.trunk
        _check_room(engine, trunk, look.in_use, now)
        turn = _take_turn(engine, connection, trunk, now, later=bot.config.prefetch is not None)
        events = EventLog(call_id)
        leaves_at = {} if turn.at is None else {"leaves_at": turn.at.isoformat()}
        events.add(now, "placing", {"trunk": line.trunk.name, "worker": engine.worker_id, **leaves_at})
        values = {
            "call_id": call_id,
            "bot_id": bot.id,
            "bot_version": bot.version,
            "to_number": line.to_number,
            "from_number": line.trunk.from_number,
            "trunk": line.trunk.name,
            "transport": line.trunk.transport,
            "worker_id": engine.worker_id,
            "api_key_id": key.id,
            "idempotency_key": request.idempotency_key,
            "request_hash": request.fingerprint(),
            "variables": request.variables,
            "purpose": config.purpose,
            "evidence": evidence_of(rules, place, config.purpose, zones, counted, now, promised_callback=promised),
            "prefetch": ASKED if bot.config.prefetch else None,
            "created_at": now,
            "direction": "outbound",
            "cancel_requested": False,
        }
        try:
            insert_call(connection, values, events, events_later=True)
        except IntegrityError as error:
            if is_race(error):
                raise number_busy(now) from error
            raise
        carried_by = line_for_call(connection, engine.secrets, trunk)
    attempt, record = request.idempotency_key or call_id, bot.config.recording.enabled
    order = PlaceOrder(
        call_id, attempt, line.to_number, line.trunk.from_number, line.trunk.name,
        record=record, lab=trunk.lab, voice=bot.config.voice, line=carried_by, calling_window=request.calling_window,
        extension_pause=bot.config.extension_pause_seconds,
    )  # fmt: skip
    return CallRun(engine, order, line.trunk.transport, _ringing_long_enough(config, rules), request.variables, events, turn)


def _for(bot: BotConfig, request: DialoutRequest) -> BotConfig:
    """The bot, with the purpose of this call."""
    return bot if request.purpose in {None, bot.purpose} else bot.model_copy(update={"purpose": request.purpose})


def _ringing_long_enough(bot: BotConfig, rules: Rules) -> BotConfig:
    """The bot, with the ring time that the rules want at least."""
    if bot.ring_timeout_seconds >= rules.least_ring:
        return bot
    return bot.model_copy(update={"ring_timeout_seconds": float(rules.least_ring)})


def _look(engine: Engine, connection: Connection, bot: StoredBot | None, request: DialoutRequest) -> tuple[Line, Look | None]:
    """Both numbers judged, and what was seen of the moment."""
    found: Look | None = None

    def choose(from_number: str | None, region: str | None) -> TrunkInfo | None:
        return engine.known.trunk(connection, from_number, region, engine.preferred_trunk)

    def look(phone: str, trunk: TrunkInfo | None) -> Seen:
        nonlocal found
        if trunk is None:  # what holds on either
            return look_at(connection, phone, REAL, engine.clock.now())
        found = look_before_dialling(connection, phone, trunk, engine.lines_of(trunk.transport), engine.clock.now())
        if found is None:  # the trunk was removed
            engine.known.check(read_generation(connection))
            raise ConfigChanged
        engine.known.check(found.generation)
        return found.seen

    return check_numbers(engine, bot.config if bot else None, request, choose, look), found


def _bot(engine: Engine, connection: Connection, key: KeyInfo, request: DialoutRequest) -> StoredBot | None:
    """The bot; None if the request names none. One out of the key's scope does not exist for it."""
    if not request.bot_id:
        return None
    bot = engine.known.bot(connection, request.bot_id) if key.may_use(request.bot_id) else None
    if bot is None:
        raise BotNotFound(request.bot_id)
    return bot


def _new_id(engine: Engine, connection: Connection, key: KeyInfo, request: DialoutRequest, to_number: str, now: datetime) -> str:
    if request.idempotency_key is not None:
        return engine.ids.new("call", key.id, request.idempotency_key)
    # with a seed equal names give equal ids: the same number twice at one moment is told apart by a count
    ids = (engine.ids.new("call", now, to_number, number) for number in count())
    return next(call_id for call_id in ids if engine.ids.seed is None or read_call(connection, call_id) is None)


def take_room(engine: Engine, connection: Connection, bot: StoredBot, line: TrunkInfo, call_id: str, now: datetime) -> TrunkInfo:
    """Take a seat, if the bot, this process and the trunk all have room. Returns the trunk as it is now.

    What is counted is locked first (the bot, the trunk), so that no two calls can take the same room, in whatever process.

    Raises:
        NotNow: one of them has none; the transaction is to be rolled back then.
    """
    later = now + engine.busy_retry_after
    lock_bot(engine, connection, bot, now)
    trunk = held(connection, line.name, line)
    take_seat_here(engine, connection, call_id, now)
    if trunk is None:
        raise NotNow("trunk_unavailable", f"The trunk {line.name!r} has just been removed.", later)
    _check_room(engine, trunk, trunk_calls(connection, trunk.name), now)
    return trunk


def _check_room(engine: Engine, trunk: TrunkInfo, in_use: int, now: datetime) -> None:
    if trunk.transport not in engine.transports:
        raise NotNow("trunk_unavailable", f"What the trunk {trunk.name!r} runs on ({trunk.transport}) is not running here.", None)
    if in_use >= trunk.channels:
        detail = f"All {trunk.channels} channels of the trunk are taken."
        raise NotNow("trunk_unavailable", detail, now + engine.busy_retry_after)


def lock_bot(engine: Engine, connection: Connection, bot: StoredBot, now: datetime) -> None:
    """Let one call at a time count the seats of a bot that has a limit of its own.

    Raises:
        NotNow: they are all taken.
    """
    if bot.config.seats is not None:
        _lock(connection, bot)
        _count_bot(engine, connection, bot, now)


def _lock(connection: Connection, bot: StoredBot) -> None:
    connection.execute(select(_bots.c.id).where(_bots.c.id == bot.id).with_for_update())


def _count_bot(engine: Engine, connection: Connection, bot: StoredBot, now: datetime) -> None:
    if bot.config.seats is not None and bot_calls(connection, bot.id) >= bot.config.seats:
        raise NotNow("no_capacity", f"All {bot.config.seats} seats of the bot are taken.", now + engine.busy_retry_after)


def take_seat_here(engine: Engine, connection: Connection, call_id: str, now: datetime) -> None:
    """Take a seat of this process.

    Raises:
        NotNow: it has none, or drains.
    """
    if not take_seat(connection, engine.worker_id, call_id):
        worker = load(connection, engine.worker_id)
        if worker is None or worker.draining:
            raise Draining(now + engine.busy_retry_after)
        raise NotNow("no_capacity", "Every seat is taken.", now + engine.busy_retry_after)


def _take_turn(engine: Engine, connection: Connection, trunk: TrunkInfo, now: datetime, *, later: bool) -> Turn:
    """Take a turn on the trunk, which `take_room` holds, unless it is rested.

    A call whose CRM is asked first takes it `later`, when it knows how long that took: a turn taken now would pass unused. Those
    that wait for their CRM in this process count as if they had theirs.
    """
    admit(engine, connection, trunk, now)
    rate = trunk.calls_per_second
    turn = next_turn(trunk.next_call_at, rate, now)
    wait = turn - now + engine.departures.without_turn[trunk.name] * interval(rate)
    if wait > PATIENCE:
        detail = f"The trunk takes {trunk.calls_per_second:g} calls a second, and others come first."
        raise NotNow("trunk_unavailable", detail, now + wait - PATIENCE)
    if later:
        return Turn(None, rate)
    take_turn(connection, trunk, turn)
    return Turn(turn, rate)
