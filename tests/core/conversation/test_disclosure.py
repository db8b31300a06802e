"""Who is on the line, and that nobody else hears what is private."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.bots.config import BotConfig, BrainConfig
from core.bots.private_fields import private_fields
from core.conversation.brain import BrainContext, EndCall, Turn
from core.conversation.disclosure import Disclosure, disclosure_of
from core.conversation.limits import ConversationLimits, limits_of
from core.conversation.party import Party, asks_who_it_is, name_words, who_speaks
from core.conversation.private_values import PrivateValues
from core.conversation.rules import RulesBrain
from core.conversation.session import converse
from core.kernel.virtual_clock import VirtualClock
from tests.core.conversation.fakes import FakeBrain, FakeLeg, says

PHRASES = Path(__file__).parent / "phrases"
CRM = {"customer_name": "Ann Archer", "amount_due": "1,520.50", "loan_number": "LN-4471-8823", "due_date": "2026-03-01", "city": "Pune"}
NAMES = name_words(["Ann Archer"])
EXPECTED = {
    "confirmed": {Party.CONFIRMED},
    "third_party": {Party.THIRD_PARTY, Party.COMPANY},
    "company": {Party.THIRD_PARTY, Party.COMPANY},
    "denied": {Party.DENIED, Party.THIRD_PARTY, Party.COMPANY},
    "unclear": set(Party) - {Party.CONFIRMED},
}


def sealed(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def test_only_the_persons_own_word_confirms(capsys: pytest.CaptureFixture[str]) -> None:
    """On answers written by somebody who had not seen the data: half of them were never looked at while it was made."""
    answers = yaml.load((PHRASES / "identity.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    names = {question: name_words([" ".join(question.split())]) for question in {one["question"] for one in answers}}
    asked = {"am", "i", "speaking", "with", "hablo", "con", "je", "suis", "bien", "avec", "kya", "meri", "baat", "se", "ho", "rahi", "hai"}
    asked |= {"spreche", "ich", "mit", "kyaa", "merii", "baat", "rhi"}
    names = {question: tuple(word for word in words if word not in asked) for question, words in names.items()}
    figures: dict[bool, dict[str, int]] = {}
    for which in (False, True):
        half = [one for one in answers if sealed(one["answer"]) is which]
        heard = [(one, who_speaks(one["answer"], names[one["question"]], asked=True)) for one in half]
        theirs = [party for one, party in heard if one["is"] == "confirmed"]
        others = [party for one, party in heard if one["is"] != "confirmed"]
        figures[which] = {
            "confirmed": 100 * sum(party is Party.CONFIRMED for party in theirs) // len(theirs),
            "false": sum(party is Party.CONFIRMED for party in others),
            "others": len(others),
            "understood": 100 * sum(party in EXPECTED[one["is"]] for one, party in heard) // len(heard),
        }
    with capsys.disabled():
        print(f"\nwho is on the line, development: {figures[False]}\nwho is on the line, held out: {figures[True]}")
    assert figures[False]["false"] == 0
    assert figures[True]["false"] <= 8
    assert figures[True]["confirmed"] >= 80


@pytest.mark.parametrize(
    ("said", "party"),
    [
        ("Yes, speaking", Party.CONFIRMED),
        ("This is Ann", Party.CONFIRMED),
        ("That's me", Party.CONFIRMED),
        ("Yes? Who is this?", Party.UNCLEAR),
        ("Good morning", Party.UNCLEAR),
        ("Ann's mother speaking", Party.THIRD_PARTY),
        ("Hello, yes, this is her daughter Maya", Party.THIRD_PARTY),
        ("Hi, Tom speaking, good morning", Party.THIRD_PARTY),
        ("Hello, Harlow and Sons, Ruth speaking.", Party.COMPANY),
        ("Good afternoon. Thank you for calling. This is Ruth speaking. How may I help you today?", Party.COMPANY),
        ("You have the wrong number", Party.DENIED),
    ],
)
def test_who_speaks(said: str, party: Party) -> None:
    heard = who_speaks(said, NAMES, asked=True)
    assert heard is party or {heard, party} <= {Party.THIRD_PARTY, Party.COMPANY}


def test_a_yes_confirms_only_where_the_bot_asked_for_the_person() -> None:
    assert asks_who_it_is("Hello, am I speaking with Ann Archer?", NAMES)
    assert not asks_who_it_is("Hello Ann, do you have two minutes for me and a survey of our service?", NAMES)
    assert who_speaks("Yes", NAMES, asked=False) is Party.UNCLEAR


PRIVATE = PrivateValues({name: CRM[name] for name in private_fields(CRM, None)}, NAMES)


@pytest.mark.parametrize(
    ("sentence", "field"),
    [
        ("You owe 1520.5 rupees.", "amount_due"),
        ("It is 1.520,50 all in all.", "amount_due"),
        ("You owe fifteen hundred and twenty dollars", "amount_due"),
        ("Son mil quinientos veinte", "amount_due"),
        ("C'est mille cinq cent vingt euros", "amount_due"),
        ("Es sind eintausendfünfhundertzwanzig Euro", "amount_due"),
        ("the loan that ends in 8823", "loan_number"),
        ("it ends in eight eight two three", "loan_number"),
        ("It was due on the first of March.", "due_date"),
        ("since March 1st", "due_date"),
        ("seit dem 1. März", "due_date"),
        ("You live in Pune, don't you?", "city"),
    ],
)
def test_private_values_are_known_in_any_form(sentence: str, field: str) -> None:
    assert field in PRIVATE.said_in(sentence)


@pytest.mark.parametrize(
    "sentence", ["Hello, am I speaking with Ann Archer?", "I have three short questions.", "May I call you tomorrow at ten?"]
)
def test_other_sentences_hold_nothing_private(sentence: str) -> None:
    assert PRIVATE.said_in(sentence) == []


def test_what_is_private_is_every_field_but_names_or_what_the_bot_says() -> None:
    assert private_fields(["Customer Name", "company", "amount", "doctor"], None) == ["amount", "doctor"]
    assert private_fields(["Customer Name", "Amount Due"], ["amount_due"]) == ["Amount Due"]
    assert private_fields(["amount"], []) == []


Talk = Callable[..., tuple[list[str], list[tuple[str, dict[str, Any]]]]]


@pytest.fixture
def talk(in_virtual_time: Callable[..., Any]) -> Talk:
    def run(brain: Any, *said: str, disclosure: Disclosure, limits: ConversationLimits | None = None) -> Any:
        async def test(clock: VirtualClock) -> Any:
            leg = FakeLeg(clock, *map(says, said))
            events: list[tuple[str, dict[str, Any]]] = []
            held = brain(clock) if callable(brain) else brain
            await converse(
                leg, held, limits or ConversationLimits(), clock, lambda kind, data: events.append((kind, data)), disclosure=disclosure
            )
            return leg.said, events

        return in_virtual_time(test)

    return run


BLURTS = Turn("You owe 1520.50 and it was due on March 1st. Will you pay?")
BOT = BotConfig(name="b", brain=BrainConfig(scenario="payment_reminder"))


def test_a_brain_that_blurts_is_held_back_until_the_person_confirms(talk: Talk) -> None:
    brain = FakeBrain([BLURTS, BLURTS, Turn("Bye.", (EndCall(),))], first=Turn("Hello, am I speaking with Ann Archer?"))
    said, events = talk(brain, "good morning", "speaking", "ok", disclosure=disclosure_of(BOT, CRM))
    assert "1520" not in said[1]
    assert "personal matter" in said[1]
    assert said[2] == BLURTS.say
    held = [data["fields"] for kind, data in events if kind == "private_held_back"]
    assert len(held) == 1
    assert "amount_due" in held[0]
    assert [kind for kind, _ in events].count("person_confirmed") == 1


def test_a_brain_cannot_confirm_for_somebody_else(talk: Talk) -> None:
    disclosure = disclosure_of(BOT, CRM)

    class Believes(FakeBrain):
        async def reply(self, heard: str, now: Any) -> Turn:
            disclosure.confirm()
            return await super().reply(heard, now)

    brain = Believes([BLURTS, Turn("Bye.", (EndCall(),))], first=Turn("Hello, am I speaking with Ann Archer?"))
    said, _ = talk(brain, "This is her brother", "ok", disclosure=disclosure)
    assert "1520" not in " ".join(said)


def test_a_bot_may_be_declared_to_need_no_confirmation(talk: Talk) -> None:
    bot = BOT.model_copy(update={"confirm_identity": False})
    brain = FakeBrain([Turn("Bye.", (EndCall(),))], first=BLURTS)
    assert talk(brain, "ok", disclosure=disclosure_of(bot, CRM))[0][0] == BLURTS.say
    assert not BotConfig(name="s", brain=BrainConfig(scenario="survey")).confirms_identity


def test_a_message_on_a_machine_holds_nothing_private(talk: Talk) -> None:
    bot = BOT.model_copy(update={"voicemail_message": "Hello, this is Northwind. You owe {{crm.amount_due}}."})
    limits = limits_of(bot, {"crm": CRM})
    said, events = talk(FakeBrain(), "Please leave a message after the tone.", disclosure=disclosure_of(bot, CRM), limits=limits)
    assert "1,520" not in " ".join(said)
    assert "voicemail_detected" in [kind for kind, _ in events]


def rules(clock: VirtualClock, disclosure: Disclosure) -> RulesBrain:
    context = BrainContext(
        "call", CRM, {}, "", "Hello, am I speaking with {{crm.customer_name}}?", clock.now(), "Asia/Kolkata", disclosure=disclosure
    )
    return RulesBrain(context, BrainConfig(scenario="payment_reminder"), random.Random(1), ())


@pytest.mark.parametrize(
    "said",
    [
        "Good afternoon. Thank you for calling. This is Ruth speaking. How may I help you?",
        "Hello, yes, this is her daughter Maya",
        "Ann's mother",
    ],
)
def test_the_rules_ask_somebody_else_when_the_person_is_there(talk: Talk, said: str) -> None:
    disclosure = disclosure_of(BOT, CRM)
    heard, events = talk(lambda clock: rules(clock, disclosure), said, "she will be back at six pm", disclosure=disclosure)
    assert "1,520" not in " ".join(heard)
    assert "when would be a good time" in heard[1].lower()
    assert "callback_requested" in [kind for kind, _ in events]


def test_the_rules_tell_the_person(talk: Talk) -> None:
    disclosure = disclosure_of(BOT, CRM)
    heard, _ = talk(lambda clock: rules(clock, disclosure), "Yes, speaking", "on Friday", disclosure=disclosure)
    assert "1,520.50" in heard[1]
