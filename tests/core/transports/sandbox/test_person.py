"""What people make of what the bot says."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sandbox.behaviour import Moment, PickedUp, Quiet, Said
from core.transports.sandbox.characters import CHARACTERS
from core.transports.sandbox.hearing import Topic, scale_of, topic_of
from core.transports.sandbox.person import Person

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("Hello, am I speaking with Rahul Sharma?", Topic.IDENTITY),
        ("Good morning. Is this Ms Weber?", Topic.IDENTITY),
        ("This is Acme, about your payment. Could I speak to Rahul?", Topic.IDENTITY),
        ("Is this a good time?", Topic.MOMENT),
        ("Please hold the line, I am connecting you to a colleague.", Topic.HOLD),
        ("Thank you for waiting. A colleague will be with you shortly.", Topic.HOLD),
        ("One moment, please. What is your name?", Topic.OPEN),
        ("Hello, are you there?", Topic.THERE),
        ("I can't hear you. Are you still on the line?", Topic.THERE),
        ("Your loan of 15000 was due on 1 May. When can you pay it?", Topic.PAYMENT),
        ("Your loan of 15000 was due on 1 May. When can we expect it?", Topic.PAYMENT),
        ("Your loan of 15000 was due on 1 May.", Topic.PAYMENT),
        ("So you will pay on Friday, is that right?", Topic.RIGHT),
        ("Why was the payment late?", Topic.REASON),
        ("You have an appointment on Friday at 10. Can you make it?", Topic.APPOINTMENT),
        ("Can you confirm your appointment on Friday?", Topic.APPOINTMENT),
        ("Which day would suit you better?", Topic.NEW_TIME),
        ("When would you like to reschedule to?", Topic.NEW_TIME),
        ("On a scale of 0 to 10, how likely are you to recommend us?", Topic.SCORE),
        ("Please give me a number from 0 to 10.", Topic.SCORE),
        ("When is a good time to call you back?", Topic.CALL_WHEN),
        ("When should we call you?", Topic.CALL_WHEN),
        ("Is there anything else I can help you with?", Topic.MORE),
        ("Would you like to speak to a human agent?", Topic.AGENT),
        ("Shall I ask a colleague to call you?", Topic.AGENT),
        ("I am an agent of Acme, am I speaking with Rahul?", Topic.IDENTITY),
        ("Am I speaking with Mr. Rahul Sharma?", Topic.IDENTITY),
        ("What could we do better?", Topic.OPEN),
        ("Have you read our letter?", Topic.YES_NO),
        ("Thank you, your payment on Friday is noted. Goodbye!", Topic.GOODBYE),
        ("Thank you. Have a nice day.", Topic.GOODBYE),
        ("Thank you.", Topic.STATEMENT),
        ("", Topic.STATEMENT),
    ],
)
def test_topics(line: str, topic: Topic) -> None:
    assert topic_of(line) is topic


def test_a_bare_when_is_about_what_was_talked_of() -> None:
    assert topic_of("When?", Topic.PAYMENT) is Topic.PAYMENT
    assert topic_of("And when exactly?", Topic.APPOINTMENT) is Topic.NEW_TIME


def test_why_after_a_score_is_no_question_about_money() -> None:
    assert topic_of("What is the main reason for your score?", Topic.SCORE) is Topic.OPEN


def test_scales() -> None:
    assert scale_of("On a scale of 1 to 5?") == 5
    assert scale_of("From 0 to 10?") == 10


def said(person: Person, *lines: str, luck: int = 1, talked: float = 10.0) -> list[str]:
    return [person.reacts(Said(line), Moment(NOW, talked), random.Random(luck)).say for line in lines]


def test_what_was_agreed_is_not_promised_again() -> None:
    promise, okay = said(Person(CHARACTERS["pays"]), "When can you pay?", "I have noted that you will pay on Friday.")
    assert "pay" in promise
    assert okay in ("Okay.", "All right.")


def test_a_low_score_on_a_short_scale() -> None:
    (score,) = said(Person(CHARACTERS["scores 3"]), "On a scale of 1 to 5, how was it?")
    assert "2" in score


def test_a_callee_whose_patience_ran_out_leaves_politely() -> None:
    reaction = Person(CHARACTERS["pays"], patience=60).reacts(Said("When can you pay?"), Moment(NOW, 61), random.Random(1))
    assert reaction.hang_up
    assert "I have to go" in reaction.say


def test_after_two_goodbyes_the_callee_is_gone() -> None:
    person = Person(CHARACTERS["pays"])
    said(person, "Goodbye.")
    assert person.reacts(Said("Goodbye."), Moment(NOW, 5), random.Random(1)).hang_up


@given(
    name=st.sampled_from(sorted(CHARACTERS)),
    lines=st.lists(st.one_of(st.text(max_size=60), st.sampled_from(["When can you pay?", "Am I speaking with X?", "Goodbye."]), st.none())),
    luck=st.integers(),
)
def test_people_answer_anything_and_never_break(name: str, lines: list[str | None], luck: int) -> None:
    person, stream = Person(CHARACTERS[name]), random.Random(luck)
    assert person.reacts(PickedUp(), Moment(NOW, 0), stream).say == ""
    for line in lines:
        reaction = person.reacts(Quiet() if line is None else Said(line), Moment(NOW, 9), stream)
        assert "{" not in reaction.say
        assert reaction.say or reaction.hang_up
        assert 0 < reaction.patience <= 60
