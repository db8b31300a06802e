"""From the INVITE to the answer: what a leg reports until somebody picks up, or nobody does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from core.bots.config import BotConfig
from core.calls.engine import Engine
from core.calls.outcome import Blame, Ending, closes_silence, failed_before_answer, never_rang
from core.calls.trunk_health import carried, failed, silent
from core.calls.trunk_limits import blame_for, note_carried
from core.contracts.transport import Answered, Failed, HungUp, Leg, PlaceOrder, Ringing, Transport
from core.kernel.clock import Clock
from core.kernel.failures import without_values

__all__ = ["CONFIRM_SECONDS", "CallInPlacing", "put_through", "until_answered"]

log = logging.getLogger(__name__)

CONFIRM_SECONDS = 32.0
"""How long the network may take to confirm the end of a call that we gave up: 64 * T1 (RFC 3261, 9.1)."""
_REQUEST_TERMINATED = 487
"""The final SIP status of a call that was cancelled before the answer (RFC 3261, 9.2)."""


class CallInPlacing(Protocol):
    """A call that has left, or came in, and is not answered yet."""

    engine: Engine
    order: PlaceOrder
    bot: BotConfig
    transport: Transport
    state: str
    dialled_here: bool
    rang: bool
    """Whether the phone is known to have rung."""
    placed_at: datetime
    answered_at: datetime | None

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to end."""

    def move(self, event: str, **values: Any) -> None:
        """Take it to its next state."""

    def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """Add an event to its log."""


async def until_answered(run: CallInPlacing, leg: Leg) -> Ending | None:
    """Follow the call until somebody answers (None) or it fails. Never longer than the ring timeout and what follows it."""
    clock = run.engine.clock
    deadline = clock.now().timestamp() + run.bot.ring_timeout_seconds
    timed_out = False
    while True:
        event = await leg.next(max(deadline - clock.now().timestamp(), 0.0))
        if timed_out and not run.rang and not run.cancelled and closes_silence(event):
            return _never_rang(run, event)
        blame: Blame = "callee"
        if isinstance(event, Ringing | Answered | Failed) and run.dialled_here:  # who calls us proves nothing
            blame = await _judge_trunk(run, event)
        run.rang = run.rang or isinstance(event, Ringing | Answered)
        if isinstance(event, Ringing):
            if run.state == "placing":
                run.move("rang", ringing_at=clock.now())
        elif isinstance(event, Answered):
            run.answered_at = clock.now()
            run.move("answered", answered_at=run.answered_at)
            return None
        elif isinstance(event, Failed):
            rang = run.state == "ringing"
            if event.ours and not run.cancelled:
                run.note("leg_failed", {"reason": event.reason})
                return Ending("error", "pipeline_failure", rang, "unknown" if rang else "trunk", None, event.reason)
            if run.cancelled and event.sip_status == _REQUEST_TERMINATED:  # else the callee was faster
                return Ending("error", "cancelled", rang, None, event.sip_status, event.reason)
            if timed_out and rang:
                return Ending("no_answer", "ring_timeout", True, "callee", event.sip_status, event.reason)
            return failed_before_answer(
                event.sip_status, event.reason, rang=rang, from_trunk=event.from_trunk, cause=event.cause, blame=blame
            )
        elif isinstance(event, HungUp):  # no leg should say so before the answer
            rang = run.state == "ringing"
            return Ending("error", "trunk_failure", rang, "unknown" if rang else "trunk", None, event.reason)
        elif event is None and timed_out:
            run.note("end_not_confirmed", {"seconds": CONFIRM_SECONDS})
            if run.cancelled:
                return Ending("error", "cancelled", run.state == "ringing")
            return Ending("no_answer", "ring_timeout", True, "unknown")
        elif event is None:
            timed_out, deadline = True, clock.now().timestamp() + CONFIRM_SECONDS
            run.note("ring_timeout", {"seconds": run.bot.ring_timeout_seconds})
            await leg.hang_up("ring timeout")


def _never_rang(run: CallInPlacing, event: Failed | None) -> Ending:
    """The ending of a call that was given up and had never rung; its trunk's circuit breaker is told."""
    if event is None:
        run.note("end_not_confirmed", {"seconds": CONFIRM_SECONDS})
    status, reason = (event.sip_status, event.reason) if event is not None else (None, "")
    ending = never_rang(status, reason, run.bot.ring_timeout_seconds)
    if run.dialled_here and run.transport.real:
        silent(run.engine, run.order, ending.sip_reason or "", run.placed_at)
    return ending


async def _judge_trunk(run: CallInPlacing, event: Ringing | Answered | Failed) -> Blame:
    """Tell the circuit breaker of the trunk how the call went. Returns whose fault a failure is."""
    engine, trunk, transport = run.engine, run.order.trunk, run.transport.name
    if not run.transport.real:
        return "callee"
    blame: Blame = "callee"
    try:
        if isinstance(event, Failed):
            rang = run.state == "ringing"
            blame = await blame_for(engine, run.order, event, run.placed_at, rang=rang)
            failed(engine, trunk, transport, event, run.placed_at, rang=rang, blame=blame)
        else:
            note_carried(engine, run.order)
            carried(engine, trunk, transport, run.placed_at)
    except SQLAlchemyError as error:  # the call goes on; the next one tells again
        log.error("what call %s says of its trunk could not be kept: %s", run.order.call_id, without_values(error))
    return blame


async def put_through(leg: Leg, seconds: float, clock: Clock) -> None:
    """Wait until an extension has been dialled and can answer. What the switchboard says meanwhile is not for the bot.

    Args:
        leg: answered.
        seconds: how long that takes; 0: there is no extension.
        clock: all waiting is done through it.
    """
    until = clock.now().timestamp() + seconds
    while (left := until - clock.now().timestamp()) > 0:
        if isinstance(await leg.next(left), HungUp | Failed):  # the last event of a leg: it is read again
            return
