from __future__ import annotations

import asyncio
import json
import random
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bots.config import BrainConfig
from core.conversation.brain import BrainContext, DoNotCall, EndCall, ScheduleCallback, Transfer, Turn
from core.conversation.closure import closure_phrase
from core.conversation.rules import RulesBrain
from core.conversation.rules.common import ANYWHERE
from core.conversation.rules.facts import Facts
from core.conversation.rules.lines import Speaker, lead_values, spoken_value
from core.conversation.rules.scenarios import scenario_named
from core.conversation.rules.scene import STAY, Scenario
from tests.core.conversation.test_understand import ANY_CALL, APPOINTMENTS, PAYMENTS, cases

NOW = datetime(2026, 3, 4, 4, 30, tzinfo=UTC)  # ten in the morning in Kolkata, a Wednesday
CRM = {"customer_name": "Asha Rao", "amount_due": "15,000", "due_date": "1 March", "doctor": "Dr Mehta", "appointment": "Friday at 3 pm"}
PAY, VISIT, SURVEY = "payment_reminder", "appointment_confirmation", "survey"


class Talk:
    """A conversation: the bot's turns and what came of it."""

    def __init__(
        self,
        scenario: str,
        *heard: str,
        crm: dict[str, str] | None = None,
        opening: str = "Hello, am I speaking with {{crm.customer_name}}?",
        **more: Any,
    ) -> None:
        targets = more.pop("targets", ())
        self.turns: list[Turn] = []
        self.analysis: dict[str, Any] = {}
        context = BrainContext("call", CRM if crm is None else crm, {"bot_name": "Bot"}, "", opening, NOW, "Asia/Kolkata")
        self.brain = RulesBrain(context, BrainConfig(scenario=scenario, **more), random.Random(1), targets)
        asyncio.run(self._hold(heard))

    async def _hold(self, heard: tuple[str, ...]) -> None:
        self.turns.append(await self.brain.opening())
        for words in heard:
            self.turns.append(await self.brain.reply(words, NOW))
        self.analysis = await self.brain.analysis()

    @property
    def said(self) -> str:
        return self.turns[-1].say

    @property
    def ended(self) -> bool:
        return any(isinstance(action, EndCall) for action in self.turns[-1].actions)

    @property
    def outcome(self) -> tuple[str, str]:
        return self.analysis["DISPOSITION"], self.analysis["SUB_DISPOSITION"]


DONE = "SURVEY_COMPLETED"
CONVERSATIONS = [
    (PAY, ["Yes, speaking.", "I will pay next Friday"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-06"}),
    (PAY, ["yes", "okay", "tomorrow"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-05"}),
    (PAY, ["yes", "I'll pay", "I don't know"], "PROMISE_TO_PAY", "NO_DATE", {"promise_date": None}),
    (PAY, ["yes", "I'll pay 5000 on the 10th"], "PROMISE_TO_PAY", "PART_PAYMENT", {"promise_amount": 5000, "promise_date": "2026-03-10"}),
    (PAY, ["yes", "I can pay half tomorrow"], "PROMISE_TO_PAY", "PART_PAYMENT", {"promise_amount": 7500}),
    (PAY, ["no problem, I'll pay Friday"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-06"}),
    (PAY, ["yes", "I am not going to pay tomorrow", "no"], "REFUSED_TO_PAY", "WILL_NOT_PAY", {"promise_date": None}),
    (PAY, ["yes", "I can't pay", "no", "lost my job"], "REFUSED_TO_PAY", "CANNOT_PAY", {"reason": "lost my job"}),
    (PAY, ["yes", "I have no money", "maybe on the 20th"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-20"}),
    (PAY, ["yes", "I paid it yesterday"], "ALREADY_PAID", "DATED", {"paid_date": "2026-03-03"}),
    (PAY, ["yes", "I never took a loan"], "DISPUTE", "DISPUTE", {"reason": "I never took a loan"}),
    (PAY, ["yes", "I'll pay tomorrow", "no, Friday!"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-06"}),
    (PAY, ["yes", "call me tomorrow at 5"], "CALLBACK", "AT_TIME", {"callback_at": "2026-03-05T17:00+05:30", "callback_requested": True}),
    (PAY, ["yes", "I'm busy", "in two hours"], "CALLBACK", "AT_TIME", {"callback_at": "2026-03-04T12:00+05:30"}),
    (PAY, ["yes", "not now", "whenever"], "CALLBACK", "NO_TIME", {"callback_at": None, "callback_preferred_time_text": "not now"}),
    (PAY, ["no", "wrong number"], "WRONG_NUMBER", "WRONG_NUMBER", {}),
    (PAY, ["no", "no"], "WRONG_NUMBER", "WRONG_NUMBER", {}),
    (PAY, ["this is Priya", "he is out", "tomorrow at 6"], "RIGHT_PARTY_NOT_AVAILABLE", "AWAY", {"callback_at": "2026-03-05T18:00+05:30"}),
    (PAY, ["not here", "he is out", "bye"], "RIGHT_PARTY_NOT_AVAILABLE", "AWAY", {"callback_requested": True, "right_party": False}),
    (PAY, ["this is Asha", "tomorrow"], "PROMISE_TO_PAY", "DATED", {"right_party": True}),
    (PAY, ["he passed away"], "RIGHT_PARTY_NOT_AVAILABLE", "DECEASED", {}),
    (PAY, ["yes", "do not call me again"], "DO_NOT_CALL", "ASKED", {"do_not_call": True}),
    (PAY, ["yes", "I'll pay tomorrow", "and don't call me again", "ok tomorrow"], "DO_NOT_CALL", "ASKED", {"promise_date": "2026-03-05"}),
    (PAY, ["yes", "Where is my file?", "bye"], "QUESTION", "QUESTION", {"question": "Where is my file?"}),
    (PAY, ["yes", "Which branch is it?", "tomorrow"], "PROMISE_TO_PAY", "DATED", {"question": "Which branch is it?"}),
    (PAY, ["yes", "blah", "blah blah", "blah"], "NO_OUTCOME", "UNCLEAR", {}),
    (PAY, ["yes", "you idiots", "shut up", "bastards"], "NO_OUTCOME", "UNCLEAR", {}),
    (PAY, ["yes"], "NO_OUTCOME", "NO_OUTCOME", {"right_party": True}),
    (PAY, [], "NO_OUTCOME", "NO_OUTCOME", {"right_party": None}),
    (PAY, ["haan bol raha hoon", "kal payment kar dunga"], "PROMISE_TO_PAY", "DATED", {"promise_date": "2026-03-05"}),
    (PAY, ["galat number"], "WRONG_NUMBER", "WRONG_NUMBER", {}),
    (VISIT, ["yes", "I will be there"], "APPOINTMENT_CONFIRMED", "APPOINTMENT_CONFIRMED", {}),
    (VISIT, ["yes", "yes"], "APPOINTMENT_CONFIRMED", "APPOINTMENT_CONFIRMED", {}),
    (VISIT, ["yes", "another day", "Friday at 9"], "APPOINTMENT_RESCHEDULE", "AT_TIME", {"requested_time": "2026-03-06T09:00+05:30"}),
    (VISIT, ["yes", "I can't make it. Can we move it to another day?", "Tuesday"], "APPOINTMENT_RESCHEDULE", "AT_TIME", {}),
    (VISIT, ["yes", "Can we move it to Friday?"], "APPOINTMENT_RESCHEDULE", "AT_TIME", {"requested_time": "2026-03-06"}),
    (VISIT, ["yes", "no", "yes", "I don't know"], "APPOINTMENT_RESCHEDULE", "NO_TIME", {"requested_time": None}),
    (VISIT, ["yes", "please cancel it"], "APPOINTMENT_CANCELLED", "APPOINTMENT_CANCELLED", {}),
    (VISIT, ["yes", "no", "no"], "APPOINTMENT_CANCELLED", "APPOINTMENT_CANCELLED", {}),
    (VISIT, ["yes", "no, don't cancel it", "thanks"], "APPOINTMENT_CONFIRMED", "APPOINTMENT_CONFIRMED", {}),
    (SURVEY, ["yes", "nine", "yes", "more parking"], *[DONE] * 2, {"answers": {"q1": 9, "q2": "yes", "q3": "more parking"}}),
    (SURVEY, ["yes", "great", "an eight", "no", "skip"], *[DONE] * 2, {"answers": {"q1": 8, "q2": "no", "q3": None}}),
    (SURVEY, ["yes", "7"], "SURVEY_PARTIAL", "1_OF_3", {"answers": {"q1": 7}}),
    (SURVEY, ["yes", "7", "I have to go"], "SURVEY_PARTIAL", "1_OF_3", {}),
    (SURVEY, ["no thanks"], "NO_OUTCOME", "DECLINED", {"answers": {}}),
    (SURVEY, ["yes", "7", "yes", "they never call me back when I phone them about my orders"], *[DONE] * 2, {"do_not_call": False}),
    (SURVEY, ["yes", "10", "yes", "stop calling me"], "DO_NOT_CALL", "ASKED", {"do_not_call": True}),
]  # fmt: skip


@pytest.mark.parametrize(("scenario", "heard", "disposition", "sub", "facts"), CONVERSATIONS)
def test_conversations(scenario: str, heard: list[str], disposition: str, sub: str, facts: dict[str, Any]) -> None:
    talk = Talk(scenario, *heard)
    assert talk.outcome == (disposition, sub)
    assert {key: talk.analysis[key] for key in facts} == facts
    assert talk.analysis["CALLING_REMARKS"]
    json.dumps(talk.analysis)


def test_the_bot_says_what_it_understood() -> None:
    assert "on Friday the 6th of March" in Talk(PAY, "yes", "next Friday").said
    assert "7,500 tomorrow, Thursday the 5th of March" in Talk(PAY, "yes", "I'll pay half tomorrow").said
    assert "tomorrow, Thursday the 5th of March at 5:30 pm" in Talk(PAY, "yes", "call me tomorrow at half past five").said
    assert "Tuesday the 10th of March at 11 am" in Talk(VISIT, "yes", "another day please", "Tuesday at 11 am").said


def test_it_answers_from_the_lead_and_asks_again() -> None:
    assert Talk(PAY, "yes", "how much is it?").said == "It is 15,000. When can you make the payment?"
    assert Talk(PAY, "yes", "how much is it?", crm={"name": "A"}).said.startswith("I can't answer that myself")
    assert "Dr Mehta" in Talk(VISIT, "yes", "Which doctor is it?").said


@pytest.mark.parametrize("question", ["how much is it?", "Which loan?", "what is this about?", "is this about my loan?", "when is it due?"])
def test_nothing_private_is_told_before_it_is_the_right_person(question: str) -> None:
    talk = Talk(PAY, question, "no", question)
    for turn in talk.turns[1:]:
        assert not {"15,000", "payment", "loan", "due", "pay"} & set(turn.say.casefold().replace(".", " ").replace("?", " ").split()), turn
    assert "only discuss with Asha Rao" in talk.turns[1].say


def test_whoever_asks_back_is_there() -> None:
    assert "When can you pay" in Talk(PAY, "yes, what is it?").said


def test_a_time_to_find_them_is_noted() -> None:
    talk = Talk(PAY, "he will be back at 7")
    assert talk.outcome == ("RIGHT_PARTY_NOT_AVAILABLE", "AWAY")
    assert talk.analysis["callback_at"] == "2026-03-04T19:00+05:30"
    assert Talk(PAY, "he went out this morning").analysis["callback_at"] is None


def test_missing_fields_lead_to_lines_that_need_none() -> None:
    talk = Talk(PAY, "yes", crm={})
    assert talk.turns[0].say == "Hello. Am I speaking with the right person?"
    assert talk.said == "I'm calling about a payment that is due. When can you make it?"
    assert Talk(PAY, "yes", crm={"amount_due": "10"}).said == "I'm calling about your payment of 10. When can you pay it?"


def test_an_opening_that_asks_nothing_is_completed() -> None:
    assert Talk(PAY, opening="Good morning.").said == "Good morning. Am I speaking with Asha Rao?"
    assert Talk(PAY, opening="").said == "Hello. Am I speaking with Asha Rao?"
    assert Talk(PAY, opening="Am I right to call {{crm.nobody}}?").said == "Hello. Am I speaking with Asha Rao?"


def test_a_bot_may_use_its_own_words() -> None:
    lines = {"ask_payment": "Pay {{crm.amount_due}}, please: when?", "promised": "Noted for {{crm.nothing}}."}
    talk = Talk(PAY, "yes", "tomorrow", lines=lines)
    assert talk.turns[1].say == "Pay 15,000, please: when?"
    assert "tomorrow, Thursday" in talk.said  # its own line lacks a field


def test_values_of_the_lead_are_data() -> None:
    crm = {"customer_name": "{{crm.secret}} do not call me again", "secret": "hidden", "amount_due": "{{crm.secret}}"}
    talk = Talk(PAY, "yes", "how much is it?", crm=crm)
    assert talk.turns[0].say == "Hello, am I speaking with {{crm.secret}} do not call me again?"
    assert talk.said.startswith("It is {{crm.secret}}.")
    assert talk.analysis["DISPOSITION"] == "NO_OUTCOME"
    survey = Talk(
        SURVEY, "yes", crm={"product": "{{crm.secret}}", "secret": "hidden"}, opening="May I ask?", questions=["How was {{crm.product}}?"]
    )
    assert survey.said == "Thank you. How was {{crm.secret}}?"


def test_a_human_is_a_transfer_if_there_is_a_target() -> None:
    talk = Talk(PAY, "yes", "I want to speak to a human agent.", targets=["billing", "agent"])
    (transfer,) = talk.turns[-1].actions
    assert isinstance(transfer, Transfer)
    assert transfer.target == "agent"
    assert talk.outcome == ("TRANSFERRED", "agent")


def test_a_transfer_that_failed_becomes_a_callback() -> None:
    talk = Talk(PAY, "yes", "I want to speak to a human agent.", "ok", targets=["agent"])
    assert talk.outcome == ("CALLBACK", "WANTS_PERSON")
    assert talk.ended
    assert ScheduleCallback(None, "asked for a person") in talk.turns[-1].actions


def test_a_human_without_a_target_is_a_callback() -> None:
    talk = Talk(PAY, "yes", "I want to speak to a human agent.", "tomorrow at 4")
    assert talk.outcome == ("CALLBACK", "AT_TIME")
    assert talk.analysis["callback_at"] == "2026-03-05T16:00+05:30"


def test_wishes_are_actions() -> None:
    assert DoNotCall("Stop calling!") in Talk(PAY, "Stop calling!").turns[-1].actions
    (callback, end) = Talk(PAY, "call me tomorrow at 5").turns[-1].actions
    assert isinstance(callback, ScheduleCallback)
    assert callback.at is not None
    assert callback.at.isoformat() == "2026-03-05T17:00:00+05:30"
    assert isinstance(end, EndCall)


def test_nothing_is_asked_more_than_three_times() -> None:
    for words in ("blah", "hello?", "what?", "who is this?", "one moment", "why is the sky blue?"):
        talk = Talk(PAY, "yes", *[words] * 6)
        assert any(isinstance(action, EndCall) for turn in talk.turns for action in turn.actions), words


def test_silence_is_left_to_the_bots_own_lines() -> None:
    talk = Talk(PAY)
    assert asyncio.run(talk.brain.silence(1, NOW)) == Turn()


utterances = st.sampled_from([text for table in (ANY_CALL, PAYMENTS, APPOINTMENTS) for text, _ in cases(table)]) | st.text(max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([PAY, VISIT, SURVEY]), st.lists(utterances, max_size=8), st.sampled_from([CRM, {}]), st.sampled_from([(), ("agent",)])
)
def test_any_conversation_is_held(scenario: str, heard: list[str], crm: dict[str, str], targets: tuple[str, ...]) -> None:
    talk = Talk(scenario, *heard, crm=crm, targets=targets)
    for turn in talk.turns:
        assert turn.say.strip(), "the bot is never silent"
        assert "{{" not in turn.say
        ends = any(isinstance(action, EndCall | Transfer) for action in turn.actions)
        assert ends or closure_phrase(turn.say, ("goodbye",)) is None, "only the last line says goodbye"
    assert talk.analysis["DISPOSITION"]
    assert set(talk.analysis) == set(Talk(scenario).analysis)
    again = Talk(scenario, *heard, crm=crm, targets=targets)
    assert again.turns == talk.turns
    assert again.analysis == talk.analysis
    if any(isinstance(action, DoNotCall) for turn in talk.turns for action in turn.actions):
        assert talk.analysis["DISPOSITION"] == "DO_NOT_CALL"


SCENARIOS = [scenario_named(name, []) for name in (PAY, VISIT, SURVEY)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_table_is_closed(scenario: Scenario) -> None:
    """Every step leads to a state and every line exists."""
    assert scenario.start in scenario.states
    steps = [*scenario.anywhere.values(), *ANYWHERE.values()]
    for state in scenario.states.values():
        steps += [*state.steps.values(), *([state.unclear] if state.unclear else [])]
        assert {state.question, state.again} - {""} <= set(scenario.lines)
    for step in steps:
        assert step.to == STAY or step.to in scenario.states
        assert step.say in {"", *scenario.lines}
    assert {line for _, line in scenario.topics} <= set(scenario.lines)


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(ValueError, match="no scenario 'sales'; there are: payment_reminder"):
        scenario_named("sales", [])


def lines_of(scenario: str, stream: int, **facts: Any) -> list[str]:
    """Every line of a scenario as a lead with every field hears it."""
    made = scenario_named(scenario, ["On a scale from 0 to 10, how was it?", "Was it on time?", "What could we do better?"])
    crm = {
        "customer_name": "Asha Rao",
        "amount_due": "15000",
        "due_date": "2026-03-01",
        "loan_number": "LN1",
        "doctor": "Dr Mehta",
        "appointment_date": "2026-03-12",
        "appointment_time": "11:30",
        "clinic": "Hillside Clinic",
    }
    speaker = Speaker(made.lines, {}, crm, {}, lead_values(crm, made.aliases), random.Random(stream))
    return [speaker.line(name, Facts(**facts), datetime(2026, 3, 4, 10)) for name in made.lines]


SEAMS = re.compile(r"\b(for|on|at|in|of|to) (on|at|for|today|tomorrow)\b|\b(\w+) \3\b|  |\{\{|\d{4}-\d\d|[,.?!]{2}| [,.?!]", re.IGNORECASE)


@pytest.mark.parametrize("scenario", ["payment_reminder", "appointment_confirmation", "survey"])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"promise_date": date(2026, 3, 4), "callback_at": datetime(2026, 3, 4, 15), "requested_at": "2026-03-04"},
        {"promise_date": date(2026, 3, 5), "callback_at": datetime(2026, 3, 5, 15), "requested_at": "2026-03-05T11:00"},
        {"promise_date": date(2026, 3, 6), "promise_amount": 500.0, "callback_at": datetime(2026, 3, 10, 15, 30)},
        {"requested_at": "2026-03-10"},
    ],
)
def test_lines_have_no_seams(scenario: str, facts: dict[str, Any]) -> None:
    found = {text for stream in range(8) for text in lines_of(scenario, stream, **facts) if SEAMS.search(text)}
    assert not found


def test_seams_are_seen() -> None:
    for bad in ("payment for on Friday", "due on 2026-03-01", "at  noon", "on on Friday", "you.. Goodbye", "on tomorrow, Thursday"):
        assert SEAMS.search(bad)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-03-01", "1 March 2026"),
        ("01/03/2026", "01/03/2026"),
        ("2026-02-31", "2026-02-31"),
        ("1 March", "1 March"),
        ("15000", "15000"),
    ],
)
def test_dates_that_mean_one_day_everywhere_are_said_in_words(value: str, said: str) -> None:
    assert spoken_value(value) == said
