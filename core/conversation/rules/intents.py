"""The possible meanings of what a callee says."""

from __future__ import annotations

import enum

__all__ = ["OUTCOMES", "Intent"]


class Intent(enum.Enum):
    """The meaning of an utterance. The order is the precedence: of several meanings, the first one wins."""

    STOP_CALLING = "never to be called again"
    WRONG_NUMBER = "not the number of the person we look for"
    DECEASED = "the person has died"
    HUMAN = "wants a person"
    DISPUTE = "denies the debt or its amount"
    PROMISE_DATED = "will pay, and says when"
    ALREADY_PAID = "has paid"
    CANCEL = "cancels the appointment"
    RESCHEDULE_DATED = "wants another time, and names it"
    RESCHEDULE = "wants another time"
    NOT_HERE = "the person is not there"
    OTHER_PERSON = "is somebody else"
    CALLBACK_TIMED = "call again, at this time"
    WILL_NOT_PAY = "refuses to pay"
    CALLBACK = "call again, some time"
    CALLEE_CALLS = "will call us"
    CANNOT_PAY = "is not able to pay"
    PROMISE = "will pay, some time"
    CANNOT_COME = "will not come to the appointment"
    CONFIRM = "will come to the appointment"
    NOT_INTERESTED = "declines altogether"
    NOT_YET = "has not paid yet"
    ROBOT = "asks whether we are a machine"
    WHO = "asks who calls"
    REPEAT = "did not understand us"
    HOLD = "asks us to wait"
    SKIP = "skips this question"
    QUESTION = "asks something else"
    IDENTITY = "is the person we look for"
    WHEN = "names a time"
    UNSURE = "does not know"
    NO = "no"
    YES = "yes"
    GOODBYE = "takes leave"
    ABUSE = "is abusive"
    THANKS = "thanks"
    GREETING = "greets"
    UNCLEAR = "anything else"


OUTCOMES = frozenset(
    {
        Intent.DISPUTE,
        Intent.ALREADY_PAID,
        Intent.CANCEL,
        Intent.RESCHEDULE,
        Intent.WILL_NOT_PAY,
        Intent.CALLBACK,
        Intent.CANNOT_PAY,
        Intent.PROMISE,
        Intent.CANNOT_COME,
        Intent.CONFIRM,
        Intent.NOT_INTERESTED,
    }
)
"""Meanings that decide a call: of those before and after a "but", the later one counts."""
