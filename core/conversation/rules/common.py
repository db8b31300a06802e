"""What every scenario shares: who answered, callbacks, questions, persons, goodbyes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.conversation.rules import effects as do
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.scene import END, STAY, Line, Moment, State, Step
from core.conversation.rules.understand import Understood

__all__ = ["ALIASES", "ANYWHERE", "LINES", "closing_states", "identity_states"]


def _person(facts: Facts, __: Understood, moment: Moment) -> Step:
    if moment.transfer_target is not None and not facts.transfer_failed:
        return Step("transfer", END, do.transfer, ask=False)
    return Step("still_no_person" if facts.callback_words else "no_person", "callback_time", do.wants_person, ask=False)


def _callback_set(facts: Facts, _: Understood, __: Moment) -> Step:
    return Step(_agreed(facts) if facts.callback_at else "callback_some_time", "callback_set", ask=False)


def _agreed(facts: Facts) -> str:
    return "callback_moved" if facts.callback_moved else "callback_at"


def _away(facts: Facts, _: Understood, __: Moment) -> Step:
    return Step(_agreed(facts), "callback_set", ask=False) if facts.callback_at else Step("away", "away_time")


def _other_person(facts: Facts, _: Understood, __: Moment) -> Step:
    return Step("callback_at", "callback_set", ask=False) if facts.callback_at else Step("", "other_person")


CALLBACK_SET: Final = Step(effect=do.callback, choose=_callback_set)

ANYWHERE: Final[Mapping[Intent, Step]] = {
    Intent.STOP_CALLING: Step("do_not_call", END, do.do_not_call, ask=False),
    Intent.WRONG_NUMBER: Step("wrong_number", END, do.decides("WRONG_NUMBER"), ask=False),
    Intent.DECEASED: Step("deceased", END, do.decides("RIGHT_PARTY_NOT_AVAILABLE", "DECEASED"), ask=False),
    Intent.HUMAN: Step(choose=_person),
    Intent.NOT_HERE: Step(effect=do.away, choose=_away),
    Intent.CALLBACK_TIMED: CALLBACK_SET,
    Intent.CALLBACK: Step("", "callback_time", do.callback),
    Intent.CALLEE_CALLS: Step("callee_calls", END, do.decides("CALLBACK", "CUSTOMER_WILL_CALL"), ask=False),
    Intent.ROBOT: Step("robot"),
    Intent.WHO: Step("who"),
    Intent.HOLD: Step("hold", STAY, ask=False),
    Intent.GREETING: Step("greeting"),
    Intent.IDENTITY: Step("", STAY, do.right_party),
    Intent.NOT_INTERESTED: Step("not_interested", END, do.decides("NO_OUTCOME", "NOT_INTERESTED"), ask=False),
    Intent.GOODBYE: Step("goodbye", END, ask=False),
}
"""What these meanings lead to in any state that does not override them. The brain handles questions, repeats and unclear words."""

_CALLBACK_TIMES: Final[Mapping[Intent, Step]] = {
    Intent.WHEN: CALLBACK_SET,
    Intent.PROMISE_DATED: CALLBACK_SET,
    Intent.CALLBACK_TIMED: CALLBACK_SET,
    Intent.CALLBACK: Step("callback_some_time", "callback_set", do.callback, ask=False),
    Intent.YES: Step("callback_some_time", "callback_set", do.callback_any_time, ask=False),
    Intent.UNSURE: Step("callback_some_time", "callback_set", do.callback_any_time, ask=False),
    Intent.NO: Step("goodbye", END, ask=False),
    Intent.NOT_INTERESTED: Step("goodbye", END, ask=False),
    Intent.THANKS: Step("callback_some_time", "callback_set", do.callback_any_time, ask=False),
    Intent.GOODBYE: Step("goodbye", END, ask=False),
}


def closing_states(start: str) -> dict[str, State]:
    """The states that agree on a callback, and the end; `start` is where the conversation restarts with another person."""
    goodbye = Step("goodbye", END, ask=False)
    some_time = Step("callback_some_time", "callback_set", do.callback_any_time, ask=False)
    away = {**_CALLBACK_TIMES, Intent.NOT_HERE: goodbye, Intent.HOLD: Step("hold", start, ask=False)}
    person = {Intent.HUMAN: Step("no_person", "callback_time", do.wants_person, ask=False)}
    return {
        "callback_time": State("ask_callback_time", steps=_CALLBACK_TIMES, unclear=some_time),
        "away_time": State("ask_away_time", steps=away, unclear=goodbye),
        "callback_set": State(steps={Intent.WHEN: CALLBACK_SET, Intent.CALLBACK_TIMED: CALLBACK_SET}, unclear=goodbye),
        END: State(steps=person, unclear=Step("bye", END, ask=False)),
    }


def identity_states(after: str) -> dict[str, State]:
    """The states that find out who answered; they lead to the state `after` once it is the right person."""
    found = Step("", after, do.right_party)
    return {
        "identity": State(
            "ask_identity",
            steps={
                Intent.YES: found,
                Intent.IDENTITY: found,
                Intent.OTHER_PERSON: Step(effect=do.away, choose=_other_person),
                Intent.NO: Step("", "wrong_or_away"),
                Intent.NOT_INTERESTED: Step("not_interested", END, do.decides("NO_OUTCOME", "NOT_INTERESTED"), ask=False),
            },
        ),
        "other_person": State(
            "ask_there",
            "ask_away_time",
            steps={
                **_CALLBACK_TIMES,
                Intent.YES: Step("hold", "identity", ask=False),
                Intent.HOLD: Step("hold", "identity", ask=False),
                Intent.IDENTITY: found,
                Intent.OTHER_PERSON: Step("", "away_time"),
                Intent.NO: Step("", "away_time"),
                Intent.NOT_HERE: Step(effect=do.away, choose=_away),
            },
            unclear=Step("callback_some_time", "callback_set", do.callback_any_time, ask=False),
        ),
        "wrong_or_away": State(
            "ask_wrong_or_away",
            steps={
                Intent.YES: Step("hold", "identity", ask=False),
                Intent.IDENTITY: found,
                Intent.NO: Step("wrong_number", END, do.decides("WRONG_NUMBER"), ask=False),
                Intent.UNSURE: Step("wrong_number", END, do.decides("WRONG_NUMBER"), ask=False),
            },
        ),
    }


ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("customer_name", "name", "full_name", "first_name", "firstname", "patient", "patient_name", "client", "contact_name", "guest"),
    "company": ("company", "lender", "bank", "clinic", "organisation", "organization", "store", "brand"),
}

LINES: Final[Mapping[str, Line]] = {
    "ask_identity": Line("Am I speaking with the right person?", ("Am I speaking with {{lead.name}}?",)),
    "ask_there": Line(
        "Is the person I am looking for there? Otherwise, when would be a good time to call?",
        ("Is {{lead.name}} there? Otherwise, when would be a good time to call?",),
    ),
    "ask_wrong_or_away": Line(
        "I'm sorry. Is the person I'm looking for there, or do I have the wrong number?",
        ("I'm sorry. Is {{lead.name}} there, or do I have the wrong number?",),
    ),
    "who": Line("This is an automated call from our office.", ("This is an automated call from {{lead.company}}.",)),
    "robot": Line("Yes, I am an automated assistant."),
    "greeting": Line("Hello."),
    "hold": Line("Of course, take your time."),
    "sorry_again": Line("I'm sorry, I didn't quite get that."),
    "calm": Line("I understand that this is annoying, and I will be brief."),
    "give_up": Line("I'm sorry, I didn't understand. A colleague will be in touch. Goodbye."),
    "private": Line(
        "It is a personal matter, which I can only discuss with the person I am calling.",
        ("It is a personal matter, which I can only discuss with {{lead.name}}.",),
    ),
    "question_noted": Line("I can't answer that myself, but I will pass your question on."),
    "wrong_number": Line("I'm sorry for the trouble, I have the wrong number. We won't call you about this again. Goodbye."),
    "deceased": Line("I am very sorry to hear that. I will let my colleagues know. Goodbye."),
    "away": Line("I see."),
    "ask_away_time": Line("When would be a good time to call?", ("When would be a good time to call {{lead.name}}?",)),
    "do_not_call": Line("I understand. I have taken your number off our list, and we will not call you again. Goodbye."),
    "ask_callback_time": Line(
        "Of course. What time would suit you for a call?", ("Of course. When shall I call you back?", "No problem. When shall I call back?")
    ),
    "callback_at": Line(
        "All right, I will call again then. Goodbye.", ("All right, I will call again {{lead.callback}}. Thank you, goodbye.",)
    ),
    "callback_moved": Line(
        "I can't call at that time, so I will call at the next time that is possible. Goodbye.",
        ("I can't call at that time. I will call again {{lead.callback}} instead. Thank you, goodbye.",),
    ),
    "callback_some_time": Line("All right, I will try again another time. Goodbye."),
    "callee_calls": Line("All right, we look forward to your call. Goodbye."),
    "transfer": Line("Of course, I'll connect you now. One moment, please."),
    "no_person": Line("Nobody is free just now, but a colleague will call you back. When would suit you for the call?"),
    "still_no_person": Line("I'm sorry, I can't connect you from this call. On which day and at what time may a colleague call you?"),
    "not_interested": Line("I understand. Thank you for your time. Goodbye."),
    "goodbye": Line("Thank you for your time. Goodbye."),
    "bye": Line("Thank you. Goodbye."),
}
