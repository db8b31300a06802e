"""Several numbers of one person: which one is tried next. Pure.

A number on which the person cannot be reached (there is no such number; it is somebody else's) is closed. The others take turns, in their
order, one at a time, within the lead's attempts: all caps count the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.kernel.durations import Duration
from dialler.policy.outcomes import Outcome
from dialler.policy.retry import Decision
from dialler.policy.retry_rules import RetryPolicy

__all__ = ["NextNumber", "Turn", "next_turn"]

_CLOSES: Final = {Outcome.INVALID_NUMBER: "there is no such number", Outcome.WRONG_NUMBER: "it is somebody else's number"}
"""Outcomes after which a number is not tried again: why."""
_AFTER: Final = (Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.VOICEMAIL, Outcome.RNR, *_CLOSES)


def _outcomes(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    known = {outcome.value: outcome for outcome in _AFTER}
    if wrong := [item for item in value if item not in known]:
        raise ValueError(f"{wrong[0]!r} is not one of {', '.join(known)}")
    return tuple(known[item] for item in value)


class NextNumber(BaseModel):
    """When the next number of a lead with several is tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[tuple[Outcome, ...], BeforeValidator(_outcomes)] = Field(
        default=_AFTER, description="Outcomes after which the next number is tried; after others the same one is."
    )
    delay: Duration = Field(default=timedelta(minutes=5), description="Time until the next number is tried.")


@dataclass(frozen=True)
class Turn:
    """What follows: the decision, the numbers with those that were closed, and the place of the one whose turn it is."""

    decision: Decision
    numbers: list[dict[str, Any]] | None
    place: int


def next_turn(
    decision: Decision,
    numbers: Sequence[Mapping[str, Any]] | None,
    place: int,
    *,
    attempts_charged: int,
    attempts_uncharged: int,
    policy: RetryPolicy,
    rule: NextNumber,
    now: datetime,
) -> Turn:
    """The decision for a lead, in view of its other numbers.

    A lead is given up for one number (no such number, somebody else's, `retry: false`) only if no other is left. A round through all
    numbers ends with the delay of the outcome's own rule.

    Args:
        decision: for the number that was dialled, as if it were the only one.
        numbers: the lead's numbers (`phone`, `label`, `closed`) in order; None: it has one.
        place: which of them was dialled, from 0.
        attempts_charged: attempts so far in which a phone could have rung, including this one.
        attempts_uncharged: dials so far that could not ring, including this one.
        policy: the campaign's, for its caps.
        rule: the campaign's.
        now: the time of the decision.
    """
    if numbers is None:
        return Turn(decision, None, 0)
    kept = [dict(number) for number in numbers]
    outcome = decision.outcome
    given_up = decision.state in {"exhausted", "completed"}
    if outcome in _CLOSES or (given_up and outcome in rule.after):
        kept[place]["closed"] = _CLOSES.get(outcome, "the campaign does not call it again after that")
    may_go_on = decision.state == "retry_scheduled" or (given_up and outcome in rule.after)
    if not may_go_on or outcome not in rule.after:
        return Turn(decision, kept, place)
    if attempts_charged >= policy.max_attempts or attempts_uncharged >= policy.max_uncharged:
        return Turn(decision, kept, place)
    following = [at % len(kept) for at in range(place + 1, place + len(kept)) if not kept[at % len(kept)].get("closed")]
    if not following:
        return Turn(decision, kept, place)
    turn = following[0]
    wrapped = turn < place and decision.due_at is not None
    due_at = decision.due_at if wrapped else now + rule.delay
    label = kept[turn].get("label") or f"number {turn + 1}"
    note = f"{_CLOSES[outcome]}; next: {label}" if outcome in _CLOSES else f"next: {label}"
    return Turn(replace(decision, state="retry_scheduled", due_at=due_at, event="retry_scheduled", note=note), kept, turn)
