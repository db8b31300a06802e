"""A wish for a person outlives whatever is said, and however the call ends; only a hand-over fulfils it."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from typing import Any

import pytest

from core.bots.brain_config import BrainConfig, HttpTool
from core.conversation.analysis import default_analysis, with_person, with_wishes
from core.conversation.brain import BrainContext, WantsPerson
from core.conversation.callee_clock import CalleeClock
from core.conversation.ending import DISCONNECTED_BY
from core.conversation.llm.analysis import EndedCall, settled
from core.conversation.llm.answer import ToolCall
from core.conversation.llm.tools import Done, ToolBox
from core.conversation.rules import RulesBrain
from tests.conftest import START

WISH = "I want to speak to a real person."
LATER = ["tomorrow at 4", "no", "goodbye", "I will pay on Friday", "I have paid already", "not interested", "who is this?", "hmm", "thanks"]


def talk(scenario: str, *heard: str, targets: tuple[str, ...] = ()) -> dict[str, Any]:
    async def hold() -> dict[str, Any]:
        context = BrainContext("c", {"customer_name": "Asha"}, {}, "", "Hello?", START, "Asia/Kolkata")
        brain = RulesBrain(context, BrainConfig(scenario=scenario), random.Random(1), targets)
        await brain.opening()
        for words in heard:
            await brain.reply(words, START)
        return await brain.analysis()

    return asyncio.run(hold())


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("scenario", ["payment_reminder", "appointment_confirmation", "survey"])
def test_what_is_said_later_does_not_undo_it(scenario: str, later: str) -> None:
    analysis = talk(scenario, "yes", WISH, later, "goodbye")
    assert analysis["wants_person"] is True
    assert "person" in analysis["CALLING_REMARKS"]


def test_a_time_for_it_is_kept_with_it() -> None:
    analysis = talk("payment_reminder", "yes", WISH, "tomorrow at 4")
    assert (analysis["wants_person"], analysis["callback_at"]) == (True, "2026-03-05T16:00+05:30")


def test_nobody_wants_a_person_who_did_not_say_so() -> None:
    assert talk("payment_reminder", "yes", "I will pay on Friday")["wants_person"] is False


@pytest.mark.parametrize("how", sorted(set(DISCONNECTED_BY.values())))
def test_whatever_the_ending_the_default_analysis_has_it(how: str) -> None:
    found = with_wishes(default_analysis(disconnected_by=how), callback=None, do_not_call=False, person={"words": WISH})
    assert (found["wants_person"], found["SUB_DISPOSITION"], found["callback_preferred_time_text"]) == (True, "WANTS_PERSON", WISH)
    never = with_wishes(default_analysis(disconnected_by=how), callback=None, do_not_call=True, person={"words": WISH})
    assert never["DISPOSITION"] == "DO_NOT_CALL"


def test_a_transfer_that_was_begun_and_left_is_no_transfer() -> None:
    begun = talk("payment_reminder", "yes", WISH, targets=("agent",))
    assert begun["DISPOSITION"] == "TRANSFERRED"
    left = with_person(begun, asked=True, transferred=False)
    assert (left["DISPOSITION"], left["SUB_DISPOSITION"], left["wants_person"]) == ("CALLBACK", "WANTS_PERSON", True)
    assert with_person(begun, asked=True, transferred=True) == {**begun, "wants_person": False}
    promised = {"DISPOSITION": "PROMISE_TO_PAY"}
    assert with_person(promised, asked=True, transferred=False) == {"DISPOSITION": "PROMISE_TO_PAY", "wants_person": True}
    assert with_person(promised, asked=False, transferred=False) == promised


def test_a_model_notes_it_by_a_tool_that_a_tool_of_the_bot_may_replace() -> None:
    now: datetime = START
    done = ToolBox([], [], CalleeClock("UTC")).read(ToolCall("1", "wants_person", '{"words": "a person!"}'), now)
    assert isinstance(done, Done)
    assert (done.action, done.ends_turn) == (WantsPerson("a person!"), False)
    own = HttpTool(name="wants_person", description="d", url="https://a.example")
    names = [tool["function"]["name"] for tool in ToolBox([own], [], CalleeClock("UTC")).definitions()]
    assert names.count("wants_person") == 1


def test_what_a_model_makes_of_the_call_does_not_undo_it() -> None:
    call = EndedCall("customer", "customer_hangup", True, 30.0, START, [], {}, {"DISPOSITION": "NO_OUTCOME"}, person={"words": WISH})
    found = settled(call, {"DISPOSITION": "ALL_WELL", "wants_person": False}, "UTC")
    assert (found["DISPOSITION"], found["wants_person"]) == ("ALL_WELL", True)
    assert settled(call, {}, "UTC")["SUB_DISPOSITION"] == "WANTS_PERSON"
