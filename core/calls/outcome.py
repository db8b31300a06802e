"""What the end of a call that was not answered means. Pure.

The statuses that the integration guide names keep its words (408 and 480: no_answer; 486 and 603: rejected). For every other
status the cause of the phone network (Q.850) decides, if one came. Fault and charging follow the cause always, and one question:
could the callee's phone have rung?
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeGuard, cast

from core.contracts.call_result import DisconnectedBy, Fault
from core.contracts.transport import Failed

__all__ = ["Blame", "Ending", "closes_silence", "failed_before_answer", "never_rang", "withdrawn", "worker_stopped"]

Blame = Literal["callee", "limit", "down"]
"""Whose fault a refusal is: the `callee`'s; the trunk's, which takes no more (`limit`); or the trunk takes nothing at all (`down`)."""


@dataclass(frozen=True)
class Ending:
    """Why a call ended: the guide's word, ours (finer), whether the phone rang as the network told it, and whose fault it was."""

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


_NO_ANSWER = frozenset({408, 480})
_BUSY = frozenset({486, 600})
_DECLINED = frozenset({603, 607, 608})
_NOT_A_NUMBER = frozenset({404, 410, 484, 485, 604})
_SILENCE = 408
"""What stands for a trunk that never answered: no such status came, so none is told."""

Kind = Literal["no_answer", "busy", "declined", "invalid_number", "trunk"]
_KIND_OF_CAUSE: Final[dict[int, Kind]] = {
    1: "invalid_number", 22: "invalid_number", 23: "invalid_number", 26: "invalid_number", 28: "invalid_number",
    17: "busy",
    18: "no_answer", 19: "no_answer", 20: "no_answer", 27: "no_answer",
    21: "declined", 55: "declined",
    29: "trunk", 34: "trunk", 38: "trunk", 41: "trunk", 42: "trunk", 44: "trunk", 47: "trunk", 63: "trunk", 102: "trunk",
}  # fmt: skip
"""What a cause of the phone network (Q.850) means: the statuses that RFC 3398, 7.2.4.1 and RFC 4497, 8.4.4 give it, where they are
of one kind. Causes that are not here (2, 3, 16, 31, 127, ...) leave it to the status: no route to a number is often the
carrier's mistake, and may be mended."""
_GUIDE: Final[dict[Kind, DisconnectedBy]] = {"no_answer": "no_answer", "busy": "rejected", "declined": "rejected"}
"""The guide's word for each kind; `error` for the others."""
_NAMED: Final[dict[int, DisconnectedBy]] = {408: "no_answer", 480: "no_answer", 486: "rejected", 603: "rejected"}
"""The statuses that the guide names: they keep its word, whatever the cause says."""


def failed_before_answer(
    sip_status: int, reason: str, *, rang: bool, from_trunk: bool, cause: int | None = None, blame: Blame = "callee"
) -> Ending:
    """The ending of a call that got a final SIP status before anybody answered.

    Args:
        sip_status: the final status, 300 to 699.
        reason: its reason phrase, or the Q.850 text.
        rang: whether ringing was seen before.
        from_trunk: whether our own trunk refused it (its channels or its calls per second), or never answered: the callee never knew.
        cause: the Q.850 cause that came with it.
        blame: whose fault a refusal without ringing is, as the trunk's other calls tell (`core.trunks.traffic`).
    """
    word = _NAMED.get(sip_status)
    if from_trunk and not rang and sip_status == _SILENCE:
        return Ending("error", "trunk_refused", False, "trunk", None, reason)
    if not rang and (from_trunk or blame != "callee"):
        return Ending(word or "error", "trunk_busy" if blame == "limit" else "trunk_refused", False, "trunk", sip_status, reason)
    kind = _KIND_OF_CAUSE.get(cause or 0) or _kind_of(sip_status)
    if kind == "invalid_number":
        return Ending(word or "error", "invalid_number", rang, "callee", sip_status, reason)
    if kind == "trunk":
        refused = "trunk_refused" if word and not rang else "trunk_failure"
        return Ending(word or "error", refused, rang, "unknown" if rang else "trunk", sip_status, reason)
    return Ending(word or _GUIDE[kind], kind, rang, "callee", sip_status, reason)


def never_rang(sip_status: int | None, reason: str, seconds: float) -> Ending:
    """The ending of a call that we gave up after the ring timeout though the network had never said that it rings.

    Args:
        sip_status: the final status; None: none came.
        reason: its reason phrase.
        seconds: how long ringing was waited for.
    """
    said = f"no ringing within {seconds:g} s" + (f": {sip_status} {reason}" if sip_status else "")
    return Ending("error", "never_rang", False, "trunk", sip_status, said)


def closes_silence(event: object) -> TypeGuard[Failed | None]:
    """Whether an event after the ring timeout, on a call that never rang, says no more than that it is over; None: not even that.

    Carriers answer a CANCEL with 487, as they should, but also with 408, 480, 486 or 603. That there is no such number is true
    whenever it is said, and what our own side or our own trunk says is told apart already.
    """
    if not isinstance(event, Failed):
        return event is None
    kind = _KIND_OF_CAUSE.get(event.cause or 0) or _kind_of(event.sip_status)
    return kind != "invalid_number" and not (event.ours or event.from_trunk)


def _kind_of(sip_status: int) -> Kind:
    for statuses, kind in ((_NO_ANSWER, "no_answer"), (_BUSY, "busy"), (_DECLINED, "declined"), (_NOT_A_NUMBER, "invalid_number")):
        if sip_status in statuses:
            return cast("Kind", kind)
    return "trunk"
