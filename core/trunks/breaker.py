"""The circuit breaker of a trunk: one that fails again and again is rested, each time longer, and tried before it opens. Pure.

closed      calls go out; `FAILURES` failures in a row without one success between them open it
resting     no call goes out until `resting_until`; towards the end of it the trunk is asked (OPTIONS), if its transport can
on trial    the rest is over: one call goes out, the others wait for what becomes of it. If it reaches the callee's side, the
            trunk is well and everything is forgotten; if it fails, the trunk rests twice as long

A failure is what says that the trunk itself is ill: it does not answer, or refuses what it should take. A callee who is busy
is a success: the trunk has carried the call. What our own limits, or our own machine, refused is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from core.trunks.limits import NO_LIMITS, Limits

__all__ = ["FAILURES", "FIRST_REST", "HEALTHY", "LONGEST_REST", "TRIAL", "Health", "Verdict", "verdict_on"]

FAILURES: Final = 5
"""Failures in a row after which a trunk is rested."""
WITHIN: Final = timedelta(minutes=10)
"""Failures further apart than this do not add up."""
FIRST_REST: Final = timedelta(seconds=30)
LONGEST_REST: Final = timedelta(minutes=15)
TRIAL: Final = timedelta(seconds=60)
"""How long the others wait for the call on trial, should nothing become known of it."""
_ASKED_IN_VAIN: Final = 2
"""After so many rests whose question was not answered, a call is tried all the same: not every carrier answers OPTIONS."""
_LONGEST_REASON = 200

Verdict = Literal["well", "ill"]
State = Literal["closed", "resting", "trial"]


@dataclass(frozen=True)
class Health:
    """What is remembered of a trunk.

    Attributes:
        failures: failures in a row.
        failed_at: when the last one was.
        rests: rests in a row, without a success between them.
        rested_at: when the last one began.
        resting_until: when it ends; None: the trunk is not rested.
        trial_until: until when the others wait for the call on trial.
        unanswered: rests in a row that were prolonged because the trunk did not answer well when it was asked.
        reason: the last failure, in words.
        limits: what the carrier seems to allow, where that is less than the trunk's record says.
    """

    failures: int = 0
    failed_at: datetime | None = None
    rests: int = 0
    rested_at: datetime | None = None
    resting_until: datetime | None = None
    trial_until: datetime | None = None
    unanswered: int = 0
    reason: str = ""
    limits: Limits = NO_LIMITS

    def __bool__(self) -> bool:
        """Whether failures are remembered."""
        return replace(self, limits=NO_LIMITS) != HEALTHY

    def state(self, now: datetime) -> State:
        """What may go out now."""
        if self.resting_until is None:
            return "closed"
        return "resting" if now < self.resting_until else "trial"

    def after_failure(self, reason: str, left_at: datetime, now: datetime) -> Health:
        """After a call that left at `left_at` has failed because of the trunk.

        Calls that left before a rest, and fail during it, change nothing: that they would fail was known.
        """
        if self.rested_at is not None and left_at < self.rested_at:
            return self
        reason = reason[:_LONGEST_REASON]
        if self.resting_until is not None:
            return self._rested(reason, now)
        fresh = self.failed_at is not None and now - self.failed_at <= WITHIN
        counted = replace(self, failures=self.failures + 1 if fresh else 1, failed_at=now, reason=reason)
        return counted._rested(reason, now) if counted.failures >= FAILURES else counted

    def after_success(self, left_at: datetime) -> Health:
        """After a call that left at `left_at` was carried: the trunk is well. One that left before a rest proves nothing."""
        return self if self.rested_at is not None and left_at < self.rested_at else replace(HEALTHY, limits=self.limits)

    def after_outage(self, reason: str, left_at: datetime, now: datetime) -> Health:
        """After so many calls in a row were refused that the trunk is taken for down: it rests at once."""
        return replace(self, failures=max(self.failures, FAILURES - 1), failed_at=now).after_failure(reason, left_at, now)

    def after_question(self, refused: str | None, now: datetime) -> Health:
        """After the trunk was asked whether it is there; `refused` is what was wrong with its answer, None: nothing."""
        if self.resting_until is None:
            return self
        if refused is None:
            return replace(self, resting_until=min(self.resting_until, now), unanswered=0)
        if self.unanswered >= _ASKED_IN_VAIN:
            return replace(self, resting_until=min(self.resting_until, now), unanswered=0)
        return replace(self._rested(refused[:_LONGEST_REASON], now), unanswered=self.unanswered + 1)

    def on_trial(self, now: datetime) -> Health:
        """As one call leaves on trial."""
        return replace(self, trial_until=now + TRIAL)

    def opens_at(self, now: datetime) -> datetime | None:
        """When the next call may try; None: now."""
        match self.state(now):
            case "resting":
                return self.resting_until
            case "trial" if self.trial_until is not None and now < self.trial_until:
                return self.trial_until
        return None

    def _rested(self, reason: str, now: datetime) -> Health:
        rest = min(FIRST_REST * 2 ** min(self.rests, 20), LONGEST_REST)
        return replace(self, rests=self.rests + 1, rested_at=now, resting_until=now + rest, trial_until=None, failed_at=now, reason=reason)

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        values = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(self).items()}
        return {name: value for name, value in {**values, "limits": self.limits.record()}.items() if value}

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Health:
        """What `record` kept."""
        times = {"failed_at", "rested_at", "resting_until", "trial_until"}
        values: dict[str, Any] = {name: datetime.fromisoformat(value) if name in times else value for name, value in (record or {}).items()}
        return cls(**{**values, "limits": Limits.of(values.get("limits"))})


HEALTHY: Final = Health()
"""Nothing is remembered."""
_ILL = frozenset({401, 402, 403, 407})
"""Refusals that mean us, not the callee."""


def verdict_on(sip_status: int, *, rang: bool, from_trunk: bool, spared: bool) -> Verdict | None:
    """What a call that failed before the answer says of its trunk; None: nothing.

    Args:
        sip_status: the final status.
        rang: whether ringing was seen.
        from_trunk: whether the trunk refused it, or never answered.
        spared: whether that is no fault of the trunk's: our own limits, our own machine, or a cause that names the callee.
    """
    if rang:
        return "well"
    if spared or sip_status == 487:
        return None
    return "ill" if from_trunk or sip_status in _ILL or 500 <= sip_status < 600 else "well"
