"""The sentence that a run ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.cli.run_report import files_of, how_it_ended, print_report
from web.run.outputs import advice_on
from web.run.summary import RunSummary


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("completed", None, "Done: no lead can be dialled any more."),
        ("stopped", "stopped by an operator", "Stopped by an operator."),
        ("stopped", "Stopped by an operator.", "Stopped by an operator."),
        ("failed", "the bot never opens", "Ended early. The bot never opens."),
        ("failed", "The core refuses the API key.", "Ended early. The core refuses the API key."),
        ("failed", "", "Ended early."),
    ],
)
def test_it_says_nothing_twice(state: str, reason: str | None, said: str) -> None:
    assert how_it_ended(state, reason) == said


def test_the_log_of_the_sandbox_is_no_file_of_real_calls(tmp_path: Path) -> None:
    for name in ("leads.csv", "network.jsonl", "crm.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    assert list(files_of(tmp_path, sandbox=True)) == ["leads.csv", "network.jsonl", "crm.jsonl"]
    assert list(files_of(tmp_path, sandbox=False)) == ["leads.csv", "crm.jsonl"]


def test_calls_that_failed_are_told_with_their_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = "The call failed for a technical reason: 408 the trunk does not answer."
    summary = RunSummary(
        "spring", "c1", "interrupted", None, sandbox=False, started_at=None, ended_at="", leads=5, leads_by_state={}, attempts=5,
        answered=0,
        outcomes=[{"disposition": "ERROR", "state": "retry_scheduled", "leads": 5}], answer_rate=0.0, held=0, imported={},
        deliveries={"pending": 0, "dead": 0, "delivered": 0}, audit={"clean": True}, failures=[{"note": note, "leads": 5}],
    )  # fmt: skip
    print_report(summary, tmp_path, "", "")
    assert f"5 leads: {note}" in capsys.readouterr().out


def test_it_says_why_calls_were_not_answered_and_what_the_carrier_allows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {
        "sip_status": 401,
        "sip_reason": "Unauthorized",
        "fault": "trunk",
        "calls": 3,
        "advice": advice_on(401, "Unauthorized", "trunk"),
    }
    busy = {"sip_status": 486, "sip_reason": "Busy Here", "fault": "callee", "calls": 1, "advice": ""}
    rang = {"sip_status": 487, "sip_reason": "Request Terminated", "fault": "callee", "calls": 2, "advice": ""}
    allows = {
        "trunk": "carrier",
        "channels": 3,
        "calls_per_second": None,
        "words": "3 calls at once (the record says 10)",
        "reason": "480 Full",
    }
    summary = RunSummary(
        "spring", "c1", "completed", None, sandbox=False, started_at=None, ended_at="", leads=5, leads_by_state={}, attempts=5,
        answered=0, outcomes=[], answer_rate=0.0, held=0, imported={}, deliveries={"pending": 0, "dead": 0, "delivered": 0},
        audit={"clean": True}, why_calls_failed=[wrong, rang, busy], carrier_allows=allows,
    )  # fmt: skip
    print_report(summary, tmp_path, "", "")
    said = " ".join(capsys.readouterr().out.split())
    assert "3 calls: 401 Unauthorized. The password or the user is wrong." in said
    assert "2 calls: it rang, and nobody answered." in said
    assert "1 call: busy (486 Busy Here)." in said
    assert "The carrier of the trunk carrier seems to allow only 3 calls at once (the record says 10)" in said


def test_it_says_who_answered_and_when_by_the_campaigns_own_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = RunSummary(
        "spring", "c1", "completed", None, sandbox=False, started_at="2026-03-04T22:00:00Z", ended_at="2026-03-05T01:30:00Z", leads=5,
        leads_by_state={}, attempts=9, answered=7, outcomes=[], answer_rate=0.7778, held=0, imported={},
        deliveries={"pending": 0, "dead": 0, "delivered": 0}, audit={"clean": True},
        answered_by={"people": 4, "machines": 2, "silent": 1}, time_zone="Asia/Kolkata",
    )  # fmt: skip
    print_report(summary, tmp_path, "", "")
    said = capsys.readouterr().out
    assert "People answered 4 calls, machines 2; in 1 somebody picked up and never spoke." in said
    assert "from Thu 05 Mar 2026 03:30 to Thu 05 Mar 2026 07:00 Asia/Kolkata (3 h 30 min)" in said


def test_advice_is_for_what_can_be_mended() -> None:
    assert advice_on(486, "Busy Here", "callee") == ""
    assert "number_prefix" in advice_on(404, "Not Found", "callee")
    assert "firewall" in advice_on(None, "the trunk does not answer", "trunk")
