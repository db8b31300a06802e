"""The test call of `dialler trunks check`, over whichever transport: placed, rung, ended two seconds after the answer, told in words."""

from __future__ import annotations

from dataclasses import dataclass

from core.contracts.transport import Answered, Failed, PlaceOrder, Ringing, Transport
from core.kernel.clock import Clock
from core.transports.sip.advice import advice

__all__ = ["CheckReport", "place_check_call"]

_TALK_SECONDS = 2.0
_CONGESTION = frozenset({34, 38, 41, 42, 44, 47})
_CANCEL_SECONDS = 15.0
"""How long the end of a call that was given up is waited for."""


@dataclass(frozen=True)
class CheckReport:
    """Whether all went well, and what was seen, in sentences."""

    works: bool
    sentences: tuple[str, ...]


_BY_THE_CALLEE = {408: "Nobody answered the test call", 480: "The callee cannot be reached", 486: "The callee is busy",
                  600: "The callee is busy", 603: "The callee declined"}  # fmt: skip
_BY_CAUSE = {17: "The callee is busy", 18: "Nobody answered the test call", 19: "Nobody answered the test call", 21: "The callee declined"}


def _seen(failed: Failed, *, rang: bool) -> str | None:
    """What became of a test call that the trunk has carried to the callee's side; None if it has not."""
    if failed.from_trunk or failed.ours:
        return None
    if failed.cause is not None and failed.cause in _CONGESTION:
        return "The test call rang, and was not answered" if rang else None
    if failed.cause in _BY_CAUSE:
        return _BY_CAUSE[failed.cause]
    if rang:
        return _BY_THE_CALLEE.get(failed.sip_status, "The test call rang, and was not answered")
    return _BY_THE_CALLEE.get(failed.sip_status)


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
            case Failed(status, reason) as failed:
                said = f"{status} {reason}".rstrip(".")
                if (seen := _seen(failed, rang=rang)) is not None:
                    return CheckReport(True, (f"{seen}: {said}.", "So the trunk has carried the call to the callee's side."))
                return CheckReport(False, (f"The test call failed: {said}.", advice(status)))
            case None:
                await leg.hang_up()
                deadline = clock.now().timestamp() + _CANCEL_SECONDS
            case _:
                pass
