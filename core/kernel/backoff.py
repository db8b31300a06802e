"""What becomes of a delivery after an attempt. Pure.

The rule, in the order in which it is asked:

* any 2xx: delivered;
* 410 Gone: dead at once, and the endpoint is closed: the receiver wants no more of it;
* another 3xx or 4xx (but 408, 409, 425 and 429): the receiver refuses what we send. That is mostly a mistake in a
  configuration that somebody is about to put right, so it is tried `refused_attempts` times, then dead;
* no answer, 5xx, 408, 409, 425, 429: tried until it is `max_age` old, then dead.

The gaps grow, `first` times `growth` a time, up to `longest`, each spread by `jitter` so that what failed together does
not come back together. A Retry-After makes a gap longer, never shorter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = ["DEFAULT_POLICY", "Dead", "Delivered", "Retry", "RetryPolicy", "Verdict", "decide", "gap", "parse_retry_after"]

_TRY_LATER = frozenset({408, 409, 425, 429})
_LONGEST_RETRY_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class RetryPolicy:
    """How long and how often a delivery is tried; see the module. `jitter` 0.2 spreads a gap from 80 % to 120 %.

    `speed` is how many seconds of the clock pass in one real second: receivers live in real time, so a gap, and what a Retry-After
    asks for, takes as many times as long by the clock. All others are clock time.
    """

    first: timedelta = timedelta(seconds=10)
    growth: float = 3.0
    longest: timedelta = timedelta(hours=1)
    jitter: float = 0.2
    max_age: timedelta = timedelta(days=3)
    refused_attempts: int = 6
    speed: float = 1.0

    def at_speed(self, speed: float) -> RetryPolicy:
        """This policy for receivers in real time, by a clock of that speed."""
        return replace(self, speed=self.speed * speed, max_age=self.max_age * speed)


DEFAULT_POLICY = RetryPolicy()


@dataclass(frozen=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True)
class Retry:
    """To be tried again, not before `at`."""

    at: datetime


@dataclass(frozen=True)
class Dead:
    """Given up, and why; it can be replayed. `closes`: nothing more is to be sent to this URL."""

    why: str
    closes: bool = False


Verdict = Delivered | Retry | Dead


def decide(
    policy: RetryPolicy,
    *,
    status: int | None,
    retry_after: float | None,
    attempt: int,
    now: datetime,
    expires_at: datetime,
    spread: float,
) -> Verdict:
    """What becomes of a delivery after an attempt.

    Args:
        policy: how often.
        status: the HTTP status; None if no answer came.
        retry_after: seconds that the receiver asked us to wait, if it did.
        attempt: the number of this attempt, from 1.
        now: the clock's time.
        expires_at: when it is given up.
        spread: a random number from 0 to 1.
    """
    if status is not None and 200 <= status < 300:
        return Delivered()
    if status == 410:
        return Dead("the receiver answered 410: it wants no more of this", closes=True)
    if status is not None and 300 <= status < 500 and status not in _TRY_LATER and attempt >= policy.refused_attempts:
        return Dead(f"the receiver refused it {attempt} times, at last with status {status}")
    wait = gap(policy, attempt, spread)
    if retry_after is not None:
        wait = max(wait, min(timedelta(seconds=retry_after), _LONGEST_RETRY_AFTER))
    wait *= policy.speed
    if now + wait > expires_at:
        return Dead("it was tried until its time was up")
    return Retry(now + wait)


def gap(policy: RetryPolicy, attempt: int, spread: float) -> timedelta:
    """The gap in real time after the attempt of that number (from 1), without regard to Retry-After."""
    grown = policy.first
    for _ in range(attempt - 1):  # not a power: the attempts are as many as one likes
        if grown >= policy.longest:
            break
        grown *= policy.growth
    return min(grown, policy.longest) * (1 + policy.jitter * (2 * spread - 1))


def parse_retry_after(value: str | None, wall_now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), in either of its forms; None if it has neither.

    Args:
        value: the header.
        wall_now: the real time, which an HTTP date is counted from.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER.total_seconds())
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - wall_now).total_seconds())
