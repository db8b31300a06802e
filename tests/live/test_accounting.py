"""What a campaign over a trunk is charged for: refusals of the callee's side, of the carrier, and of our own trunk when it is full."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.kernel.database import Database
from core.trunks.breaker import FAILURES
from tests.live.runs import database_of, lab_campaign, records, running, states
from tests.live.sip_farm import Answer, sip_farm

pytestmark = pytest.mark.needs("sippy")

SOON = {"delay": "1s", "growth": 1, "jitter": 0}
RULES: dict[str, Any] = {
    "max_attempts": 2, "max_uncharged": 3,
    "retry": dict.fromkeys(("no_answer", "rejected", "cut_off", "error_before_ringing"), SOON),
}  # fmt: skip
REACHED = Answer(200, rings=True)


def number(n: int) -> str:
    return f"+120255501{n:02d}"


CASES: dict[str, tuple[Answer, dict[str, Any], str]] = {
    # number: the first answer; the first attempt; what becomes of the lead
    number(11): (Answer(486), {"charged": True, "outcome": "rejected", "disposition": "BUSY"}, "completed"),
    number(12): (Answer(600), {"charged": True, "outcome": "rejected", "disposition": "BUSY"}, "completed"),
    number(13): (Answer(603), {"charged": True, "outcome": "rejected", "disposition": "DECLINED"}, "completed"),
    number(14): (Answer(480), {"charged": True, "outcome": "no_answer", "disposition": "NO_ANSWER"}, "completed"),
    number(15): (Answer(408), {"charged": True, "outcome": "no_answer", "disposition": "NO_ANSWER"}, "completed"),
    number(16): (Answer(404), {"charged": False, "outcome": "invalid_number", "disposition": "INVALID_NUMBER"}, "exhausted"),
    number(17): (Answer(484), {"charged": False, "outcome": "invalid_number", "disposition": "INVALID_NUMBER"}, "exhausted"),
    number(18): (Answer(604), {"charged": False, "outcome": "invalid_number", "disposition": "INVALID_NUMBER"}, "exhausted"),
    number(19): (Answer(500), {"charged": False, "outcome": "error_before_ringing", "disposition": "ERROR"}, "completed"),
    number(20): (Answer(503), {"charged": False, "outcome": "error_before_ringing", "disposition": "ERROR"}, "completed"),
    number(21): (Answer(403), {"charged": False, "outcome": "error_before_ringing", "disposition": "ERROR"}, "completed"),
    number(22): (  # the network says that its lines are taken
        Answer(480, headers=("Reason: Q.850;cause=34",)),
        {"charged": False, "outcome": "error_before_ringing", "disposition": "ERROR"},
        "completed",
    ),
    number(23): (Answer(503, rings=True), {"charged": True, "outcome": "cut_off", "disposition": "ERROR"}, "completed"),
}


def test_each_status_is_charged_as_it_should_be(tmp_path: Path) -> None:
    """One campaign; the number decides what the first call to it meets. Whoever may be called again is reached then."""
    with sip_farm({called: [case[0]] for called, case in CASES.items()}, REACHED) as farm:
        folder = lab_campaign(tmp_path / "campaign", list(CASES), farm.port, channels=10, per_second=10, campaign=RULES)
        with running(folder, tmp_path) as run:
            run.wait(120)
    said = records(tmp_path)
    for called, (answer, first, state) in CASES.items():
        attempts, lead = said.attempts_at(called), said.lead(called)
        assert {name: getattr(attempts[0], name) for name in first} == first, (called, answer)
        assert (attempts[0].sip_status, attempts[0].charged) == (answer.status, first["charged"]), called
        result = said.call_of(attempts[0].id).result
        assert result["sip_status"] == answer.status
        assert "As Planned" in result["sip_reason"]
        assert lead.state == state, (called, lead)
        retried = state == "completed"
        assert len(attempts) == len(farm.calls_to(called)) == (2 if retried else 1), called
        assert (lead.attempts, lead.uncharged) == (retried + first["charged"], 1 - first["charged"]), called
        if retried:
            assert (attempts[1].charged, attempts[1].outcome, attempts[1].sip_status) == (True, "reached", 200), called
    assert {len(calls) for calls in farm.call_ids().values()} == {1}
    assert said.call_of(said.attempts_at(number(22))[0].id).result["end_reason"] == "trunk_refused"
    assert said.call_of(said.attempts_at(number(20))[0].id).result["end_reason"] == "trunk_failure"


@pytest.mark.parametrize("status", [480, 503])
def test_what_a_full_trunk_refuses_is_not_the_callees(tmp_path: Path, status: int) -> None:
    """The trunk is made smaller while a call waits for its turn: it leaves when every channel is in use."""
    first, second = number(11), number(12)

    def shrink() -> None:
        deadline = time.monotonic() + 2.5  # the next turn is 2.9 s after this one
        while sum(states(tmp_path).values()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        db = Database(database_of(tmp_path))
        try:
            with db.write() as connection:
                connection.execute(text("UPDATE trunks SET channels = 1 WHERE name = 'lab'"))
        finally:
            db.close()

    plan = {called: [Answer(200, rings=True, talks=5.0, before=shrink), REACHED] for called in (first,)}
    plan[second] = [Answer(status), REACHED]
    with sip_farm(plan) as farm:
        # one charged attempt is all there is: charged, the lead would not be called again
        limits = {**RULES, "max_attempts": 1, "calls_per_second": 20}
        folder = lab_campaign(tmp_path / "campaign", [first, second], farm.port, channels=2, per_second=0.35, campaign=limits)
        with running(folder, tmp_path) as run:
            run.wait(90)
    said = records(tmp_path)
    refused, reached = said.attempts_at(second)
    assert (refused.charged, refused.outcome, refused.sip_status) == (False, "trunk_busy", status)
    result = said.call_of(refused.id).result
    assert (result["end_reason"], result["fault"], result["phone_rang"]) == ("trunk_busy", "trunk", False)
    assert (reached.charged, reached.outcome) == (True, "reached")
    lead = said.lead(second)
    assert (lead.state, lead.attempts, lead.uncharged) == ("completed", 1, 0), "a full trunk uses up nothing of the lead"


def test_a_carrier_that_refuses_everything_is_rested(tmp_path: Path) -> None:
    """With room on our trunk, a 503 is the carrier's: no lead is charged, and after five the trunk is rested, asked, and used again."""
    numbers = [number(11 + n) for n in range(3)]
    plan = {called: [Answer(503)] * (2 if called != numbers[-1] else 1) for called in numbers}
    with sip_farm(plan) as farm:
        limits = {**RULES, "max_attempts": 1, "max_uncharged": 5}
        folder = lab_campaign(tmp_path / "campaign", numbers, farm.port, channels=1, per_second=5, campaign=limits)
        with running(folder, tmp_path) as run:
            run.wait(150)
    said = records(tmp_path)
    assert FAILURES in farm.asked  # after so many calls it was asked, before another went out
    for called in numbers:
        lead, attempts = said.lead(called), said.attempts_at(called)
        assert (lead.state, lead.attempts, lead.outcome) == ("completed", 1, "reached")
        assert [attempt.charged for attempt in attempts] == [False] * (len(attempts) - 1) + [True]
        assert {said.call_of(attempt.id).result["end_reason"] for attempt in attempts[:-1]} == {"trunk_failure"}
