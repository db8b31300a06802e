"""The retry policy as written by an operator: how often, how soon, for which outcomes. Defaults: docs/retry-policy.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.kernel.durations import Duration

__all__ = ["RetryPolicy", "RetryRule", "RetryRules"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RetryRule(_Strict):
    """Whether, and how soon, a lead is tried again after one kind of outcome.

    The n-th delay is delay * growth^(n-1), at most max_delay, varied at random by up to the share `jitter` both ways.
    """

    retry: bool = Field(default=True, strict=True, description="False: the lead is given up after this outcome.")
    delay: Duration = Field(default=timedelta(minutes=30), description="Time until the next attempt: 45s, 30m, 2h, 1d, or minutes.")
    growth: float = Field(default=1.5, ge=1, le=10, description="The factor by which each further delay grows.")
    jitter: float = Field(default=0.1, ge=0, le=0.5, description="Share of the delay by which it varies at random, both ways.")
    max_delay: Duration = Field(default=timedelta(days=1), description="Longest delay.")


class RetryRules(_Strict):
    """A rule for every outcome after which a retry can make sense."""

    no_answer: RetryRule = RetryRule(delay=timedelta(minutes=30))
    rejected: RetryRule = RetryRule(delay=timedelta(minutes=60))
    voicemail: RetryRule = RetryRule(delay=timedelta(hours=2))
    RNR: RetryRule = RetryRule(delay=timedelta(minutes=60))
    timeout: RetryRule = RetryRule(retry=False, delay=timedelta(minutes=60))
    cut_off: RetryRule = RetryRule(delay=timedelta(minutes=10))
    cancelled: RetryRule = RetryRule(retry=False, delay=timedelta(minutes=60))
    error_before_ringing: RetryRule = RetryRule(delay=timedelta(minutes=2), growth=2, max_delay=timedelta(hours=1))
    trunk_busy: RetryRule = RetryRule(delay=timedelta(seconds=10), growth=2, max_delay=timedelta(minutes=10))
    prefetch_failed: RetryRule = RetryRule(delay=timedelta(minutes=10), growth=2, max_delay=timedelta(hours=2))
    withdrawn: RetryRule = RetryRule(delay=timedelta(minutes=60))
    outside_hours: RetryRule = RetryRule(delay=timedelta(minutes=15), growth=2, max_delay=timedelta(hours=6))

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, written: Any) -> Any:
        """Keys that a rule leaves out keep the default of that outcome, not the general default.

        `no_answer: 30m` is short for `no_answer: {delay: 30m}`, and `no_answer: false` for `{retry: false}`.
        """
        if not isinstance(written, dict):
            return written
        filled = dict(written)
        for outcome, field in cls.model_fields.items():
            rule = written.get(outcome)
            if isinstance(rule, bool):
                rule = {"retry": rule}
            elif isinstance(rule, str | int | float):
                rule = {"delay": rule}
            if isinstance(rule, dict):
                filled[outcome] = field.default.model_dump() | rule
        return filled


class RetryPolicy(_Strict):
    """How often a lead is tried, and when again."""

    max_attempts: int = Field(default=3, ge=1, le=100, strict=True, description="Most attempts in which the phone could have rung.")
    max_uncharged: int = Field(default=5, ge=1, le=100, strict=True, description="Most attempts that fail before the phone can ring.")
    max_callbacks: int = Field(default=5, ge=0, le=100, strict=True, description="Most callbacks that a callee can ask for.")
    callback_delay: Duration = Field(default=timedelta(hours=2), description="When to call back a callee who named no time.")
    max_untimed_a_day: int = Field(default=2, ge=1, le=100, strict=True, description="Most callbacks in 24 hours at no particular time.")
    person_callback: bool = Field(default=False, description="Whether the bot calls back, once, a callee who asked for a person.")
    rules: RetryRules = Field(default=RetryRules(), description="A rule for each outcome.")
