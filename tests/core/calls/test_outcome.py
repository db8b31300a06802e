"""What the end of a call that was not answered means: by the guide's statuses, by the causes of the phone network, by the trunk."""

from __future__ import annotations

from typing import Any

import pytest

from core.calls.outcome import closes_silence, failed_before_answer, never_rang
from core.contracts.transport import Answered, Failed, HungUp, Ringing


@pytest.mark.parametrize(
    ("status", "cause", "rang", "expected"),
    [
        (486, None, False, ("rejected", "busy", False, "callee")),
        (480, None, False, ("no_answer", "no_answer", False, "callee")),
        (603, None, True, ("rejected", "declined", True, "callee")),
        (503, None, False, ("error", "trunk_failure", False, "trunk")),
        (503, 17, False, ("rejected", "busy", False, "callee")),
        (503, 1, False, ("error", "invalid_number", False, "callee")),
        (500, 21, False, ("rejected", "declined", False, "callee")),
        (500, 19, False, ("no_answer", "no_answer", False, "callee")),
        (404, 17, False, ("rejected", "busy", False, "callee")),
        (404, 3, False, ("error", "invalid_number", False, "callee")),
        (503, 26, False, ("error", "invalid_number", False, "callee")),
        (500, 23, False, ("error", "invalid_number", False, "callee")),
        (503, 3, False, ("error", "trunk_failure", False, "trunk")),
        (503, 34, False, ("error", "trunk_failure", False, "trunk")),
        (503, 38, True, ("error", "trunk_failure", True, "unknown")),
        (503, 16, False, ("error", "trunk_failure", False, "trunk")),
        (404, 42, False, ("error", "trunk_failure", False, "trunk")),
        # the guide's statuses keep its word; fault and charging follow the cause
        (480, 17, False, ("no_answer", "busy", False, "callee")),
        (480, 1, False, ("no_answer", "invalid_number", False, "callee")),
        (486, 34, False, ("rejected", "trunk_refused", False, "trunk")),
        (603, 34, False, ("rejected", "trunk_refused", False, "trunk")),
        (408, 38, False, ("no_answer", "trunk_refused", False, "trunk")),
        (480, 34, True, ("no_answer", "trunk_failure", True, "unknown")),
    ],
)
def test_by_status_and_cause(status: int, cause: int | None, rang: bool, expected: tuple[Any, ...]) -> None:
    ending = failed_before_answer(status, "", rang=rang, from_trunk=False, cause=cause)
    assert (ending.disconnected_by, ending.end_reason, ending.phone_rang, ending.fault) == expected
    assert ending.sip_status == status


@pytest.mark.parametrize(("status", "word"), [(480, "no_answer"), (486, "rejected"), (603, "rejected"), (503, "error"), (403, "error")])
@pytest.mark.parametrize(("blame", "end_reason"), [("limit", "trunk_busy"), ("down", "trunk_refused")])
def test_what_the_trunk_refuses_rang_nowhere(status: int, word: str, blame: Any, end_reason: str) -> None:
    ending = failed_before_answer(status, "Full", rang=False, from_trunk=False, blame=blame)
    assert (ending.disconnected_by, ending.end_reason, ending.phone_rang, ending.fault) == (word, end_reason, False, "trunk")


def test_silence_has_no_status() -> None:
    ending = failed_before_answer(408, "the trunk does not answer", rang=False, from_trunk=True)
    assert (ending.disconnected_by, ending.end_reason, ending.sip_status, ending.phone_rang) == ("error", "trunk_refused", None, False)


def test_a_call_that_never_rang_is_not_unanswered() -> None:
    ending = never_rang(487, "Request Terminated", 5.0)
    assert (ending.disconnected_by, ending.end_reason, ending.phone_rang, ending.fault) == ("error", "never_rang", False, "trunk")
    assert ending.sip_reason == "no ringing within 5 s: 487 Request Terminated"


@pytest.mark.parametrize(
    ("event", "closes"),
    [
        (None, True),
        *[(Failed(status, ""), True) for status in (408, 480, 486, 487, 500, 503, 600, 603)],
        (Failed(486, "", cause=17), True),
        *[(Failed(status, ""), False) for status in (404, 410, 484, 485, 604)],
        (Failed(480, "", cause=1), False),
        (Failed(408, "", from_trunk=True), False),
        (Failed(500, "", ours=True), False),
        (Ringing(), False),
        (Answered(), False),
        (HungUp(), False),
    ],
    ids=str,
)
def test_what_closes_a_call_that_never_rang(event: Any, closes: bool) -> None:
    assert closes_silence(event) is closes
