"""The dispatcher's next step, for every situation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dialler.policy.steps import Close, Dial, Over, Paused, Situation, Step, Wait, next_step
from tests.conftest import START

moments = st.none() | st.integers(-3600, 3600).map(lambda s: START + timedelta(seconds=s))


@given(
    ready=st.booleans(),
    in_flight=st.integers(0, 3),
    next_due=moments,
    window_open=st.booleans(),
    opens_at=moments,
    hold_until=moments,
    state=st.sampled_from(["running", "paused", "stopping", "draining", "completed"]),
    ending_calls=st.booleans(),
)
def test_it_never_dials_when_it_must_not(
    ready: bool,
    in_flight: int,
    next_due: datetime | None,
    window_open: bool,
    opens_at: datetime | None,
    hold_until: datetime | None,
    state: str,
    ending_calls: bool,
) -> None:
    step = next_step(START, Situation(state, ready, in_flight, next_due, window_open, opens_at, hold_until, "why", ending_calls))
    if isinstance(step, Dial):
        assert not ending_calls
        assert state == "running"
        assert ready
        assert window_open
        assert hold_until is None or hold_until <= START
    if isinstance(step, Over) and state in {"running", "stopping", "draining"}:
        assert in_flight == 0
    if isinstance(step, Over) and state == "running":
        assert not ready
        assert next_due is None


def test_each_case() -> None:
    later = START + timedelta(hours=1)

    ready = Situation("running", True, 0, None, True, None, None, "why")

    def step(**other: Any) -> Step:
        return next_step(START, replace(ready, **other))

    assert step() == Dial()
    assert step(state="paused") == Paused()
    assert step(ending_calls=True) == Paused()
    assert step(ending_calls=True, in_flight=1) == Wait(None, "the calls in progress are being ended, as was ordered")
    assert step(state="stopping", in_flight=1) == Wait(None)
    assert step(state="stopping") == Over("drained")
    assert step(state="draining") == Over("interrupted")
    assert step(state="failing", in_flight=1) == Wait(None)
    assert step(state="failing") == Over("failed")
    assert step(ready=False, next_due=later) == Wait(later)
    assert step(ready=False, in_flight=1) == Wait(None)
    assert step(ready=False) == Over("finished")
    assert step(hold_until=later) == Wait(later, "why")
    assert step(window_open=False, opens_at=later) == Wait(later, "outside the campaign's calling window")
    assert isinstance(step(window_open=False), Close)
