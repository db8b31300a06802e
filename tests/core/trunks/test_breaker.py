"""When a trunk that fails is rested, and when it opens again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.trunks.breaker import FAILURES, FIRST_REST, HEALTHY, LONGEST_REST, TRIAL, WITHIN, Health, verdict_on

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def rested(now: datetime = NOW) -> Health:
    health = HEALTHY
    for _ in range(FAILURES):
        health = health.after_failure("503 down", now, now)
    return health


def test_failures_in_a_row_rest_it() -> None:
    health = HEALTHY
    for number in range(1, FAILURES):
        health = health.after_failure("503 down", NOW, NOW)
        assert (health.state(NOW), health.failures) == ("closed", number)
    health = health.after_failure("503 down", NOW, NOW)
    assert health.state(NOW) == "resting"
    assert health.opens_at(NOW) == health.resting_until == NOW + FIRST_REST
    assert health.reason == "503 down"


def test_a_success_between_them_or_much_time_starts_anew() -> None:
    health = HEALTHY
    for _ in range(FAILURES - 1):
        health = health.after_failure("503 down", NOW, NOW)
    assert not health.after_success(NOW)
    later = NOW + WITHIN + SECOND
    assert health.after_failure("503 down", later, later).failures == 1


def test_one_call_tries_it_and_the_others_wait() -> None:
    health, over = rested(), NOW + FIRST_REST
    assert health.state(over) == "trial"
    assert health.opens_at(over) is None
    tried = health.on_trial(over)
    assert tried.opens_at(over + SECOND) == over + TRIAL
    assert tried.opens_at(over + TRIAL) is None  # nothing became known of it: another one may try
    assert tried.after_success(over) == HEALTHY


def test_rests_grow_to_a_bound() -> None:
    health, now, rests = rested(), NOW, []
    for _ in range(8):
        assert health.resting_until is not None
        rests.append(health.resting_until - now)
        now = health.resting_until
        health = health.on_trial(now).after_failure("503 down", now, now)
    assert rests[:4] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST, 8 * FIRST_REST]
    assert rests[-1] == LONGEST_REST


def test_calls_that_left_before_the_rest_change_nothing() -> None:
    health, later = rested(), NOW + 5 * SECOND
    assert health.after_failure("503 down", NOW - SECOND, later) == health
    assert health.after_success(NOW - SECOND) == health


def test_it_is_asked_before_it_opens() -> None:
    health, soon = rested(), NOW + FIRST_REST - 5 * SECOND
    assert health.after_question(None, soon).state(soon) == "trial"
    worse = health.after_question("it does not answer", soon)
    assert worse.resting_until == soon + 2 * FIRST_REST
    assert worse.reason == "it does not answer"
    assert HEALTHY.after_question("it does not answer", NOW) == HEALTHY


def test_a_trunk_that_answers_no_question_is_tried_all_the_same() -> None:
    health, now = rested(), NOW
    states = []
    for _ in range(3):
        assert health.resting_until is not None
        now = health.resting_until - SECOND
        health = health.after_question("it does not answer", now)
        states.append(health.state(now))
    assert states == ["resting", "resting", "trial"]


def test_it_is_kept_whole() -> None:
    for health in (HEALTHY, rested(), rested().on_trial(NOW)):
        assert Health.of(health.record()) == health
    assert Health.of(None) == HEALTHY


@pytest.mark.parametrize(
    ("status", "rang", "from_trunk", "spared", "verdict"),
    [
        (503, False, False, False, "ill"),
        (503, True, False, False, "well"),  # it rang: the trunk has carried it
        (503, False, True, True, None),  # above our own limits
        (500, False, False, True, None),  # with a cause that names the callee
        (401, False, False, False, "ill"),
        (403, False, False, False, "ill"),
        (408, False, True, False, "ill"),  # not a word came
        (408, False, False, False, "well"),
        (480, False, False, False, "well"),
        (486, False, False, False, "well"),
        (404, False, False, False, "well"),
        (603, False, False, False, "well"),
        (487, False, False, False, None),  # we ended it
    ],
)
def test_what_a_failed_call_says(status: int, rang: bool, from_trunk: bool, spared: bool, verdict: str | None) -> None:
    assert verdict_on(status, rang=rang, from_trunk=from_trunk, spared=spared) == verdict
