"""What happens to a lead after an attempt. Pure: from the outcome and the counters to one decision."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

from core.kernel.words import counted
from dialler.policy.outcomes import Outcome
from dialler.policy.retry_rules import RetryPolicy, RetryRule

__all__ = ["LATEST_CALLBACK", "NO_TIME", "Decision", "decide", "retry_delay", "within"]

NO_TIME = "asked for a callback at no particular time"
"""The note of such a callback, by which they are counted."""
_A_DAY = timedelta(days=1)
LATEST_CALLBACK = timedelta(days=30)
"""A callback later than this is more likely misheard than meant, and would keep the campaign open: it is moved to this date."""

_UNCHARGED = frozenset(
    {Outcome.ERROR_BEFORE_RINGING, Outcome.TRUNK_BUSY, Outcome.PREFETCH_FAILED, Outcome.WITHDRAWN, Outcome.OUTSIDE_HOURS}
)
"""Outcomes that are limited only by the uncharged cap: our failure must not cost a callee their callback."""

_NEVER_RANG = _UNCHARGED - {Outcome.WITHDRAWN}
"""Of these the callee knows nothing; a withdrawn call is one whose callee talked to us instead."""

_ENDS_BY_ITSELF = frozenset(
    {Outcome.REACHED, Outcome.TRANSFERRED, Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL, Outcome.HELD, Outcome.INVALID_NUMBER}
)
"""Outcomes after which a lead is never dialled again, whatever anybody asked for."""
_PATIENCE_WITH_TRUNKS = 4
"""A full trunk may refuse a lead this many times `max_uncharged`: such refusals pass by themselves and say nothing about the lead."""

_NO_CALLBACKS = "a callback; the campaign allows none"
_WHAT_HAPPENED = {
    Outcome.NO_ANSWER: "nobody answered",
    Outcome.REJECTED: "the line was busy, or the call was declined",
    Outcome.VOICEMAIL: "a machine answered",
    Outcome.RNR: "somebody picked up and never spoke",
    Outcome.TIMEOUT: "the call reached the longest duration",
    Outcome.CUT_OFF: "the call broke off",
    Outcome.CANCELLED: "the call was ended by an operator",
    Outcome.ERROR_BEFORE_RINGING: "the call failed for a technical reason",
    Outcome.TRUNK_BUSY: "the carrier took no more calls",
    Outcome.PREFETCH_FAILED: "the CRM did not give the callee's data",
    Outcome.WITHDRAWN: "the callee called us first",
    Outcome.OUTSIDE_HOURS: "the hours ended before the call could leave",
}
"""In words, every outcome after which a campaign can be told not to call again."""

State = Literal["completed", "exhausted", "retry_scheduled", "callback_scheduled", "suppressed", "held", "stopped", "expired"]


@dataclass(frozen=True)
class Decision:
    """The lead's next state, when it is due (None if never), the event that leads there, and a note for people."""

    outcome: Outcome
    state: State
    due_at: datetime | None
    event: str
    note: str | None = None


def decide(
    outcome: Outcome,
    *,
    attempts_charged: int,
    attempts_uncharged: int,
    callbacks: int,
    policy: RetryPolicy,
    now: datetime,
    stream: random.Random,
    callback_at: datetime | None = None,
    untimed: Sequence[datetime] = (),
    asked_for_a_person: bool = False,
) -> Decision:
    """Decide what happens to the lead.

    A callback that the callee asked for is kept even when the attempts are used up: it has a cap of its own. A callee who
    asked for a person is not dialled again, unless the policy has the bot call back once; after that nothing is tried again,
    however that call ended. A dial that failed on our side before the phone rang is not that call: it is retried like any other.

    Args:
        outcome: how the attempt ended.
        attempts_charged: attempts so far in which the phone could have rung, including this one.
        attempts_uncharged: dials so far that could not ring, including this one.
        callbacks: attempts so far that were callbacks, including this one.
        policy: the campaign's.
        now: the time of the decision.
        stream: random stream for this decision only.
        callback_at: when the callee wants to be called; None if no time was named.
        untimed: when callbacks at no particular time were agreed on in the last 24 hours.
        asked_for_a_person: the callee had asked for a person before this attempt.
    """
    callback_is_open = policy.person_callback and outcome in _NEVER_RANG
    if asked_for_a_person and outcome not in _ENDS_BY_ITSELF and not callback_is_open:
        return _final(outcome, "completed", "the callee had asked for a person before, who is to call")
    match outcome:
        case Outcome.REACHED | Outcome.TRANSFERRED | Outcome.WRONG_NUMBER:
            return _final(outcome, "completed")
        case Outcome.DO_NOT_CALL:
            return _final(outcome, "suppressed", "must not be called again")
        case Outcome.HELD:
            return _final(outcome, "held", "may have been dialled: a person must look at it")
        case Outcome.INVALID_NUMBER:
            return _final(outcome, "exhausted", "the network says that there is no such number")
        case Outcome.WANTS_PERSON:
            if not policy.person_callback or callbacks >= policy.max_callbacks:
                return _final(outcome, "completed", "asked for a person, who is to call")
            return _callback(outcome, callbacks, callback_at, untimed, policy, now)
        case Outcome.CALLBACK:
            return _callback(outcome, callbacks, callback_at, untimed, policy, now)
        case (
            Outcome.NO_ANSWER
            | Outcome.REJECTED
            | Outcome.VOICEMAIL
            | Outcome.RNR
            | Outcome.TIMEOUT
            | Outcome.CUT_OFF
            | Outcome.CANCELLED
            | Outcome.ERROR_BEFORE_RINGING
            | Outcome.TRUNK_BUSY
            | Outcome.PREFETCH_FAILED
            | Outcome.WITHDRAWN
            | Outcome.OUTSIDE_HOURS
        ):
            return _retry(outcome, charged=attempts_charged, uncharged=attempts_uncharged, policy=policy, now=now, stream=stream)
    assert_never(outcome)


def within(decision: Decision, expires_at: datetime | None) -> Decision:
    """The decision, unless the lead's time would be over by then: it ends now, and nobody waits for an attempt that will not be made."""
    if expires_at is None or decision.due_at is None or decision.due_at < expires_at:
        return decision
    what = "a callback" if decision.event == "callback_scheduled" else "another attempt"
    return _final(decision.outcome, "expired", f"{what} would come after its time is over")


def retry_delay(rule: RetryRule, number: int, stream: random.Random) -> timedelta:
    """The delay after the `number`-th attempt (from 1): delay * growth^(number-1), at most max_delay, with jitter.

    Jitter spreads a list that was dialled all at once, so that its retries do not come all at once; it never makes a delay longer than
    max_delay.
    """
    first, longest = rule.delay.total_seconds(), rule.max_delay.total_seconds()
    steps = max(number - 1, 0)
    if first <= 0:
        return timedelta(0)
    at_longest = steps * math.log(rule.growth) >= math.log(max(longest, 1e-6) / first)  # checked first, or the power overflows
    grown = longest if at_longest else first * rule.growth**steps
    spread = 1 + rule.jitter * stream.uniform(-1, 1)
    return timedelta(seconds=min(grown * spread, longest))


def _final(outcome: Outcome, state: State, note: str | None = None) -> Decision:
    return Decision(outcome, state, None, state, note)


def _retry(outcome: Outcome, *, charged: int, uncharged: int, policy: RetryPolicy, now: datetime, stream: random.Random) -> Decision:
    rule: RetryRule = getattr(policy.rules, outcome.value)
    if not rule.retry:
        return _final(
            outcome,
            "completed" if outcome is Outcome.TIMEOUT else "exhausted",
            f"{_WHAT_HAPPENED[outcome]}; the campaign does not call again after that",
        )
    could_not_ring = outcome in _UNCHARGED
    if charged >= policy.max_attempts and not could_not_ring:
        return _final(outcome, "exhausted", _all_used(charged, policy.max_attempts))
    most = policy.max_uncharged * (_PATIENCE_WITH_TRUNKS if outcome is Outcome.TRUNK_BUSY else 1)
    if uncharged >= most:
        return _final(
            outcome, "exhausted", f"{counted(uncharged, 'try', 'tries')} ended before the phone rang; the campaign allows no more"
        )
    delay = retry_delay(rule, uncharged if could_not_ring else charged, stream)
    return Decision(outcome, "retry_scheduled", now + delay, "retry_scheduled")


def _all_used(charged: int, allowed: int) -> str:
    if charged > allowed:
        return f"called {charged} times, callbacks included; the campaign allows {counted(allowed, 'attempt')}"
    return f"called {'once' if charged == 1 else f'{charged} times'}, as often as the campaign allows"


def _callback(
    outcome: Outcome, callbacks: int, wanted: datetime | None, untimed: Sequence[datetime], policy: RetryPolicy, now: datetime
) -> Decision:
    if callbacks >= policy.max_callbacks:
        had = f"another callback after {counted(callbacks, 'callback')}, as many as the campaign allows" if callbacks else _NO_CALLBACKS
        return _final(outcome, "exhausted", f"asked for {had}")
    note, latest = None, now + LATEST_CALLBACK
    if wanted is None:
        wanted, note = now + policy.callback_delay, NO_TIME
        if len(untimed) >= policy.max_untimed_a_day:  # a day after the first that still counts
            wanted = max(wanted, sorted(untimed)[-policy.max_untimed_a_day] + _A_DAY + policy.callback_delay)
    elif wanted > latest:
        note = f"asked for a callback on {wanted:%Y-%m-%d}, brought forward to {LATEST_CALLBACK.days} days from now"
    if outcome is Outcome.WANTS_PERSON:
        note = "asked for a person; the bot calls back once"
    return Decision(outcome, "callback_scheduled", min(max(wanted, now), latest), "callback_scheduled", note)
