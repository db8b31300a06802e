"""The analysis of a conversation, from its facts. Pure."""

from __future__ import annotations

from typing import Any, Final

from core.conversation.rules.facts import Facts

__all__ = ["handover_summary", "report"]

_STANDS_BEFORE_A_TRANSFER: Final = {
    "PROMISE_TO_PAY",
    "ALREADY_PAID",
    "DISPUTE",
    "APPOINTMENT_CONFIRMED",
    "APPOINTMENT_RESCHEDULE",
    "APPOINTMENT_CANCELLED",
}


def report(facts: Facts, questions: dict[str, str]) -> dict[str, Any]:
    """`post_call_analysis`, with every key in every call (docs/dispositions.md).

    Args:
        facts: what the conversation has established.
        questions: the survey's questions by the key of their answers; empty in other scenarios.
    """
    disposition, sub = _decided(facts, questions)
    return {
        "DISPOSITION": disposition,
        "SUB_DISPOSITION": sub or disposition,
        "CALLING_REMARKS": _remarks(facts, disposition, sub, questions),
        "right_party": facts.right_party,
        "promise_date": facts.promise_date.isoformat() if facts.promise_date else None,
        "promise_amount": facts.promise_amount,
        "paid_date": facts.paid_date.isoformat() if facts.paid_date else None,
        "reason": facts.reason,
        "callback_requested": facts.callback_requested and not facts.do_not_call,
        "callback_at": facts.callback_at.isoformat(timespec="minutes") if facts.callback_at and not facts.do_not_call else None,
        "callback_preferred_time_text": facts.callback_words,
        "requested_time": facts.requested_at,
        "requested_time_text": facts.requested_words,
        "answers": dict(facts.answers),
        "questions": dict(questions),
        "question": " / ".join(facts.questions) or None,
        "do_not_call": facts.do_not_call,
        "wants_person": facts.wants_person,
        "wrong_number": disposition == "WRONG_NUMBER",
    }


def handover_summary(facts: Facts) -> str:
    """What a colleague who takes over the call should know, in a sentence or two: who is on the line, and what was agreed."""
    known = {True: "It is the person we look for.", False: "Somebody else is on the line.", None: "It is not known who is on the line."}
    disposition, sub = _decided(facts, {})
    agreed = "" if disposition == "NO_OUTCOME" else _remarks(facts, disposition, sub, {})
    return f"{known[facts.right_party]} {agreed}".strip()


def _decided(facts: Facts, questions: dict[str, str]) -> tuple[str, str | None]:
    if facts.do_not_call:
        return "DO_NOT_CALL", facts.sub
    if facts.transfer_target and not facts.transfer_failed and facts.disposition not in _STANDS_BEFORE_A_TRANSFER:
        return "TRANSFERRED", facts.transfer_target
    if questions and any(value is not None for value in facts.answers.values()):
        whole = len(facts.answers) == len(questions)
        return ("SURVEY_COMPLETED", None) if whole else ("SURVEY_PARTIAL", f"{len(facts.answers)}_OF_{len(questions)}")
    if facts.disposition not in {None, "NO_OUTCOME"}:
        assert facts.disposition is not None
        return facts.disposition, facts.sub
    if facts.callback_requested:
        return "CALLBACK", "AT_TIME" if facts.callback_at else "NO_TIME"
    if facts.questions:
        return "QUESTION", None
    return "NO_OUTCOME", facts.sub


def _remarks(facts: Facts, disposition: str, sub: str | None, questions: dict[str, str]) -> str:
    sentences = [_sentence(facts, disposition, sub, questions)]
    if facts.wants_person and sub != "WANTS_PERSON" and disposition not in {"DO_NOT_CALL", "TRANSFERRED"}:
        sentences.append(_BY_SUB["CALLBACK", "WANTS_PERSON"])
    if facts.callback_words and disposition not in {"CALLBACK", "DO_NOT_CALL"}:
        sentences.append(f"Asked to be called again{_callback_time(facts)}.")
    if facts.reason:
        sentences.append(f"Said: “{facts.reason}”")
    if facts.questions:
        sentences.append("Asked: " + " / ".join(f"“{question}”" for question in facts.questions))
    return " ".join(sentences)


_SENTENCES: Final = {
    "DISPUTE": "Disputes the payment.",
    "WRONG_NUMBER": "Wrong number.",
    "DO_NOT_CALL": "Asked not to be called again.",
    "APPOINTMENT_CONFIRMED": "Confirmed the appointment.",
    "APPOINTMENT_CANCELLED": "Cancelled the appointment.",
    "QUESTION": "Had a question that the bot could not answer.",
    "SURVEY_COMPLETED": "Answered every question of the survey.",
}
_BY_SUB: Final = {
    ("REFUSED_TO_PAY", "CANNOT_PAY"): "Says that they cannot pay.",
    ("REFUSED_TO_PAY", "WILL_NOT_PAY"): "Refuses to pay.",
    ("RIGHT_PARTY_NOT_AVAILABLE", "DECEASED"): "The person has died.",
    ("CALLBACK", "CUSTOMER_WILL_CALL"): "Said that they will call us.",
    ("CALLBACK", "WANTS_PERSON"): "Wants to speak to a person.",
    ("NO_OUTCOME", "NOT_INTERESTED"): "Not interested.",
    ("NO_OUTCOME", "DECLINED"): "Declined to take part.",
    ("NO_OUTCOME", "UNCLEAR"): "The bot could not understand the answers.",
}


def _sentence(facts: Facts, disposition: str, sub: str | None, questions: dict[str, str]) -> str:
    match disposition:
        case "PROMISE_TO_PAY":
            amount = f" {facts.promise_amount:.10g}" if facts.promise_amount else ""
            return (
                f"Promised to pay{amount} on {facts.promise_date.isoformat()}."
                if facts.promise_date
                else f"Promised to pay{amount}, without a date."
            )
        case "ALREADY_PAID":
            return f"Says it was paid on {facts.paid_date.isoformat()}." if facts.paid_date else "Says it is already paid."
        case "APPOINTMENT_RESCHEDULE":
            return f"Wants another time: {_readable(facts.requested_at) if facts.requested_at else 'not named'}."
        case "SURVEY_PARTIAL":
            return f"Answered {len(facts.answers)} of {len(questions)} questions."
        case "TRANSFERRED":
            return f"Handed over to a person ({facts.transfer_target})."
    if (disposition, sub) in _BY_SUB:
        return _BY_SUB[disposition, sub or ""]
    if disposition == "CALLBACK":
        return f"Asked to be called again{_callback_time(facts)}."
    if disposition == "RIGHT_PARTY_NOT_AVAILABLE":
        return "Somebody else answered; the person was not there."
    return _SENTENCES.get(disposition, "The conversation ended without an outcome.")


def _callback_time(facts: Facts) -> str:
    return f" on {_readable(facts.callback_at.isoformat())}" if facts.callback_at else ", at no particular time"


def _readable(iso: str) -> str:
    """A date, or a local date and time, as people write them in notes: 2026-03-05, 2026-03-05 at 15:00."""
    day, _, time = iso.partition("T")
    return f"{day} at {time[:5]}" if time else day
