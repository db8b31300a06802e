"""The circuit breaker of trunks in the work: who asks for a call is told that its trunk rests, calls tell how they went,
rested trunks are asked whether they are there again. Only of transports on which real phones ring."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.calls.engine import Engine
from core.calls.outcome import Blame
from core.calls.refusals import NotNow
from core.calls.trunk_limits import OF_ONE_NUMBER, keep_to_limits
from core.contracts.transport import AsksTrunks, Failed, KnowsTroubles, PlaceOrder
from core.kernel.failures import without_numbers, without_values
from core.trunks.breaker import Health, verdict_on
from core.trunks.health import change_health, keep_health
from core.trunks.store import TrunkInfo, every_trunk

__all__ = ["admit", "ask_rested", "carried", "failed", "silent", "trouble_here", "why_held"]

log = logging.getLogger(__name__)

_ASKED_BEFORE = timedelta(seconds=10)
"""How long before the end of its rest a trunk is asked."""


def admit(engine: Engine, connection: Connection, trunk: TrunkInfo, now: datetime) -> None:
    """Let a call go out on a trunk that is held; one whose rest is over takes it on trial.

    Raises:
        NotNow: the trunk is rested, or another call is on trial.
    """
    if not engine.transports[trunk.transport].real:
        return
    if (trouble := trouble_here(engine, trunk)) is not None:
        raise NotNow("trunk_unavailable", *trouble)
    limits = keep_to_limits(engine, connection, trunk, now)
    if not trunk.health:
        return
    engine.ailing_trunks.add(trunk.name)
    health = replace(trunk.health, limits=limits)
    why = why_held(trunk, now)
    if why is not None:
        raise NotNow("trunk_unavailable", why, health.opens_at(now))
    if health.state(now) == "trial":
        keep_health(connection, trunk.name, health.on_trial(now))


def trouble_here(engine: Engine, trunk: TrunkInfo) -> tuple[str, datetime] | None:
    """Why no call can leave on a trunk because of this machine, in a sentence, and when it is to be tried again; None if one can."""
    transport = engine.transports.get(trunk.transport)
    trouble = transport.trouble(trunk.name) if isinstance(transport, KnowsTroubles) else None
    if trouble is None:
        return None
    return f"No call can leave on the trunk {trunk.name!r} from this machine: {trouble[0].rstrip('.')}.", trouble[1]


def why_held(trunk: TrunkInfo, now: datetime) -> str | None:
    """Why no call goes out on a trunk now because of its failures, in a sentence; None if calls do."""
    opens_at = trunk.health.opens_at(now)
    if opens_at is None:
        return None
    resting = trunk.health.state(now) == "resting"
    state = f"is rested until {opens_at:%H:%M:%S} UTC" if resting else "is tried with one call"
    return f"The trunk {trunk.name!r} {state}, because it failed: {trunk.health.reason.rstrip('.')}."


def carried(engine: Engine, trunk: str, transport: str, left_at: datetime) -> None:
    """A call that left at `left_at` has reached the callee's side: its trunk is well."""
    if trunk not in engine.ailing_trunks or not engine.transports[transport].real:
        return
    engine.ailing_trunks.discard(trunk)
    with engine.db.write() as connection:
        changed = change_health(connection, trunk, lambda health: health.after_success(left_at))
    if changed is not None and changed[1]:  # it left before the rest
        engine.ailing_trunks.add(trunk)
    elif changed is not None and changed[0].rests:
        log.info("the trunk %s is well again: it carries calls", trunk)


def failed(engine: Engine, trunk: str, transport: str, event: Failed, left_at: datetime, *, rang: bool, blame: Blame = "callee") -> None:
    """A call that left at `left_at` has failed before the answer; `blame` is whose fault a refusal was."""
    if not engine.transports[transport].real or blame == "limit":
        return
    verdict = verdict_on(event.sip_status, rang=rang, from_trunk=event.from_trunk, spared=event.spared)
    if verdict == "ill" and event.cause in OF_ONE_NUMBER and not event.from_trunk:
        verdict = None
    if verdict == "well" and blame == "callee":
        carried(engine, trunk, transport, left_at)
    if verdict != "ill" and blame != "down":
        return
    _ill(engine, trunk, f"{event.sip_status} {event.reason}", left_at, down=blame == "down")


def silent(engine: Engine, order: PlaceOrder, reason: str, left_at: datetime) -> None:
    """A call that left at `left_at` was given up, and had never rung. One number that does not ring is no proof against the trunk; as
    many in a row as open the breaker are, so a number counts once, unless the trunk is on trial."""
    another = engine.traffic[order.trunk].silent(order.call_id)
    try:
        _ill(engine, order.trunk, reason, left_at, counts=another)
    except SQLAlchemyError as error:  # the call still gets its result
        log.error("what call %s says of its trunk could not be kept: %s", order.call_id, without_values(error))


def _ill(engine: Engine, trunk: str, reason: str, left_at: datetime, *, down: bool = False, counts: bool = True) -> None:
    """A call has failed because of its trunk. One that does not count does so only on trial; `down` rests the trunk at once."""
    engine.ailing_trunks.add(trunk)
    now = engine.clock.now()

    def after(health: Health) -> Health:
        if not counts and health.resting_until is None:
            return health
        return (health.after_outage if down else health.after_failure)(reason, left_at, now)

    with engine.db.write() as connection:
        changed = change_health(connection, trunk, after)
    if changed is not None and changed[1].rests > changed[0].rests:
        until = changed[1].resting_until
        said = without_numbers(reason)
        log.warning("the trunk %s is rested until %s UTC, because it failed again and again: %s", trunk, f"{until:%H:%M:%S}", said)


async def ask_rested(engine: Engine) -> None:
    """Ask the trunks whose rest is nearly over whether they are there; one that does not answer well rests longer."""
    with engine.db.read() as connection:
        rested = [trunk for trunk in every_trunk(connection) if trunk.health.state(engine.clock.now()) == "resting"]
    for trunk in rested:
        transport, until = engine.transports.get(trunk.transport), trunk.health.resting_until
        if until is None or until - engine.clock.now() > _ASKED_BEFORE or not isinstance(transport, AsksTrunks):
            continue
        refused, now = await transport.ask(trunk.name), engine.clock.now()
        with engine.db.write() as connection:
            change_health(connection, trunk.name, lambda health, refused=refused, now=now: health.after_question(refused, now))
