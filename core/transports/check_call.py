"""The test call of `dialler trunks check`, over whichever transport: placed, rung, ended two seconds after the answer, told in words."""

from __future__ import annotations

from dataclasses import dataclass

from core.kernel.clock import Clock
from core.transports.base import Answered, Failed, PlaceOrder, Ringing, Transport
from core.transports.sip.advice import advice

__all__ = ["CheckReport", "place_check_call"]

_TALK_SECONDS = 2.0
_CANCEL_SECONDS = 15.0
"""How long the end of a call that was given up is waited for."""


@dataclass(frozen=True)
class CheckReport:
    """Whether all went well, and what was seen, in sentences."""

    works: bool
    sentences: tuple[str, ...]


async def place_check_call(transport: Transport, clock: Clock, order: PlaceOrder, ring_seconds: float) -> CheckReport:
    """Place a test call and tell what came of it.

    Args:
        transport: what places it; what its `place` raises is the caller's.
        clock: the real clock.
        order: the call.
        ring_seconds: how long it may ring.
    """
    leg = await transport.place(order)
    rang = False
    deadline = clock.now().timestamp() + ring_seconds
    while True:
        event = await leg.next(max(deadline - clock.now().timestamp(), 0.0))
        match event:
            case Ringing():
                rang = True
            case Answered():
                await clock.sleep(_TALK_SECONDS)
                await leg.hang_up()
                return CheckReport(True, ("The test call was answered, and ended after two seconds.",))
            case Failed(487, _):
                return CheckReport(rang, ("The test call rang, and nobody answered." if rang else "The test call did not ring in time.",))
            case Failed(status, reason):
                return CheckReport(False, (f"The test call failed: {status} {reason}.", advice(status)))
            case None:
                await leg.hang_up()
                deadline = clock.now().timestamp() + _CANCEL_SECONDS
            case _:
                pass
