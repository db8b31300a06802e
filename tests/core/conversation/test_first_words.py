"""What is said before anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.bots.config import BotConfig, FirstWordsConfig
from core.calls.first_words import first_words_for
from core.contracts.transport import Heard
from core.conversation.brain import EndCall, Turn
from core.conversation.first_words import first_words_of
from core.conversation.limits import ConversationLimits
from core.conversation.session import converse
from core.kernel.rules import Loosened, RuleSettings
from core.kernel.virtual_clock import VirtualClock
from tests.core.conversation.fakes import After, FakeBrain, FakeLeg, says

FIRST = first_words_of(["automated", "recorded"], [], "en", recorded=True, pack="CA 1")
LIMITS = ConversationLimits(first_words=FIRST)


@pytest.fixture
def talk(in_virtual_time: Callable[..., Any]) -> Callable[..., Any]:
    def run(*script: After, limits: ConversationLimits = LIMITS) -> Any:
        async def test(clock: VirtualClock) -> Any:
            leg, events = FakeLeg(clock, *script), list[tuple[str, dict[str, Any]]]()
            brain = FakeBrain([Turn("Bye.", (EndCall(),))] * 3)
            ending = await converse(leg, brain, limits, clock, lambda kind, data: events.append((kind, data)))
            return leg.said, events, ending

        return in_virtual_time(test)

    return run


def test_they_are_said_before_the_brains_own_and_kept(talk: Callable[..., Any]) -> None:
    said, events, ending = talk(says("yes"))
    assert said[0] == "This is an automated assistant. This call is recorded. Hello, is this Asha?"
    assert said[1] == "Bye."
    kept = [data for kind, data in events if kind == "first_words_said"]
    assert [(one["keys"], one["completed"], one["pack"]) for one in kept] == [(["automated", "recorded"], True, "CA 1")]
    assert ending.transcript[0].text == said[0]


def test_they_are_said_again_if_they_were_interrupted(talk: Callable[..., Any]) -> None:
    said, events, _ = talk(After(0.9, Heard("Hello?", 0.5, barged_in=True), in_speech=True), says("yes"))
    assert said[0] == "This is"
    assert said[1].startswith("This is an automated assistant.")
    assert [data["completed"] for kind, data in events if kind == "first_words_said"] == [False, True]


def test_nothing_is_said_of_a_recording_that_is_not_made() -> None:
    assert first_words_of(["recorded"], [], "en", recorded=False) is None


def test_a_bot_may_word_them_itself_and_say_more() -> None:
    words = first_words_of([], ["automated"], "de", recorded=True, own={"automated": "Hier spricht Mia, eine Maschine."})
    assert words is not None
    assert (words.text, words.languages, words.pack) == ("Hier spricht Mia, eine Maschine.", ("de",), "")


BOT = BotConfig(name="b", language="fr")


def test_the_rules_for_the_callee_require_them_in_the_bots_language() -> None:
    words = first_words_for(BOT, "+33199001234", {"crm": {}, "call": {}})
    assert words is not None
    assert words.keys == ("automated", "recorded")
    assert set(words.languages) == {"fr"}
    assert words.pack.startswith("FR ")


def test_they_are_left_out_only_by_a_word_that_says_so() -> None:
    off = RuleSettings(loosen=[Loosened(rule="first_words", reason="said by the carrier")])
    assert first_words_for(BOT.model_copy(update={"rules": off}), "+33199001234", {"crm": {}, "call": {}}) is None


def test_a_bots_wording_may_hold_templates() -> None:
    bot = BOT.model_copy(update={"first_words": FirstWordsConfig(texts={"automated": "Ici l'automate de {{crm.company}}."})})
    words = first_words_for(bot, "+33199001234", {"crm": {"company": "Nord"}, "call": {}})
    assert words is not None
    assert words.text.startswith("Ici l'automate de Nord.")


def test_without_first_words_nothing_changes(talk: Callable[..., Any]) -> None:
    assert talk(says("yes"), limits=replace(LIMITS, first_words=None))[0][0] == "Hello, is this Asha?"
