"""Every lead is in exactly one step, whatever the state; the most binding reason is the one that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialler.leads.states import STATES, WAITING
from dialler.why.account import Counts, Situation, account_for, blocker_of

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


@given(
    by_state=st.dictionaries(st.sampled_from(STATES), st.integers(0, 1_000_000)),
    shares=st.fixed_dictionaries({state: st.floats(0, 1) for state in WAITING}),
    rejected=st.integers(0, 1000),
    state=st.sampled_from(["draft", "running", "paused", "stopping", "stopped", "completed", "failed"]),
    attended=st.booleans(),
    hold=st.one_of(st.none(), st.just("outside the campaign's calling window")),
)
def test_the_steps_add_up(
    by_state: dict[str, int], shares: dict[str, float], rejected: int, state: str, attended: bool, hold: str | None
) -> None:
    ready = {waiting: int(by_state.get(waiting, 0) * share) for waiting, share in shares.items()}
    account = account_for(Counts(by_state, ready, {}, rejected), Situation(state, None, attended, hold, LATER, 50), NOW)
    assert sum(step.count for step in account.steps) == account.rows
    assert account.rows == sum(n for name, n in by_state.items() if name != "staged") + rejected
    assert all(step.count > 0 for step in account.steps)
    assert len({step.name for step in account.steps}) == len(account.steps)


@pytest.mark.parametrize(
    ("at", "in_flight", "name"),
    [
        (Situation("draft"), 0, "draft"),
        (Situation("paused", "the carrier asked us to"), 0, "paused"),
        (Situation("stopped"), 0, "stopped"),
        (Situation("running", attended=False, hold_reason="outside its window", hold_until=LATER), 0, "unattended"),
        (Situation("running", hold_reason="outside the campaign's calling window", hold_until=LATER, limit=1), 1, "on_hold"),
        (Situation("running", hold_reason="outside its window", hold_until=NOW - timedelta(seconds=1), limit=5), 5, "concurrency_limit"),
        (Situation("running", limit=5), 4, None),
    ],
)
def test_the_most_binding_reason_is_said(at: Situation, in_flight: int, name: str | None) -> None:
    blocker = blocker_of(at, in_flight, NOW)
    assert (blocker.name if blocker else None) == name
    if blocker is not None:
        assert blocker.words.endswith(".")
        assert ".." not in blocker.words


def test_a_hold_says_until_when() -> None:
    at = Situation("running", hold_reason="outside the campaign's calling window", hold_until=LATER)
    account = account_for(Counts({"pending": 3}, {"pending": 2}, {"pending": LATER}), at, NOW)
    steps: dict[str, Any] = {step.name: step for step in account.steps}
    assert (steps["ready"].count, steps["ready"].clears_at, steps["ready"].reason) == (2, LATER, "on_hold")
    assert (steps["not_yet"].count, steps["not_yet"].clears_at) == (1, LATER)
