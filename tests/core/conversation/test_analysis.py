from typing import get_args

import pytest

from core.calls.outcome import failed_before_answer
from core.contracts.call_result import DisconnectedBy
from core.contracts.dispositions import DEFAULTS, RULES_ANALYSIS
from core.conversation.analysis import default_analysis, has_conversation
from core.conversation.rules.facts import Facts
from core.conversation.rules.report import report


def test_every_way_to_end_has_a_word() -> None:
    assert set(DEFAULTS) == set(get_args(DisconnectedBy))
    for disconnected_by in get_args(DisconnectedBy):
        analysis = default_analysis(disconnected_by=disconnected_by)
        assert set(analysis) == {"DISPOSITION", "SUB_DISPOSITION", "CALLING_REMARKS"}
        assert all(analysis.values())
        assert " " not in analysis["DISPOSITION"]


@pytest.mark.parametrize(
    ("disconnected_by", "end_reason", "spoke", "disposition"),
    [
        ("customer", "customer_hangup", False, "HUNG_UP"),
        ("customer", "customer_hangup", True, "NO_OUTCOME"),
        ("voicemail", "voicemail", False, "VOICEMAIL"),
        ("RNR", "silent", False, "RNR"),
        ("error", "pipeline_failure", True, "ERROR"),
        ("bot", "cancelled", True, "CANCELLED"),
        ("something new", "", False, "ERROR"),
    ],
)
def test_words(disconnected_by: str, end_reason: str, spoke: bool, disposition: str) -> None:
    assert default_analysis(disconnected_by=disconnected_by, end_reason=end_reason, customer_spoke=spoke)["DISPOSITION"] == disposition


@pytest.mark.parametrize(
    ("status", "disposition"),
    [(480, "NO_ANSWER"), (408, "NO_ANSWER"), (486, "BUSY"), (603, "DECLINED"), (404, "INVALID_NUMBER"), (503, "ERROR")],
)
def test_sip_statuses(status: int, disposition: str) -> None:
    ending = failed_before_answer(status, "", rang=False, from_trunk=False)
    assert default_analysis(disconnected_by=ending.disconnected_by, end_reason=ending.end_reason)["DISPOSITION"] == disposition


def test_only_conversations_are_analysed() -> None:
    assert has_conversation("bot", customer_spoke=True)
    assert has_conversation("timeout", customer_spoke=True)
    assert not has_conversation("customer", customer_spoke=False)
    assert not has_conversation("error", customer_spoke=True)


def test_nobody_is_said_to_have_heard_a_phone_that_did_not_ring() -> None:
    ending = failed_before_answer(480, "", rang=False, from_trunk=False)
    assert "did not ring" in default_analysis(disconnected_by=ending.disconnected_by, rang=False)["CALLING_REMARKS"]
    assert "rang" in default_analysis(disconnected_by=ending.disconnected_by, rang=True)["CALLING_REMARKS"]


def test_a_technical_failure_is_told_with_its_reason() -> None:
    analysis = default_analysis(disconnected_by="error", end_reason="trunk_failure", rang=False, failure="408 the trunk does not answer")
    assert analysis["CALLING_REMARKS"] == "The call failed for a technical reason: 408 the trunk does not answer."
    unknown = default_analysis(disconnected_by="error", end_reason="invalid_number", failure="404 Not Found")
    assert unknown["CALLING_REMARKS"] == "The network does not know this number."


def test_the_fields_of_the_rules_brain_are_those_that_are_named() -> None:
    assert tuple(report(Facts(), {})) == RULES_ANALYSIS
