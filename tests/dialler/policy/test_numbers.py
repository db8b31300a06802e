"""Which number of a person is tried next."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.kernel.yaml_config import ConfigError
from dialler.campaigns.manage import settings_from
from dialler.policy.numbers import NextNumber, Turn, next_turn
from dialler.policy.outcomes import Outcome
from dialler.policy.retry import decide
from dialler.policy.retry_rules import RetryPolicy

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOON = timedelta(minutes=5)
THREE = [{"phone": "+1", "label": "Mobile"}, {"phone": "+2", "label": "Home"}, {"phone": "+3", "label": "Work"}]


def turn(outcome: Outcome, numbers: Any = THREE, place: int = 0, charged: int = 1, uncharged: int = 0, **policy: Any) -> Turn:
    settings = RetryPolicy(**{"max_attempts": 5, **policy})
    stream = random.Random(1)
    decision = decide(outcome, attempts_charged=charged, attempts_uncharged=uncharged, callbacks=0, policy=settings, now=NOW, stream=stream)
    rule = NextNumber()
    return next_turn(decision, numbers, place, attempts_charged=charged, attempts_uncharged=uncharged, policy=settings, rule=rule, now=NOW)


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.VOICEMAIL, Outcome.RNR])
def test_the_next_number_has_its_turn(outcome: Outcome) -> None:
    found = turn(outcome)
    assert (found.place, found.decision.state, found.decision.due_at) == (1, "retry_scheduled", NOW + SOON)
    assert found.numbers == THREE
    assert found.decision.note == "next: Home"


@pytest.mark.parametrize("outcome", [Outcome.INVALID_NUMBER, Outcome.WRONG_NUMBER])
def test_a_number_that_is_not_theirs_is_closed_and_the_next_one_tried(outcome: Outcome) -> None:
    found = turn(outcome, place=1)
    assert (found.place, found.decision.state) == (2, "retry_scheduled")
    assert found.numbers is not None
    assert [bool(number.get("closed")) for number in found.numbers] == [False, True, False]


def test_closed_numbers_are_passed_over_and_a_round_ends_with_the_rules_own_delay() -> None:
    numbers = [THREE[0], {**THREE[1], "closed": "x"}, THREE[2]]
    assert turn(Outcome.NO_ANSWER, numbers).place == 2
    again = turn(Outcome.NO_ANSWER, numbers, place=2, charged=2)
    assert again.place == 0
    assert again.decision.due_at is not None
    assert again.decision.due_at > NOW + 4 * SOON


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.INVALID_NUMBER, "exhausted"), (Outcome.WRONG_NUMBER, "completed")])
def test_the_lead_is_given_up_with_its_last_number(outcome: Outcome, state: str) -> None:
    numbers = [{**THREE[0], "closed": "x"}, THREE[1]]
    found = turn(outcome, numbers, place=1)
    assert (found.decision.state, found.decision.due_at) == (state, None)


def test_the_caps_are_the_persons() -> None:
    assert turn(Outcome.NO_ANSWER, charged=5).decision.state == "exhausted"
    assert turn(Outcome.WRONG_NUMBER, charged=5).decision.state == "completed"
    assert turn(Outcome.INVALID_NUMBER, charged=0, uncharged=5).decision.state == "exhausted"


@pytest.mark.parametrize("outcome", [Outcome.DO_NOT_CALL, Outcome.REACHED, Outcome.TRANSFERRED, Outcome.HELD, Outcome.TIMEOUT])
def test_what_ends_a_lead_ends_it_for_all_numbers(outcome: Outcome) -> None:
    found = turn(outcome)
    assert found.decision.due_at is None
    assert found.place == 0


@pytest.mark.parametrize("outcome", [Outcome.CALLBACK, Outcome.CUT_OFF, Outcome.TRUNK_BUSY, Outcome.OUTSIDE_HOURS])
def test_the_same_number_is_called_again(outcome: Outcome) -> None:
    found = turn(outcome, place=1)
    assert found.place == 1
    assert found.decision.due_at is not None


def test_a_rule_that_gives_up_gives_up_the_number() -> None:
    found = turn(Outcome.VOICEMAIL, rules={"voicemail": False})
    assert (found.place, found.decision.state) == (1, "retry_scheduled")
    assert found.numbers is not None
    assert found.numbers[0]["closed"]


def test_one_number_is_as_ever() -> None:
    found = turn(Outcome.NO_ANSWER, None)
    assert found.numbers is None
    assert found.decision.note is None


def test_the_words_of_campaign_yaml() -> None:
    config = settings_from({"name": "x", "next_number": {"after": ["no_answer"], "delay": "1h"}, "phone_columns": ["Mobile", 3]})
    assert config.next_number == NextNumber(after=(Outcome.NO_ANSWER,), delay=timedelta(hours=1))
    assert config.import_options().phone_columns == ("Mobile", "3")
    with pytest.raises(ConfigError):
        settings_from({"name": "x", "next_number": {"after": ["reached"]}})
    with pytest.raises(ConfigError, match="exclude each other"):
        settings_from({"name": "x", "phone_column": "a", "phone_columns": ["b"]})
