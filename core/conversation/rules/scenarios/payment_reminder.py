"""Reminds of a payment: promise, already paid, cannot, will not, disputed."""

from __future__ import annotations

import re
from typing import Final

from core.conversation.brain import Action
from core.conversation.rules import effects as do
from core.conversation.rules.common import ALIASES, ANYWHERE, LINES, closing_states, identity_states
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.numbers import amount_in
from core.conversation.rules.scene import END, STAY, Line, Moment, Scenario, State, Step
from core.conversation.rules.understand import Understood
from core.conversation.rules.vocabulary.general import GENERAL
from core.conversation.rules.vocabulary.payment import PAYMENT
from core.conversation.rules.when import find_past_date

__all__ = ["PAYMENT_REMINDER"]


def _promise(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    if heard.when is not None and not heard.when.vague:
        facts.promise_date = heard.when.date(moment.now) or facts.promise_date
    due = amount_in(moment.lead.get("amount", "").casefold())
    named = amount_in(heard.said)
    if (
        named is None
        and due is not None
        and re.search(r"\bhalf (?:of )?(?:the|it|that|now|on|this|today|tomorrow)\b|\b(?:pay|do|send) half\b", heard.said)
    ):
        named = due / 2
    facts.promise_amount = named or facts.promise_amount
    facts.right_party = True
    part = facts.promise_amount is not None and due is not None and facts.promise_amount < due
    facts.decide("PROMISE_TO_PAY", "PART_PAYMENT" if part else "DATED" if facts.promise_date else "NO_DATE")
    return ()


def _paid(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    facts.right_party = True
    facts.paid_date = find_past_date(heard.said, moment.now)
    facts.decide("ALREADY_PAID", "DATED" if facts.paid_date else None)
    return ()


def _disputes(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    facts.decide("DISPUTE")
    return do.note_reason(facts, heard, moment)


def _cannot(facts: Facts, heard: Understood, moment: Moment) -> tuple[Action, ...]:
    facts.right_party = True
    facts.promise_date = None
    facts.decide("REFUSED_TO_PAY", "CANNOT_PAY")
    if len(heard.said.split()) > 3:
        do.note_reason(facts, heard, moment)
    return ()


def _negotiates(facts: Facts, _: Understood, __: Moment) -> Step:
    return Step("understand", "negotiate") if facts.count("refusals") == 1 else Step("", "reason")


def _asks_for_day(facts: Facts, _: Understood, __: Moment) -> Step:
    return Step("", "day") if facts.count("asked for a day") <= 2 else Step("promised_some_day", "promised", ask=False)


_PROMISED: Final = Step("promised", "promised", _promise, ask=False)
_PROMISE: Final = Step(effect=_promise, choose=_asks_for_day)
_CANNOT: Final = Step(effect=_cannot, choose=_negotiates)
_REFUSED: Final = Step("refused", END, do.note_reason, ask=False)

_ANYWHERE: Final = {
    **ANYWHERE,
    Intent.PROMISE_DATED: _PROMISED,
    Intent.PROMISE: _PROMISE,
    Intent.ALREADY_PAID: Step("paid", "paid", _paid, ask=False),
    Intent.DISPUTE: Step("disputed", END, _disputes, ask=False),
    Intent.CANNOT_PAY: _CANNOT,
    Intent.WILL_NOT_PAY: Step("", "reason", do.decides("REFUSED_TO_PAY", "WILL_NOT_PAY")),
    Intent.NOT_YET: Step("", "purpose"),
    Intent.NOT_INTERESTED: Step("", "reason", do.decides("REFUSED_TO_PAY", "WILL_NOT_PAY")),
}

_ENDED: Final = Step("bye", END, ask=False)

PAYMENT_REMINDER: Final = Scenario(
    name="payment_reminder",
    vocabulary=GENERAL + PAYMENT,
    anywhere=_ANYWHERE,
    states={
        **identity_states("purpose"),
        **closing_states("identity"),
        "purpose": State(
            "ask_payment",
            "ask_payment_again",
            steps={
                Intent.WHEN: _PROMISED,
                Intent.YES: _PROMISE,
                Intent.UNSURE: _CANNOT,
                Intent.NO: _CANNOT,
                Intent.IDENTITY: Step("", STAY),
            },
        ),
        "day": State(
            "ask_day",
            steps={
                Intent.WHEN: _PROMISED,
                Intent.YES: _PROMISE,
                Intent.UNSURE: Step("promised_some_day", "promised", ask=False),
                Intent.NO: _CANNOT,
            },
        ),
        "negotiate": State(
            "ask_other_day",
            steps={
                Intent.WHEN: _PROMISED,
                Intent.YES: _PROMISE,
                Intent.NO: Step("", "reason"),
                Intent.UNSURE: Step("", "reason"),
            },
        ),
        "reason": State(
            "ask_reason",
            steps={
                Intent.NO: Step("refused", END, ask=False),
                Intent.CANNOT_PAY: _REFUSED,
                Intent.WILL_NOT_PAY: _REFUSED,
                Intent.NOT_INTERESTED: _REFUSED,
            },
            unclear=_REFUSED,
        ),
        "promised": State("", steps={Intent.WHEN: _PROMISED, Intent.PROMISE: _ENDED, Intent.NO: Step("", "day")}, unclear=_ENDED),
        "paid": State("", steps={Intent.ALREADY_PAID: _ENDED}, unclear=_ENDED),
    },
    lines={
        **LINES,
        "ask_payment": Line(
            "I'm calling about a payment that is due. When can you make it?",
            (
                "I'm calling about your payment of {{lead.amount}}, due on {{lead.due_date}}. When can you pay it?",
                "I'm calling about your payment of {{lead.amount}}. When can you pay it?",
                "I'm calling about your payment, due on {{lead.due_date}}. When can you make it?",
            ),
        ),
        "ask_payment_again": Line("When can you make the payment?"),
        "ask_day": Line("On which day can you pay?", ("Thank you. On which day can you pay?", "Good. Which day can you pay on?")),
        "understand": Line("I understand, and I am sorry to hear that."),
        "ask_other_day": Line("Is there a day by which you could pay at least a part of it?"),
        "ask_reason": Line("I see. May I ask what the reason is?"),
        "promised": Line(
            "Thank you, I have noted your promise to pay. Goodbye.",
            (
                "Thank you. I have noted that you will pay {{lead.promise}}. Have a good day, goodbye.",
                "Thank you. I have it down that you will pay {{lead.promise}}. Goodbye.",
            ),
        ),
        "promised_some_day": Line("Thank you. I have noted that you will pay as soon as you can. Goodbye."),
        "paid": Line("Thank you for letting me know. We will check it, and there is nothing else you need to do. Goodbye."),
        "refused": Line("Thank you for telling me, I have noted it. A colleague may get in touch with you. Goodbye."),
        "disputed": Line("Thank you for telling me. I have noted it, and a colleague will look into it and contact you. Goodbye."),
        "tell_amount": Line("", ("It is {{lead.amount}}.",)),
        "tell_due_date": Line("", ("The due date is {{lead.due_date}}.",)),
        "tell_loan": Line("", ("It is about the loan {{lead.loan}}.",)),
        "tell_purpose": Line("It is about a payment that is due."),
    },
    topics=(
        (r"\b(how much|what amount|(what|which) is the (amount|balance|sum)|kitna|kitne)\b", "tell_amount"),
        (r"\b(when (is|was) (it|the \w+|that|this) due|due date|last date|when do i have to pay|by when)\b", "tell_due_date"),
        (r"\b(which|what) (loan|account|number)\b|\bloan number\b", "tell_loan"),
        (
            r"\bwhat (is this|is it|is the matter|happened|do you want|are you calling)|"
            r"\bwhy (are|did|do) you call|\b(regarding|about) what\b|"
            r"\bwhat payment\b|\btell me$|"
            r"\bis this about\b|\bkya (baat|kaam)\b",
            "tell_purpose",
        ),
    ),
    aliases={
        **ALIASES,
        "amount": ("amount_due", "amount", "due_amount", "emi", "emi_amount", "balance", "outstanding", "outstanding_amount", "total_due"),
        "due_date": ("due_date", "due", "emi_date", "payment_date", "due_on"),
        "loan": ("loan_number", "loan_no", "loan_id", "loan", "account_number", "account"),
    },
)
