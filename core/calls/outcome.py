"""What the end of a call that was not answered means. Pure.

The numbers follow the integration guide (408 and 480: no_answer; 486 and 603: rejected); what it leaves open is decided here
by one question: could the callee's phone have rung?
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.calls.result import DisconnectedBy, Fault

__all__ = ["Ending", "failed_before_answer", "withdrawn", "worker_stopped"]


@dataclass(frozen=True)
class Ending:
    """Why a call ended: the guide's word, ours (finer), whether the phone rang or could have, and whose fault it was."""

    disconnected_by: DisconnectedBy
    end_reason: str
    phone_rang: bool
    fault: Fault | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    may_have_been_dialled: bool = False


def worker_stopped(cancelled: Ending) -> Ending:
    """The ending of a call that was cancelled because its process was told to end: our fault, to be tried again."""
    fault: Fault = "unknown" if cancelled.phone_rang else "trunk"
    return replace(cancelled, disconnected_by="error", end_reason="worker_stopped", fault=fault)


def withdrawn(cancelled: Ending) -> Ending:
    """The ending of a call that was cancelled because its callee came to talk to us meanwhile: nobody's fault, not charged."""
    return replace(cancelled, end_reason="withdrawn")


_NO_ANSWER = {408, 480}
_BUSY = {486, 600}
_DECLINED = {603, 607, 608}
_NOT_A_NUMBER = {404, 410, 484, 485, 604}


def failed_before_answer(sip_status: int, reason: str, *, rang: bool, from_trunk: bool) -> Ending:
    """The ending of a call that got a final SIP status before anybody answered.

    Args:
        sip_status: the final status, 300 to 699.
        reason: its reason phrase, or the Q.850 text.
        rang: whether ringing was seen before.
        from_trunk: whether our own trunk refused it (its channels or its calls per second): the callee never knew.
    """
    if from_trunk and not rang:
        return Ending("error", "trunk_refused", False, "trunk", sip_status, reason)
    if sip_status in _NO_ANSWER:
        return Ending("no_answer", "no_answer", True, "callee", sip_status, reason)
    if sip_status in _BUSY:
        return Ending("rejected", "busy", True, "callee", sip_status, reason)
    if sip_status in _DECLINED:
        return Ending("rejected", "declined", True, "callee", sip_status, reason)
    if sip_status in _NOT_A_NUMBER:
        return Ending("error", "invalid_number", rang, "callee", sip_status, reason)
    return Ending("error", "trunk_failure", rang, "unknown" if rang else "trunk", sip_status, reason)
