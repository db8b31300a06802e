"""Maps a call result to the outcome of the attempt, and decides whether it is charged. Pure.

docs/retry-policy.md lists every outcome, what leads to it, and the default retry policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["Outcome", "ResultFacts", "charged", "derive_outcome"]


class Outcome(StrEnum):
    """How an attempt ended."""

    REACHED = "reached"
    """Somebody was talked to."""
    TRANSFERRED = "transferred"
    """The callee was transferred to a person."""
    WANTS_PERSON = "wants_person"
    """The callee asked for a person, and was not transferred to one."""
    CALLBACK = "callback"
    """The callee asked to be called again."""
    DO_NOT_CALL = "do_not_call"
    """The callee asked never to be called again, or the number is on the suppression list."""
    WRONG_NUMBER = "wrong_number"
    """Somebody else's number."""
    NO_ANSWER = "no_answer"
    """It rang out (SIP 408, 480)."""
    REJECTED = "rejected"
    """Busy or declined (SIP 486, 603)."""
    VOICEMAIL = "voicemail"
    """A machine answered."""
    RNR = "RNR"
    """Picked up, and silent throughout."""
    TIMEOUT = "timeout"
    """The conversation reached the maximum duration."""
    ERROR_BEFORE_RINGING = "error_before_ringing"
    """The call failed before the callee's phone rang, and not because of the callee."""
    TRUNK_BUSY = "trunk_busy"
    """The carrier took no more calls at that moment: the callee's phone did not ring, and the number is not at fault."""
    PREFETCH_FAILED = "prefetch_failed"
    """The CRM did not supply the callee's data, and the bot does not call without them: nothing was dialled."""
    INVALID_NUMBER = "invalid_number"
    """The network says that there is no such number (SIP 404, 410, 484, 604)."""
    CUT_OFF = "cut_off"
    """The call broke while ringing or talking, and not because of the callee."""
    CANCELLED = "cancelled"
    """An operator or a program of ours ended the call."""
    WITHDRAWN = "withdrawn"
    """The callee called us before answering, and our call was withdrawn."""
    OUTSIDE_HOURS = "outside_hours"
    """The bot was unavailable, or outside its active hours: nothing was dialled."""
    HELD = "held"
    """It is unknown whether the number was dialled."""


_NO_SUCH_NUMBER = frozenset({404, 410, 484, 485, 604})
_ANSWERED = frozenset({"bot", "customer", "voicemail", "RNR", "timeout", "transfer_to_agent"})
"""Values of disconnected_by that are possible only after an answer."""
_WORDS = {
    "DO_NOT_CALL": Outcome.DO_NOT_CALL,
    "DNC": Outcome.DO_NOT_CALL,
    "WRONG_NUMBER": Outcome.WRONG_NUMBER,
    "WRONG_PERSON": Outcome.WRONG_NUMBER,
    "WANTS_PERSON": Outcome.WANTS_PERSON,
    "WANTS_HUMAN": Outcome.WANTS_PERSON,
    "HUMAN_REQUESTED": Outcome.WANTS_PERSON,
    "CALLBACK": Outcome.CALLBACK,
    "CALLBACK_REQUESTED": Outcome.CALLBACK,
}
"""Dispositions that express what the callee wants, in the spelling of `_word`."""


@dataclass(frozen=True)
class ResultFacts:
    """The parts of a call result that determine the outcome; the names are the result's own (docs/results.md).

    Attributes:
        answered: whether somebody or something picked up.
        callback_requested: the callee asked for a callback, at `callback_at` (aware), or without naming a time (None).
        do_not_call: the callee asked never to be called again.
        wrong_number: the number is somebody else's.
        wants_person: the callee asked for a person; `was_transferred` says whether they got one.
    """

    disconnected_by: str
    end_reason: str = ""
    phone_rang: bool = False
    answered: bool = False
    fault: str | None = None
    sip_status: int | None = None
    may_have_been_dialled: bool = False
    was_transferred: bool = False
    disposition: str = ""
    callback_requested: bool = False
    callback_at: datetime | None = None
    do_not_call: bool = False
    wrong_number: bool = False
    wants_person: bool = False

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> ResultFacts:
        """The facts in a call result (as JSON).

        From `post_call_analysis`, which a bot's own prompt may shape, only these keys count, and only with these types:
        `callback_requested`, `do_not_call`, `wrong_number`, `wants_person` (true or false), `callback_at` (ISO 8601 with its
        offset); and a `SUB_DISPOSITION` of WANTS_PERSON, which says the same as `wants_person`.
        """
        given = result.get("post_call_analysis")
        analysis = given if isinstance(given, Mapping) else {}
        return cls(
            disconnected_by=result["disconnected_by"],
            end_reason=result.get("end_reason") or "",
            phone_rang=result.get("phone_rang") is True,
            answered=result.get("answered_at") is not None,
            fault=result.get("fault"),
            sip_status=result.get("sip_status"),
            may_have_been_dialled=result.get("may_have_been_dialled") is True,
            was_transferred=result.get("was_transferred") is True,
            disposition=str(result.get("disposition") or ""),
            callback_requested=analysis.get("callback_requested") is True,
            callback_at=_moment(analysis.get("callback_at")),
            do_not_call=analysis.get("do_not_call") is True,
            wrong_number=analysis.get("wrong_number") is True,
            wants_person=analysis.get("wants_person") is True or _word(str(analysis.get("SUB_DISPOSITION") or "")) == "WANTS_PERSON",
        )


def derive_outcome(facts: ResultFacts) -> Outcome:
    """The outcome of the attempt.

    What the callee wants takes precedence over how the call ended: a callee who says "never call me again" and then talks until the maximum
    duration is not called again.
    """
    if facts.may_have_been_dialled:
        return Outcome.HELD
    if facts.end_reason == "suppressed":  # on the suppression list: nobody was called, and nobody will be
        return Outcome.DO_NOT_CALL
    if (wish := _wish(facts)) is not None:
        return wish
    if facts.end_reason == "cancelled":
        return Outcome.CANCELLED
    if facts.end_reason == "withdrawn":
        return Outcome.WITHDRAWN
    if facts.end_reason == "prefetch_failed":
        return Outcome.PREFETCH_FAILED
    if not charged(facts):
        if facts.end_reason == "trunk_busy":
            return Outcome.TRUNK_BUSY
        if facts.fault == "trunk" or facts.end_reason == "invalid_number":  # whatever the guide calls the status
            return _failure(facts)
    match facts.disconnected_by:
        case "bot" | "customer":
            return Outcome.REACHED
        case "no_answer" | "rejected" | "voicemail" | "RNR" | "timeout" | "outside_hours":
            return Outcome(facts.disconnected_by)
        case _:
            return _failure(facts)


def charged(facts: ResultFacts) -> bool:
    """Whether the attempt counts against the lead's attempts: the callee's phone rang, the callee's side refused the call (busy, declined,
    no answer), or nobody can know; and we did not withdraw the call because the callee called.
    """
    if facts.end_reason == "withdrawn":
        return False
    refused = facts.fault == "callee" and facts.disconnected_by in {"no_answer", "rejected"} and facts.end_reason != "invalid_number"
    return facts.may_have_been_dialled or facts.phone_rang or refused or _was_answered(facts)


def _wish(facts: ResultFacts) -> Outcome | None:
    """What was agreed with the callee; None if nothing was."""
    said = _WORDS.get(_word(facts.disposition)) if _was_answered(facts) else None
    wishes = (
        (facts.do_not_call, Outcome.DO_NOT_CALL),
        (facts.wrong_number, Outcome.WRONG_NUMBER),
        (facts.was_transferred or facts.disconnected_by == "transfer_to_agent", Outcome.TRANSFERRED),
        (facts.wants_person, Outcome.WANTS_PERSON),
        (facts.callback_requested, Outcome.CALLBACK),
    )
    return next((outcome for true, outcome in wishes if true or said is outcome), None)


def _failure(facts: ResultFacts) -> Outcome:
    if facts.sip_status in _NO_SUCH_NUMBER or facts.end_reason == "invalid_number":
        return Outcome.INVALID_NUMBER
    return Outcome.CUT_OFF if charged(facts) else Outcome.ERROR_BEFORE_RINGING


def _was_answered(facts: ResultFacts) -> bool:
    return facts.answered or facts.disconnected_by in _ANSWERED


def _word(disposition: str) -> str:
    return "_".join(disposition.upper().replace("-", " ").replace("_", " ").split())


def _moment(value: object) -> datetime | None:
    """An aware time, or None: a time without its zone could be hours off, and could mean a call at night."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
