"""What to do with a delivery after a try. Pure.

The rules, in the order in which they apply:

* any 2xx: delivered;
* 410 Gone: dead at once, and the endpoint is closed: the receiver wants no more;
* any other 3xx or 4xx except 408, 409, 425 and 429: the receiver refuses it. The cause is mostly a configuration error that somebody is
  about to fix, so it is tried `refused_attempts` times, then dead;
* no reply, 5xx, 408, 409, 425, 429: tried until it is `max_age` old, then dead.

The delays grow: `first` times `growth` for each try, up to `longest`, each varied by `jitter` so that deliveries that failed together do
not come back together. A Retry-After makes a delay longer, never shorter.
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
    """How long and how often a delivery is tried; see the module. `jitter` 0.2 varies a delay from 80 % to 120 %.

    `speed`: seconds of the clock per real second. Receivers live in real time, so a delay, or a Retry-After, takes `speed` times as long by
    the clock. All other values are clock time.
    """

    first: timedelta = timedelta(seconds=10)
    growth: float = 3.0
    longest: timedelta = timedelta(hours=1)
    jitter: float = 0.2
    max_age: timedelta = timedelta(days=3)
    refused_attempts: int = 6
    speed: float = 1.0

    def at_speed(self, speed: float) -> RetryPolicy:
        """This policy for receivers in real time, on a clock of that speed."""
        return replace(self, speed=self.speed * speed, max_age=self.max_age * speed)


DEFAULT_POLICY = RetryPolicy()


@dataclass(frozen=True)
class Delivered:
    """The receiver accepted it."""


@dataclass(frozen=True)
class Retry:
    """To be tried again, not before `at`."""

    at: datetime


@dataclass(frozen=True)
class Dead:
    """Given up, and why; it can be replayed. `closes`: send nothing more to this URL."""

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
    """What to do with a delivery after a try.

    Args:
        policy: the limits.
        status: the HTTP status; None if no reply came.
        retry_after: seconds that the receiver asked us to wait; None if it did not.
        attempt: the number of this try, from 1.
        now: the clock's time.
        expires_at: when the delivery is given up.
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
    """The delay in real seconds after try number `attempt` (from 1), ignoring Retry-After."""
    grown = policy.first
    for _ in range(attempt - 1):  # not a power: the number of tries is unbounded
        if grown >= policy.longest:
            break
        grown *= policy.growth
    return min(grown, policy.longest) * (1 + policy.jitter * (2 * spread - 1))


def parse_retry_after(value: str | None, wall_now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), in either form; None if it is neither.

    Args:
        value: the header.
        wall_now: the real time, from which an HTTP date is counted.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER.total_seconds())
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - wall_now).total_seconds())
