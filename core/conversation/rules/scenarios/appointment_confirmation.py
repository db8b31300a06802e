"""Confirms an appointment: will come, wants another time, cancels."""

from __future__ import annotations

from typing import Final

from core.conversation.brain import Action
from core.conversation.rules.common import ALIASES, ANYWHERE, LINES, closing_states, identity_states
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.scene import END, STAY, Line, Moment, Scenario, State, Step
from core.conversation.rules.understand import Understood
from core.conversation.rules.vocabulary.appointment import APPOINTMENT
from core.conversation.rules.vocabulary.general import GENERAL
from core.conversation.rules.when import callback_time

__all__ = ["APPOINTMENT_CONFIRMATION"]


def _new_time(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    facts.right_party = True
    facts.requested_words = heard.heard
    when = heard.when
    if when is not None and not when.vague:
        if when.hour is not None or when.part is not None or when.moment is not None:
            at = callback_time(when, moment.now, moment.zone)
            facts.requested_at = at.isoformat(timespec="minutes") if at else None
        else:
            day = when.date(moment.now)
            facts.requested_at = day.isoformat() if day else None
    facts.decide("APPOINTMENT_RESCHEDULE", "AT_TIME" if facts.requested_at else "NO_TIME")
    return ()


def _confirms(facts: Facts, _: Understood, __: Moment) -> tuple[Action, ...]:
    facts.right_party = True
    facts.decide("APPOINTMENT_CONFIRMED")
    return ()


def _cancels(facts: Facts, _: Understood, __: Moment) -> tuple[Action, ...]:
    facts.right_party = True
    facts.decide("APPOINTMENT_CANCELLED")
    return ()


_CONFIRMED: Final = Step("confirmed", "settled", _confirms, ask=False)
_CANCELLED: Final = Step("cancelled", "settled", _cancels, ask=False)
_MOVED: Final = Step("moved", "settled", _new_time, ask=False)
_MOVED_SOME_TIME: Final = Step("moved_some_time", "settled", _new_time, ask=False)
_ENDED: Final = Step("bye", END, ask=False)

APPOINTMENT_CONFIRMATION: Final = Scenario(
    name="appointment_confirmation",
    vocabulary=GENERAL + APPOINTMENT,
    anywhere={
        **ANYWHERE,
        Intent.CONFIRM: _CONFIRMED,
        Intent.CANCEL: _CANCELLED,
        Intent.RESCHEDULE_DATED: _MOVED,
        Intent.RESCHEDULE: Step("", "new_time", _new_time),
        Intent.CANNOT_COME: Step("", "move_or_cancel", _new_time),
    },
    states={
        **identity_states("coming"),
        **closing_states("identity"),
        "coming": State(
            "ask_coming",
            "ask_coming_again",
            steps={
                Intent.YES: _CONFIRMED,
                Intent.THANKS: _CONFIRMED,
                Intent.NO: Step("", "move_or_cancel"),
                Intent.WHEN: _MOVED,
                Intent.UNSURE: Step("", "move_or_cancel"),
                Intent.NOT_INTERESTED: _CANCELLED,
                Intent.IDENTITY: Step("", STAY),
            },
        ),
        "move_or_cancel": State(
            "ask_move_or_cancel",
            steps={
                Intent.YES: Step("", "new_time", _new_time),
                Intent.NO: _CANCELLED,
                Intent.NOT_INTERESTED: _CANCELLED,
                Intent.WHEN: _MOVED,
                Intent.UNSURE: _MOVED_SOME_TIME,
            },
        ),
        "new_time": State(
            "ask_new_time",
            steps={
                Intent.WHEN: _MOVED,
                Intent.CALLBACK_TIMED: _MOVED,
                Intent.CANNOT_COME: Step("", STAY),
                Intent.UNSURE: _MOVED_SOME_TIME,
                Intent.NO: _MOVED_SOME_TIME,
                Intent.YES: _MOVED_SOME_TIME,
            },
            unclear=_MOVED_SOME_TIME,
        ),
        "settled": State("", steps={Intent.WHEN: _MOVED, Intent.CONFIRM: _ENDED}, unclear=_ENDED),
    },
    lines={
        **LINES,
        "ask_coming": Line(
            "I'm calling to confirm your appointment. Will you be able to come?",
            (
                "I'm calling to confirm your appointment with {{lead.doctor}} on {{lead.appointment}} at {{lead.hour}}. "
                "Will you be able to come?",
                "I'm calling to confirm your appointment on {{lead.appointment}} at {{lead.hour}}. Will you be able to come?",
                "I'm calling to confirm your appointment with {{lead.doctor}} on {{lead.appointment}}. Will you be able to come?",
                "I'm calling to confirm your appointment on {{lead.appointment}}. Will you be able to come?",
                "I'm calling to confirm your appointment with {{lead.doctor}}. Will you be able to come?",
            ),
        ),
        "ask_coming_again": Line("Will you be able to come to your appointment?"),
        "ask_move_or_cancel": Line("I see. Would another day suit you better? Otherwise I will cancel it."),
        "ask_new_time": Line("Of course. Which day and time would suit you?"),
        "confirmed": Line(
            "Thank you, your appointment is confirmed. Goodbye.",
            ("Thank you, we look forward to seeing you on {{lead.appointment}}. Goodbye.",),
        ),
        "cancelled": Line("All right, I have noted that you cancel it. Goodbye."),
        "moved": Line(
            "Thank you. I have noted the time you asked for, and a colleague will confirm it. Goodbye.",
            ("Thank you. I have noted {{lead.requested}}, and a colleague will confirm the new time. Goodbye.",),
        ),
        "moved_some_time": Line("All right. A colleague will call you to find another time. Goodbye."),
        "tell_appointment": Line("", ("It is on {{lead.appointment}} at {{lead.hour}}.", "It is on {{lead.appointment}}.")),
        "tell_doctor": Line("", ("It is with {{lead.doctor}}.",)),
        "tell_place": Line("", ("It is at {{lead.company}}.",)),
        "tell_purpose": Line("It is about your appointment."),
    },
    topics=(
        (r"\b(what|which) (time|day|date)\b|\bwhen is\b|\bwhich appointment\b", "tell_appointment"),
        (r"\b(which|what|who is the) (doctor|dentist|consultant)\b|\bwith whom\b|\bwho (is it|am i seeing)\b", "tell_doctor"),
        (r"\bwhere (is|do|should)\b|\bwhich (clinic|branch|place)\b", "tell_place"),
        (
            r"\bwhat (is this|is it|do you want|are you calling)|\bwhy (are|did|do) you call|\b(regarding|about) what\b|"
            r"\btell me$|\bis this about\b|\bkya (baat|kaam)\b",
            "tell_purpose",
        ),
    ),
    aliases={
        **ALIASES,
        "appointment": ("appointment", "appointment_at", "appointment_date", "date", "slot"),
        "hour": ("appointment_time", "time"),
        "doctor": ("doctor", "doctor_name", "dr", "consultant", "dentist", "physician"),
    },
)
