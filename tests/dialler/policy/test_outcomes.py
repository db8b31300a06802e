from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialler.policy.outcomes import Outcome, ResultFacts, charged, derive_outcome

ANSWERED = "2026-03-04T10:00:05Z"


def facts(**result: Any) -> ResultFacts:
    return ResultFacts.of({"disconnected_by": "bot", **result})


@pytest.mark.parametrize(
    ("result", "outcome", "is_charged"),
    [
        ({"disconnected_by": "bot", "end_reason": "completed", "answered_at": ANSWERED, "phone_rang": True}, Outcome.REACHED, True),
        ({"disconnected_by": "customer", "phone_rang": True}, Outcome.REACHED, True),
        ({"disconnected_by": "voicemail", "phone_rang": True}, Outcome.VOICEMAIL, True),
        ({"disconnected_by": "RNR", "phone_rang": True}, Outcome.RNR, True),
        ({"disconnected_by": "timeout", "phone_rang": True}, Outcome.TIMEOUT, True),
        ({"disconnected_by": "transfer_to_agent", "phone_rang": True}, Outcome.TRANSFERRED, True),
        ({"disconnected_by": "bot", "was_transferred": True}, Outcome.TRANSFERRED, True),
        ({"disconnected_by": "no_answer", "sip_status": 480, "phone_rang": True, "fault": "callee"}, Outcome.NO_ANSWER, True),
        ({"disconnected_by": "no_answer", "sip_status": 408, "phone_rang": False}, Outcome.NO_ANSWER, False),
        ({"disconnected_by": "rejected", "sip_status": 486, "phone_rang": True, "fault": "callee"}, Outcome.REJECTED, True),
        ({"disconnected_by": "rejected", "sip_status": 486, "phone_rang": False, "fault": "callee"}, Outcome.REJECTED, True),
        ({"disconnected_by": "no_answer", "sip_status": 480, "phone_rang": False, "fault": "callee"}, Outcome.NO_ANSWER, True),
        ({"disconnected_by": "rejected", "sip_status": 486, "phone_rang": False, "fault": "trunk"}, Outcome.ERROR_BEFORE_RINGING, False),
        (
            {"disconnected_by": "no_answer", "sip_status": 480, "end_reason": "invalid_number", "phone_rang": False, "fault": "callee"},
            Outcome.INVALID_NUMBER,
            False,
        ),
        ({"disconnected_by": "outside_hours", "phone_rang": False}, Outcome.OUTSIDE_HOURS, False),
        ({"disconnected_by": "error", "end_reason": "withdrawn", "phone_rang": True, "sip_status": 487}, Outcome.WITHDRAWN, False),
        ({"disconnected_by": "bot", "end_reason": "withdrawn", "phone_rang": True, "answered": True}, Outcome.WITHDRAWN, False),
        ({"disconnected_by": "error", "sip_status": 404, "fault": "callee", "phone_rang": False}, Outcome.INVALID_NUMBER, False),
        ({"disconnected_by": "error", "end_reason": "invalid_number", "phone_rang": False}, Outcome.INVALID_NUMBER, False),
        ({"disconnected_by": "error", "sip_status": 503, "fault": "trunk", "phone_rang": False}, Outcome.ERROR_BEFORE_RINGING, False),
        ({"disconnected_by": "error", "fault": "unknown", "phone_rang": False}, Outcome.ERROR_BEFORE_RINGING, False),
        ({"disconnected_by": "error", "end_reason": "worker_died", "fault": "unknown", "phone_rang": True}, Outcome.CUT_OFF, True),
        (  # the network hung up in the middle of the conversation
            {"disconnected_by": "error", "end_reason": "pipeline_failure", "answered_at": ANSWERED, "phone_rang": True, "sip_status": 200},
            Outcome.CUT_OFF,
            True,
        ),
        ({"disconnected_by": "error", "may_have_been_dialled": True, "phone_rang": True}, Outcome.HELD, True),
        ({"disconnected_by": "error", "may_have_been_dialled": True, "phone_rang": False}, Outcome.HELD, True),
        ({"disconnected_by": "error", "end_reason": "prefetch_failed", "phone_rang": False}, Outcome.PREFETCH_FAILED, False),
        ({"disconnected_by": "error", "end_reason": "suppressed", "phone_rang": False}, Outcome.DO_NOT_CALL, False),
        ({"disconnected_by": "error", "end_reason": "cancelled", "phone_rang": False}, Outcome.CANCELLED, False),
        ({"disconnected_by": "bot", "end_reason": "cancelled", "answered_at": ANSWERED}, Outcome.CANCELLED, True),
    ],
)
def test_every_ending(result: dict[str, Any], outcome: Outcome, is_charged: bool) -> None:
    found = facts(**result)
    assert derive_outcome(found) == outcome
    assert charged(found) is is_charged


@pytest.mark.parametrize(
    ("analysis", "disposition", "outcome"),
    [
        ({"do_not_call": True}, "", Outcome.DO_NOT_CALL),
        ({}, "do not call", Outcome.DO_NOT_CALL),
        ({}, "DNC", Outcome.DO_NOT_CALL),
        ({"wrong_number": True}, "", Outcome.WRONG_NUMBER),
        ({}, "Wrong-Number", Outcome.WRONG_NUMBER),
        ({"callback_requested": True}, "", Outcome.CALLBACK),
        ({}, "CALLBACK", Outcome.CALLBACK),
        ({"callback_requested": True, "do_not_call": True}, "", Outcome.DO_NOT_CALL),
        ({"callback_requested": "yes", "do_not_call": "false"}, "PROMISE_TO_PAY", Outcome.REACHED),
    ],
)
@pytest.mark.parametrize("ending", ["bot", "customer"])
def test_what_the_callee_wants_goes_before_how_it_ended(ending: str, analysis: dict[str, Any], disposition: str, outcome: Outcome) -> None:
    assert derive_outcome(facts(disconnected_by=ending, disposition=disposition, post_call_analysis=analysis)) == outcome


def test_a_wish_is_kept_when_the_call_breaks_after_it() -> None:
    assert derive_outcome(facts(disconnected_by="timeout", post_call_analysis={"do_not_call": True})) == Outcome.DO_NOT_CALL
    broken = facts(disconnected_by="error", phone_rang=True, answered_at=ANSWERED, post_call_analysis={"callback_requested": True})
    assert derive_outcome(broken) == Outcome.CALLBACK


def test_a_disposition_of_a_call_that_nobody_answered_is_no_wish() -> None:
    assert derive_outcome(facts(disconnected_by="no_answer", disposition="CALLBACK", phone_rang=True)) == Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-05T10:30:00+05:30", datetime(2026, 3, 5, 5, tzinfo=UTC)),
        ("2026-03-05T10:30:00", None),
        ("tomorrow", None),
        (None, None),
        (5, None),
    ],
)
def test_the_time_of_a_callback_needs_its_zone(written: object, moment: datetime | None) -> None:
    assert facts(post_call_analysis={"callback_requested": True, "callback_at": written}).callback_at == moment


JSON = st.recursive(st.none() | st.booleans() | st.text(max_size=8), lambda inner: st.dictionaries(st.text(max_size=8), inner))
ENDINGS = "bot customer voicemail RNR outside_hours no_answer rejected timeout transfer_to_agent error".split()  # noqa: SIM905
REST = "end_reason phone_rang answered_at fault disposition post_call_analysis was_transferred".split()  # noqa: SIM905


@given(st.sampled_from(ENDINGS), st.dictionaries(st.sampled_from(REST), JSON))
def test_any_result_has_an_outcome(ending: str, rest: dict[str, Any]) -> None:
    found = facts(**rest, disconnected_by=ending)
    outcome = derive_outcome(found)
    if outcome in (Outcome.ERROR_BEFORE_RINGING, Outcome.OUTSIDE_HOURS) and not found.answered and not found.phone_rang:
        assert not charged(found)
    if found.phone_rang:
        assert charged(found)
