from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialler.leads.states import FINAL, next_state
from dialler.policy.outcomes import Outcome
from dialler.policy.retry import LATEST_CALLBACK, Decision, decide, retry_delay
from dialler.policy.retry_rules import RetryPolicy, RetryRule, RetryRules
from tests.conftest import START

OUTCOMES = list(Outcome)


def after(outcome: Outcome, *, policy: RetryPolicy | None = None, **given: Any) -> Decision:
    counts: dict[str, Any] = {"attempts_charged": 1, "attempts_uncharged": 0, "callbacks": 0, "stream": random.Random(1)} | given
    return decide(outcome, policy=policy or RetryPolicy(), now=START, **counts)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.REACHED, "completed"),
        (Outcome.TRANSFERRED, "completed"),
        (Outcome.WRONG_NUMBER, "completed"),
        (Outcome.TIMEOUT, "completed"),
        (Outcome.DO_NOT_CALL, "suppressed"),
        (Outcome.HELD, "held"),
        (Outcome.INVALID_NUMBER, "exhausted"),
        (Outcome.CANCELLED, "exhausted"),
        (Outcome.CALLBACK, "callback_scheduled"),
        (Outcome.NO_ANSWER, "retry_scheduled"),
        (Outcome.REJECTED, "retry_scheduled"),
        (Outcome.VOICEMAIL, "retry_scheduled"),
        (Outcome.RNR, "retry_scheduled"),
        (Outcome.CUT_OFF, "retry_scheduled"),
        (Outcome.ERROR_BEFORE_RINGING, "retry_scheduled"),
        (Outcome.OUTSIDE_HOURS, "retry_scheduled"),
    ],
)
def test_the_defaults(outcome: Outcome, state: str) -> None:
    decision = after(outcome)
    assert decision.state == state
    assert (decision.due_at is not None) == state.endswith("_scheduled")
    assert next_state("dialling", decision.event) == state


@pytest.mark.parametrize(
    ("outcome", "minutes"),
    [
        (Outcome.NO_ANSWER, 30),
        (Outcome.REJECTED, 60),
        (Outcome.VOICEMAIL, 120),
        (Outcome.RNR, 60),
        (Outcome.CUT_OFF, 10),
        (Outcome.ERROR_BEFORE_RINGING, 2),
        (Outcome.OUTSIDE_HOURS, 15),
    ],
)
def test_the_default_delays(outcome: Outcome, minutes: int) -> None:
    due_at = after(outcome).due_at
    assert due_at is not None
    assert 0.9 * minutes <= (due_at - START) / timedelta(minutes=1) <= 1.1 * minutes


def test_attempts_run_out() -> None:
    assert after(Outcome.NO_ANSWER, attempts_charged=2).state == "retry_scheduled"
    assert after(Outcome.NO_ANSWER, attempts_charged=3).state == "exhausted"
    assert after(Outcome.ERROR_BEFORE_RINGING, attempts_charged=0, attempts_uncharged=4).state == "retry_scheduled"
    assert after(Outcome.ERROR_BEFORE_RINGING, attempts_charged=0, attempts_uncharged=5).state == "exhausted"
    assert after(Outcome.NO_ANSWER, attempts_charged=1, attempts_uncharged=5).state == "exhausted"


def test_our_failure_does_not_cost_a_callback_past_the_attempts() -> None:
    assert after(Outcome.ERROR_BEFORE_RINGING, attempts_charged=3, attempts_uncharged=1, callbacks=1).state == "retry_scheduled"


class TestCallbacks:
    def test_at_the_time_asked_for(self) -> None:
        wanted = START + timedelta(hours=5)
        assert after(Outcome.CALLBACK, callback_at=wanted).due_at == wanted

    def test_even_when_the_attempts_are_used_up(self) -> None:
        assert after(Outcome.CALLBACK, attempts_charged=3).state == "callback_scheduled"

    def test_at_no_time_named(self) -> None:
        assert after(Outcome.CALLBACK).due_at == START + timedelta(hours=2)

    def test_a_time_gone_by_is_now(self) -> None:
        assert after(Outcome.CALLBACK, callback_at=START - timedelta(hours=1)).due_at == START

    def test_a_time_far_away_is_brought_forward(self) -> None:
        decision = after(Outcome.CALLBACK, callback_at=START + timedelta(days=900))
        assert decision.due_at == START + LATEST_CALLBACK
        assert "brought forward" in str(decision.note)

    def test_not_for_ever(self) -> None:
        assert after(Outcome.CALLBACK, callbacks=4).state == "callback_scheduled"
        assert after(Outcome.CALLBACK, callbacks=5).state == "exhausted"


SECONDS = st.integers(0, 100_000).map(lambda n: timedelta(seconds=n))
RULES = st.builds(
    RetryRule,
    retry=st.booleans(),
    delay=SECONDS,
    growth=st.floats(1, 10),
    jitter=st.floats(0, 0.5),
    max_delay=SECONDS,
)
POLICIES = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 8),
    max_uncharged=st.integers(1, 8),
    max_callbacks=st.integers(0, 8),
    callback_delay=SECONDS,
    rules=st.builds(RetryRules, **dict.fromkeys(RetryRules.model_fields, RULES)),
)
NEVER_CHARGED = (Outcome.ERROR_BEFORE_RINGING, Outcome.OUTSIDE_HOURS)


@given(POLICIES, st.lists(st.tuples(st.sampled_from(OUTCOMES), st.booleans()), min_size=24, max_size=24), st.integers())
def test_a_campaign_always_ends(policy: RetryPolicy, future: list[tuple[Outcome, bool]], seed: int) -> None:
    charged = uncharged = callbacks = 0
    kind = "first"
    for step, (outcome, phone_rang) in enumerate(future, start=1):
        is_charged = phone_rang and outcome not in NEVER_CHARGED
        charged, uncharged, callbacks = charged + is_charged, uncharged + (not is_charged), callbacks + (kind == "callback")
        decision = decide(
            outcome,
            attempts_charged=charged,
            attempts_uncharged=uncharged,
            callbacks=callbacks,
            policy=policy,
            now=START,
            stream=random.Random(seed),
        )
        if decision.state in FINAL:
            assert decision.due_at is None
            return
        assert step < policy.max_attempts + policy.max_uncharged + policy.max_callbacks
        assert decision.due_at is not None
        assert decision.due_at >= START
        kind = "callback" if decision.state == "callback_scheduled" else "retry"
    pytest.fail("it did not end")


@given(RULES, st.integers(0, 10_000), st.integers())
def test_a_delay_keeps_to_its_rule(rule: RetryRule, number: int, seed: int) -> None:
    delay = retry_delay(rule, number, random.Random(seed)).total_seconds()
    longest = rule.max_delay.total_seconds()
    try:
        grown = min(rule.delay.total_seconds() * rule.growth ** max(number - 1, 0), longest)
    except OverflowError:
        grown = longest if rule.delay else 0.0
    assert grown * (1 - rule.jitter) - 1e-3 <= delay <= min(grown * (1 + rule.jitter), longest) + 1e-3


@given(RULES, st.integers(1, 20), st.integers())
def test_the_same_stream_gives_the_same_delay(rule: RetryRule, number: int, seed: int) -> None:
    assert retry_delay(rule, number, random.Random(seed)) == retry_delay(rule, number, random.Random(seed))


def test_delays_grow() -> None:
    rule = RetryRule(delay=timedelta(minutes=2), growth=2, jitter=0, max_delay=timedelta(minutes=10))
    assert [retry_delay(rule, number, random.Random(1)) / timedelta(minutes=1) for number in (1, 2, 3, 4, 99)] == [2, 4, 8, 10, 10]


class TestRules:
    def test_a_key_left_out_keeps_the_default_of_its_outcome(self) -> None:
        rules = RetryRules.model_validate({"error_before_ringing": {"jitter": 0}})
        assert rules.error_before_ringing.delay == timedelta(minutes=2)
        assert rules.error_before_ringing.growth == 2
        assert rules.error_before_ringing.jitter == 0

    def test_short_forms(self) -> None:
        rules = RetryRules.model_validate({"no_answer": "45m", "rejected": 5, "voicemail": False, "timeout": True})
        assert rules.no_answer.delay == timedelta(minutes=45)
        assert rules.rejected.delay == timedelta(minutes=5)
        assert not rules.voicemail.retry
        assert rules.timeout.retry
        assert rules.timeout.delay == timedelta(hours=1)

    def test_outcomes_that_are_final_have_no_rule(self) -> None:
        for outcome in ("do_not_call", "wrong_number", "held", "reached", "invalid_number"):
            with pytest.raises(ValidationError, match="Extra inputs"):
                RetryRules.model_validate({outcome: {"retry": True}})

    @given(POLICIES)
    def test_survives_json(self, policy: RetryPolicy) -> None:
        assert RetryPolicy.model_validate(policy.model_dump(mode="json")) == policy


@pytest.mark.parametrize(
    ("outcome", "counts", "note"),
    [
        (Outcome.NO_ANSWER, {"attempts_charged": 3}, "called 3 times, as often as the campaign allows"),
        (Outcome.NO_ANSWER, {"attempts_charged": 4}, "called 4 times, callbacks included; the campaign allows 3 attempts"),
        (Outcome.ERROR_BEFORE_RINGING, {"attempts_uncharged": 5}, "5 tries ended before the phone rang; the campaign allows no more"),
        (Outcome.CALLBACK, {"callbacks": 5}, "asked for another callback after 5 callbacks, as many as the campaign allows"),
        (Outcome.TIMEOUT, {}, "the call reached the longest duration; the campaign does not call again after that"),
    ],
)
def test_managers_read_why_a_lead_is_not_called_again(outcome: Outcome, counts: dict[str, Any], note: str) -> None:
    assert after(outcome, **counts).note == note


def test_a_campaign_that_allows_nothing_says_so() -> None:
    policy = RetryPolicy(max_attempts=1, max_uncharged=1, max_callbacks=0)
    assert after(Outcome.REJECTED, policy=policy).note == "called once, as often as the campaign allows"
    assert after(Outcome.CALLBACK, policy=policy).note == "asked for a callback; the campaign allows none"
    assert (
        after(Outcome.WITHDRAWN, policy=policy, attempts_uncharged=1).note
        == "1 try ended before the phone rang; the campaign allows no more"
    )


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_that_is_not_tried_again_says_so_in_words(outcome: Outcome) -> None:
    never = RetryRules.model_validate(dict.fromkeys(RetryRules.model_fields, False))
    note = after(outcome, policy=RetryPolicy(rules=never)).note
    assert note is None or "_" not in note


def test_a_callback_without_a_time_has_a_cap_of_its_own_a_day() -> None:
    def due(*before: datetime, at: datetime | None = None) -> datetime | None:
        return decide(
            Outcome.CALLBACK,
            attempts_charged=1,
            attempts_uncharged=0,
            callbacks=len(before),
            policy=RetryPolicy(callback_delay=timedelta(hours=2), max_untimed_a_day=2),
            now=START,
            stream=random.Random(1),
            callback_at=at,
            untimed=before,
        ).due_at

    hour = timedelta(hours=1)
    assert due() == due(START - hour) == START + 2 * hour
    assert due(START - 5 * hour, START - 2 * hour) == START + 21 * hour  # two hours after the first of them is a day old
    assert due(START - 5 * hour, START - 2 * hour, at=START + hour) == START + hour
