"""What carriers allow, in the work: dialouts keep to it, refused calls tell whose fault it is, and what is learned is kept with the
trunk. Only of transports on which real phones ring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.calls.engine import Engine
from core.calls.outcome import Blame
from core.calls.refusals import NotNow
from core.calls.store import trunk_calls, unreached_numbers
from core.contracts.transport import Failed, PlaceOrder
from core.kernel.failures import without_numbers, without_values
from core.trunks.breaker import Health
from core.trunks.health import change_health, keep_health
from core.trunks.limits import Limits
from core.trunks.store import TrunkInfo
from core.trunks.traffic import AT_ONCE, PATIENCE, Judgement, Load, Traffic

__all__ = ["OF_ONE_NUMBER", "blame_for", "keep_to_limits", "leaves", "no_channel", "note_carried", "rate_now"]

log = logging.getLogger(__name__)

_LOOK_AGAIN: Final = 0.25
"""Seconds until a refusal that cannot be judged yet is looked at again."""
_CALLEES: Final = frozenset({408, 480, 486, 600, 603, 607, 608})
"""Statuses that mean the callee, unless the trunk's other calls say otherwise."""
_PLAINLY: Final = _CALLEES - {408, 480}
"""Of these, the ones that are rarely anything else."""
_NOT_THE_LOAD: Final = frozenset({401, 402, 404, 407, 410, 416, 420, 421, 484, 485, 487, 604})
"""Statuses that tell of the number, of the account, or of how we asked: they are the same however many calls there are."""
_SAYS_THE_SAME: Final = {(480, 18), (480, 19), (480, 20), (480, 31), (486, 17), (600, 17), (603, 21), (408, 18), (408, 102)}
"""A status and the cause that gateways add to it by themselves: it says nothing more."""
_CALLEES_CAUSES: Final = frozenset({1, 17, 18, 19, 20, 21, 22, 23, 26, 27, 28, 55})
OF_ONE_NUMBER: Final = frozenset({2, 3, 87, 88})
"""Causes that tell of the way to one number, or of what it takes (no route, a closed group, not compatible): neither that the callee
was reached, nor that the trunk is ill or takes no more."""


def keep_to_limits(engine: Engine, connection: Connection, trunk: TrunkInfo, now: datetime) -> Limits:
    """Let a call take room on a trunk that is held, as far as its carrier seems to allow; what is due to be probed is let out. Returns
    what is known of the trunk now, as it is kept.

    Raises:
        NotNow: the carrier seems to take no more calls now.
    """
    traffic, limits = engine.traffic[trunk.name], trunk.health.limits
    traffic.channels, traffic.rate = trunk.channels, trunk.record_rate or trunk.calls_per_second
    traffic.limits = limits
    if not limits:
        return limits
    in_use = trunk_calls(connection, trunk.name)
    sustained = traffic.sustained(limits.rate.since) if limits.rate is not None else 0.0
    probed = limits.probed(in_use, traffic.channels, traffic.rate, sustained, now)
    most = probed.channels_at(trunk.channels, now)
    if in_use >= most:
        detail = f"The carrier of the trunk {trunk.name!r} seems to allow no more than {most} calls at once, and they are taken."
        raise NotNow("trunk_unavailable", detail, now + engine.busy_retry_after)
    if probed != limits:
        keep_health(connection, trunk.name, replace(trunk.health, limits=probed))
        _tell(trunk.name, traffic, limits, probed)
        traffic.limits = probed
    return probed


def rate_now(engine: Engine, trunk: str, taken: float) -> float:
    """At how many calls a second a call leaves that has its turn: at those at which it was `taken`, or fewer, where the carrier has
    turned out since to take fewer."""
    traffic = engine.traffic.get(trunk)
    return taken if traffic is None else traffic.limits.rate_at(taken)


def no_channel(engine: Engine, trunk: str) -> bool:
    """Whether the carrier, as has turned out since a call took its turn, takes no more calls at once than are out."""
    traffic = engine.traffic.get(trunk)
    if traffic is None or traffic.limits.channels is None:
        return False
    return traffic.out() >= traffic.limits.channels_at(traffic.channels, engine.clock.now())


def leaves(engine: Engine, order: PlaceOrder, asked_at: datetime) -> None:
    """A call leaves now; it was asked for at `asked_at`."""
    engine.traffic[order.trunk].leaves(order.call_id, order.to_number, engine.clock.now(), asked_at)


def note_carried(engine: Engine, order: PlaceOrder) -> None:
    """A call rings, or is answered."""
    traffic = engine.traffic[order.trunk]
    load = traffic.carried(order.call_id, engine.clock.now())
    if load is not None and traffic.limits.after_carried(load.up, load.window + 1) != traffic.limits:
        _change(engine, order.trunk, lambda limits: limits.after_carried(load.up, load.window + 1))


async def blame_for(engine: Engine, order: PlaceOrder, event: Failed, left_at: datetime, *, rang: bool) -> Blame:
    """Whose fault it is that a call failed before the answer. If only the calls about it can tell, these are waited for, a few seconds
    at most; what is learned of the trunk is kept.

    Args:
        engine: the process's call engine.
        order: the call.
        event: how it failed.
        left_at: when it left.
        rang: whether ringing was seen.
    """
    traffic, call_id, clock = engine.traffic[order.trunk], order.call_id, engine.clock
    late = clock.now() - left_at > AT_ONCE
    if rang or (late and _is_callees(event)):
        note_carried(engine, order)
        return "callee"
    if late:  # a trunk that is slow, or silent, has carried nothing
        traffic.failed(call_id)
        return "callee"
    if not _may_be_the_load(event):
        traffic.failed(call_id)
        return "callee"
    traffic.refused(call_id, event.sip_status, _look(engine, order.trunk, traffic))
    if event.from_trunk:
        return "callee"  # it is known already whose it is
    patient, plainly = event.sip_status in _CALLEES, event.sip_status in _PLAINLY
    while True:
        now = clock.now()
        last_word = not patient or now - left_at >= PATIENCE
        judged = traffic.judge(call_id, now, traffic.limits, last_word=last_word, callees=plainly)
        if judged is not None:
            break
        await clock.sleep(_LOOK_AGAIN)
    if judged.channels or judged.rate:
        _lower(engine, order.trunk, traffic, judged, traffic.load_of(call_id), f"{event.sip_status} {event.reason}")
    if judged.blame == "callee" and not patient and traffic.limits and traffic.alive(call_id, now):
        return "limit"  # no callee's status, on a trunk that is known to take less: most likely the same again
    return judged.blame


def _is_callees(event: Failed) -> bool:
    """Whether a failure comes from the callee's side, by its status or its cause."""
    return not (event.from_trunk or event.ours) and (event.sip_status in _CALLEES or event.cause in _CALLEES_CAUSES)


def _may_be_the_load(event: Failed) -> bool:
    """Whether a refusal can mean that the trunk takes no more."""
    if event.cause in OF_ONE_NUMBER:
        return False
    if event.sip_status < 400 or event.sip_status in _NOT_THE_LOAD or event.ours or (event.spared and not event.from_trunk):
        return False
    return event.cause not in _CALLEES_CAUSES or (event.sip_status, event.cause) in _SAYS_THE_SAME


def _look(engine: Engine, trunk: str, traffic: Traffic) -> int:
    """Calls on a trunk that are not dialled by this process: of others, and those that came in."""
    own = sum(run.dialled_here and run.order.trunk == trunk and run.state != "ended" for run in engine.runs.values())
    with engine.db.read() as connection:
        if traffic.reads_history:  # those of the process that was here before
            traffic.reads_history = False
            traffic.unreachable(unreached_numbers(connection, trunk))
        return max(0, trunk_calls(connection, trunk) - own)


def _lower(engine: Engine, trunk: str, traffic: Traffic, judged: Judgement, load: Load, reason: str) -> None:
    now, rate = engine.clock.now(), traffic.limits.rate_at(traffic.rate)
    taken = load.window if 0 < load.window < rate else rate / 2
    channels, taken_rate = load.up if judged.channels else None, taken if judged.rate else None
    _change(engine, trunk, lambda limits: limits.after_refusal(channels, taken_rate, reason, now))


def _change(engine: Engine, trunk: str, change: Callable[[Limits], Limits]) -> None:
    """Keep what was learned of a trunk; the call goes on if that cannot be written."""

    def of_health(health: Health) -> Health:
        return replace(health, limits=change(health.limits))

    try:
        with engine.db.write() as connection:
            changed = change_health(connection, trunk, of_health)
    except SQLAlchemyError as error:
        log.error("what the carrier of the trunk %s allows could not be kept: %s", trunk, without_values(error))
        return
    if changed is not None:
        traffic = engine.traffic[trunk]
        traffic.limits = changed[1].limits
        _tell(trunk, traffic, changed[0].limits, changed[1].limits)


def _tell(trunk: str, traffic: Traffic, before: Limits, after: Limits) -> None:
    """One line in the log for each change of what the carrier seems to allow."""
    was, words = before.in_words(traffic.channels, traffic.rate), after.in_words(traffic.channels, traffic.rate)
    if words and words != was:
        log.warning(
            "the carrier of the trunk %s seems to allow only %s; it refused calls with: %s", trunk, words, without_numbers(after.reason)
        )
    elif was and not words:
        log.warning("the carrier of the trunk %s seems to allow what the record says again", trunk)
