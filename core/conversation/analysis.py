"""The analysis of calls without a conversation to analyse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.contracts.dispositions import DEFAULTS, FINER

__all__ = ["default_analysis", "has_conversation", "with_person", "with_wishes"]


def has_conversation(disconnected_by: str, *, customer_spoke: bool) -> bool:
    """Whether there was a conversation to analyse: the callee spoke, and no machine or failure intervened."""
    return customer_spoke and disconnected_by not in {"error", "voicemail", "no_answer", "rejected", "outside_hours", "RNR"}


def default_analysis(
    *, disconnected_by: str, end_reason: str = "", customer_spoke: bool = False, rang: bool = True, failure: str = ""
) -> dict[str, Any]:
    """The default analysis of a call; also fills in keys that a brain's analysis lacks.

    Args:
        disconnected_by: the guide's value for who or what ended the call.
        end_reason: our own, more detailed value.
        customer_spoke: whether the callee said anything.
        rang: whether the network reported ringing.
        failure: why the call could not be connected, as reported by the network, if known.
    """
    disposition, remarks = FINER.get(end_reason) or DEFAULTS.get(disconnected_by, DEFAULTS["error"])
    if disconnected_by == "customer" and customer_spoke:
        disposition, remarks = "NO_OUTCOME", "The customer hung up before there was an outcome."
    if disconnected_by == "no_answer" and not rang:
        remarks = "The phone did not ring: it was switched off, or out of reach."
    if failure and remarks == DEFAULTS["error"][1]:
        remarks = f"{remarks.rstrip('.')}: {failure.rstrip('.')}."
    return {"DISPOSITION": disposition, "SUB_DISPOSITION": (end_reason or disposition).upper(), "CALLING_REMARKS": remarks}


_WANTS_PERSON: Final = {"DISPOSITION": "CALLBACK", "SUB_DISPOSITION": "WANTS_PERSON", "CALLING_REMARKS": "Wants to speak to a person."}


def with_person(analysis: Mapping[str, Any], *, asked: bool, transferred: bool) -> dict[str, Any]:
    """Add to an analysis what came of the wish for a person: `wants_person` is true only while the wish is open.

    Args:
        analysis: from any brain, or the default.
        asked: whether the callee asked for a person, or a transfer was begun.
        transferred: whether the callee was transferred.
    """
    if transferred or not asked:
        return {**analysis, "wants_person": False} if transferred and analysis.get("wants_person") else dict(analysis)
    if analysis.get("DISPOSITION") == "TRANSFERRED":  # the transfer was begun, and the call ended before anybody answered
        return {**analysis, **_WANTS_PERSON, "callback_requested": True, "wants_person": True}
    return {**analysis, "wants_person": True}


def with_wishes(
    analysis: Mapping[str, Any], *, callback: Mapping[str, Any] | None, do_not_call: bool, person: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Add to a default analysis what the callee asked for in the call: that counts, however the call ended.

    Args:
        analysis: from `default_analysis`.
        callback: `at` (ISO, or None if no time was named) and `words`; None if none was asked for.
        do_not_call: whether the callee asked never to be called again.
        person: `words` in which they asked for a person; None if they did not.
    """
    if do_not_call:
        asked = {"DISPOSITION": "DO_NOT_CALL", "SUB_DISPOSITION": "ASKED", "CALLING_REMARKS": "Asked not to be called again."}
        return {**analysis, **asked, "do_not_call": True}
    if person is not None:
        at, words = (callback or {}).get("at"), (callback or person).get("words")
        asked_for = {"callback_requested": True, "callback_at": at, "callback_preferred_time_text": words, "wants_person": True}
        return {**analysis, **_WANTS_PERSON, **asked_for}
    if callback is None:
        return dict(analysis)
    return {
        **analysis,
        "DISPOSITION": "CALLBACK",
        "SUB_DISPOSITION": "AT_TIME" if callback.get("at") else "NO_TIME",
        "CALLING_REMARKS": "Asked to be called again.",
        "callback_requested": True,
        "callback_at": callback.get("at"),
        "callback_preferred_time_text": callback.get("words"),
    }
