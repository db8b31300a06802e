"""Effects that any scenario may use: facts to record, and actions to take."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import ZoneInfo

from core.conversation.brain import Action, DoNotCall, ScheduleCallback, Transfer, WantsPerson
from core.conversation.callee_clock import CalleeClock, named_zone
from core.conversation.rules.facts import Facts
from core.conversation.rules.report import handover_summary
from core.conversation.rules.scene import Effect, Moment
from core.conversation.rules.understand import Understood
from core.conversation.rules.when import callback_time

__all__ = [
    "away",
    "callback",
    "callback_any_time",
    "decides",
    "do_not_call",
    "note_question",
    "note_reason",
    "right_party",
    "transfer",
    "wants_person",
]


_COMES_BACK: Final = re.compile(r"\b(?:will|back|after|return|returns|comes|call|try)\b")


def _agree_on(facts: Facts, heard: Understood, moment: Moment) -> None:
    """Take the time that they named, on their clock; the next open one, if they may not be called then."""
    facts.callback_at, facts.callback_moved, facts.callback_zone = None, False, None
    named = named_zone(heard.heard)
    zone, now = moment.zone, moment.now
    if named is not None and heard.when is not None and heard.when.moment is None:  # a time counted from now has no zone
        zone = ZoneInfo(named)
        now = moment.now.replace(tzinfo=moment.zone).astimezone(zone).replace(tzinfo=None)
    at = callback_time(heard.when, now, zone)
    if at is None:
        return
    clock = moment.clock or CalleeClock(moment.zone.key)
    facts.callback_at = clock.opened(at)
    facts.callback_moved = facts.callback_at != at
    if named is not None or not clock.known:
        facts.callback_zone = clock.name(zone.key)


def decides(disposition: str, sub: str | None = None) -> Effect:
    """An effect that only sets the disposition."""

    def effect(facts: Facts, _: Understood, __: Moment) -> tuple[Action, ...]:
        facts.decide(disposition, sub)
        return ()

    return effect


def right_party(facts: Facts, _: Understood, __: Moment) -> tuple[Action, ...]:
    """It is the person we look for, perhaps called to the phone by somebody else."""
    facts.right_party = True
    if facts.disposition == "RIGHT_PARTY_NOT_AVAILABLE":
        facts.disposition, facts.sub, facts.callback_requested = None, None, False
    return ()


def away(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    """Somebody else answered, and the person is not there: schedule a callback, even if no time is named."""
    facts.right_party = False
    facts.callback_requested = True
    facts.decide("RIGHT_PARTY_NOT_AVAILABLE", "AWAY")
    if _COMES_BACK.search(heard.said):
        _agree_on(facts, heard, moment)
    return (ScheduleCallback(facts.callback_at, heard.heard),)


def do_not_call(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
    """Never again."""
    facts.decide("DO_NOT_CALL", "ASKED")
    facts.do_not_call = True
    return (DoNotCall(heard.heard),)


def callback(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    """Schedule a callback, at the time named if there is one."""
    facts.callback_requested = True
    _agree_on(facts, heard, moment)
    facts.callback_words = heard.heard
    if facts.disposition in {None, "REFUSED_TO_PAY", "CALLBACK"}:
        facts.decide("CALLBACK", "AT_TIME" if facts.callback_at else "NO_TIME")
    return (ScheduleCallback(facts.callback_at, heard.heard),)


def callback_any_time(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
    """Schedule a callback; they leave the time to us."""
    words = facts.callback_words or heard.heard
    facts.callback_requested, facts.callback_words = True, words
    if facts.disposition is None:
        facts.decide("CALLBACK", "NO_TIME")
    return (ScheduleCallback(facts.callback_at, words),)


def wants_person(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
    """They want a person, and there is no transfer target: a colleague calls back."""
    facts.wants_person = True
    facts.callback_requested, facts.callback_words = True, heard.heard
    if facts.disposition is None:
        facts.decide("CALLBACK", "WANTS_PERSON")
    return (WantsPerson(heard.heard), ScheduleCallback(facts.callback_at, heard.heard))


def transfer(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    """They want a person, and there is a transfer target."""
    assert moment.transfer_target is not None
    summary = handover_summary(facts)
    facts.wants_person = True
    facts.transfer_target = moment.transfer_target
    return (Transfer(moment.transfer_target, f"the customer asked for a person: {heard.heard}", summary),)


def note_question(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
    """A question for a colleague."""
    if heard.heard not in facts.questions:
        facts.questions.append(heard.heard)
    return ()


def note_reason(facts: Facts, heard: Understood, _: Moment) -> tuple[Action, ...]:
    """The reason, in their own words."""
    facts.reason = heard.heard
    return ()
