"""The people of the sandbox: how each answers, by topic. A topic that a character does not name is answered like by anybody.

In an answer, {date} stands for a day to come ("tomorrow", "on Friday", ...), {weekday} for a weekday, {score} for a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.transports.sandbox.hearing import Topic

__all__ = ["ANYBODY", "CHARACTERS", "Character"]

Lines = Mapping[Topic, tuple[str, ...]]

ANYBODY: Lines = {
    Topic.IDENTITY: ("Yes, speaking.", "Yes, that's me.", "Yes, this is me."),
    Topic.THERE: ("Yes, I'm here.", "Yes, I can hear you."),
    Topic.RIGHT: ("Yes, that's right.", "Yes, that is correct."),
    Topic.AGENT: ("No, thank you.",),
    Topic.CALL_WHEN: ("Tomorrow at 10 am, please.",),
    Topic.SCORE: ("I would say {score}.", "{score}.", "A {score}."),
    Topic.MOMENT: ("Yes, go ahead.", "Sure, go ahead."),
    Topic.REASON: ("I was travelling and I forgot about it.", "It slipped my mind, sorry."),
    Topic.PAYMENT: ("I can pay {date}.", "I will pay {date}."),
    Topic.NEW_TIME: ("{weekday} at 11 am would be good.",),
    Topic.APPOINTMENT: ("Yes, I will be there.", "Yes, I confirm."),
    Topic.MORE: ("No, that's all, thank you.", "No, nothing else."),
    Topic.OPEN: ("It was all fine, thank you.", "The staff were friendly."),
    Topic.YES_NO: ("Yes.", "Yes, I think so."),
    Topic.GOODBYE: ("Goodbye.", "Thank you, bye."),
    Topic.HOLD: ("",),
    Topic.STATEMENT: ("Okay.", "All right."),
}


def _always(*lines: str) -> Lines:
    """The same answer to every question, except greetings and goodbyes."""
    spared = (Topic.IDENTITY, Topic.THERE, Topic.GOODBYE, Topic.HOLD, Topic.STATEMENT)
    return {topic: lines for topic in Topic if topic not in spared}


@dataclass(frozen=True)
class Character:
    """How somebody talks.

    `lines` overrides what anybody says. `demands` are said first, one in place of each answer, once the bot comes to its
    business; after `demands_end_call` the callee hangs up. `barges` are said into the bot's first long lines.
    `hangs_up_in_line` is the bot's line in which the callee hangs up (0: never); `at_once`: as soon as it picked up.
    `score` is the answer on a scale of ten (None: drawn).
    """

    lines: Lines = field(default_factory=dict)
    demands: tuple[str, ...] = ()
    demands_end_call: bool = False
    barges: tuple[str, ...] = ()
    hangs_up_in_line: int = 0
    at_once: bool = False
    score: int | None = None


_NOT_HERE = "You have the wrong number. There is nobody of that name here."
_REFUSES = ("No, I don't want to take part.", "No, thank you, no survey.")

CHARACTERS: Mapping[str, Character] = {
    "pays": Character(),
    "already paid": Character(dict.fromkeys((Topic.PAYMENT, Topic.REASON), ("I have already paid that last week.",))),
    "cannot pay": Character(
        {Topic.PAYMENT: ("No, I can't pay that at the moment.", "I don't have the money right now."), Topic.REASON: ("I lost my job.",)}
    ),
    "callback at a time": Character(
        {Topic.CALL_WHEN: ("Tomorrow at 3 pm.",), Topic.PAYMENT: ("Please call me back tomorrow at 3 pm.",)},
        demands=("I'm busy right now. Please call me back tomorrow at 3 pm.",),
    ),
    "callback some time": Character(
        {Topic.CALL_WHEN: ("I don't know. Some other time.",), Topic.PAYMENT: ("I can't talk now. Call me some other time.",)},
        demands=("I can't talk now. Please call me back some other time.",),
    ),
    "hangs up mid-sentence": Character(hangs_up_in_line=2),
    "hangs up at once": Character(at_once=True),
    "wrong number": Character(
        {**_always(_NOT_HERE), Topic.IDENTITY: ("No, you have the wrong number.",), Topic.RIGHT: ("Yes, wrong number.",)}
    ),
    "not at home": Character(
        {
            **_always("They are not at home. I can't help you with that."),
            Topic.IDENTITY: ("No, they are not at home right now.",),
            Topic.CALL_WHEN: ("Try again tomorrow at 6 pm.",),
            Topic.RIGHT: ("Yes, that's right.",),
            Topic.MORE: ("No, that's all.",),
        }
    ),
    "never call again": Character(
        demands=("Do not call me again. Take my number off your list.", "I said, never call me again."), demands_end_call=True
    ),
    "asks a question": Character(demands=("Can you tell me which branch has handled my file?",)),
    "asks for an agent": Character(
        {Topic.AGENT: ("Yes, please.",)}, demands=("I want to speak to a human agent.",) * 3, demands_end_call=True
    ),
    "interrupts": Character(barges=("Sorry, who is this?", "Yes, yes, go on.")),
    "confirms": Character({Topic.APPOINTMENT: ("Yes, I confirm, I will be there.",)}),
    "reschedules": Character(
        {
            Topic.APPOINTMENT: ("I can't make it then. Can we move it to another day?",),
            Topic.NEW_TIME: ("Next Tuesday at 11 am, please.",),
            Topic.OPEN: ("Next Tuesday at 11 am, please.",),
        }
    ),
    "cancels": Character(
        dict.fromkeys((Topic.APPOINTMENT, Topic.NEW_TIME, Topic.OPEN, Topic.REASON), ("No, I would like to cancel it, please.",))
    ),
    "scores 9": Character(score=9),
    "scores 3": Character(score=3),
    "refuses the survey": Character(dict.fromkeys((Topic.MOMENT, Topic.SCORE, Topic.OPEN), _REFUSES)),
}
