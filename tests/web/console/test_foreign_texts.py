"""Texts of the dialler in the language of the visitor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dialler.why.account import Situation, blocker_of
from web.console.foreign_texts import constant_texts, said
from web.console.formats import number
from web.console.i18n import use_locale


@pytest.fixture(autouse=True)
def in_hindi() -> Iterator[None]:
    use_locale("hi_IN")
    yield
    use_locale("en_GB")


def test_every_text_that_is_always_the_same_is_translated() -> None:
    assert [text for text in constant_texts() if said(text) == text] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The campaign is paused: paused by an operator.", "कैंपेन रुका हुआ है: ऑपरेटर ने रोका।"),
        ("The campaign is paused: ask Asha.", "कैंपेन रुका हुआ है: ask Asha।"),
        (
            "The campaign makes as many calls at once as its own limit allows (12).",
            "कैंपेन उतनी ही कॉल एक साथ कर रहा है जितनी उसकी अपनी सीमा है (12)।",
        ),
        ("The campaign is stopped.", "कैंपेन बंद है।"),
        ("a word of a bot's own", "a word of a bot's own"),
        ("100% paid, %(n)s", "100% paid, %(n)s"),
        ("The campaign is paused: 50% of %(n)s.", "कैंपेन रुका हुआ है: 50% of %(n)s।"),
        ("", ""),
    ],
)
def test_a_text_with_a_value_is_recognised(text: str, shown: str) -> None:
    assert said(text) == shown


@pytest.mark.parametrize("state", ["draft", "paused", "stopping", "stopped", "completed", "failed"])
@pytest.mark.parametrize("reason", [None, "stopped by an operator"])
def test_what_holds_a_campaign_is_said_in_hindi(state: str, reason: str | None) -> None:
    blocker = blocker_of(Situation(state, reason), 0, datetime(2026, 3, 4, tzinfo=UTC))
    assert blocker is not None
    assert not any(letter.isascii() and letter.isalpha() for letter in said(blocker.words))


def test_english_is_left_as_it_is() -> None:
    use_locale("en_GB")
    assert said("The campaign is paused: paused by an operator.") == "The campaign is paused: paused by an operator."


def test_digits_are_grouped_by_lakhs() -> None:
    assert number(1234567) == "12,34,567"
