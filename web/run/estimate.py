"""When a campaign could dial first, and how long it will take. Pure; the assumptions stand in docs/cli.md.

Every lead needs E = (1 - (1 - p)^n) / p attempts on average, if an attempt is answered with chance p and n are allowed.
An attempt holds a seat for H seconds on average. So attempts can be made at the rate min(calls at once / H, CPS), and the
dialling takes leads * E / rate seconds of open time. Retries wait for their delays besides: the campaign cannot end before the last
chain of them has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.bots.config import BotConfig
from core.kernel.hours import Constraint, constraints_for, next_all_open, next_closing
from dialler.campaigns.config import CampaignConfig
from dialler.policy.retry_rules import RetryRule

__all__ = ["Assumptions", "Estimate", "Zones", "common_hours", "estimate", "first_dial"]

Zones = tuple[str, ...]
_MOST_DAYS = 366


@dataclass(frozen=True)
class Assumptions:
    """What the estimate rests on, in seconds and shares: the sandbox's own averages."""

    answer_rate: float = 0.58
    talk_seconds: float = 60.0
    ring_seconds_answered: float = 9.0
    ring_seconds_unanswered: float = 25.0

    @property
    def seconds_per_attempt(self) -> float:
        """How long an attempt holds a seat, on average."""
        answered = self.ring_seconds_answered + self.talk_seconds
        return self.answer_rate * answered + (1 - self.answer_rate) * self.ring_seconds_unanswered

    def attempts_per_lead(self, most: int) -> float:
        """Expected attempts, at most `most`."""
        if self.answer_rate < 1e-9:  # the formula would divide nothing by nothing
            return float(most)
        return (1 - (1 - self.answer_rate) ** most) / self.answer_rate


@dataclass(frozen=True)
class Estimate:
    """What to expect. `dialling` is time in which calls are made; the end also waits for closed hours and for retries."""

    attempts: float
    calls_at_once: int
    attempts_per_minute: float
    limited_by: str
    dialling: timedelta
    first_dial: datetime | None
    end: datetime | None


def common_hours(campaign: CampaignConfig, bot: BotConfig) -> list[Constraint]:
    """The hours that count for every lead: the campaign's calling window and the bot's active hours."""
    window = campaign.calling_window
    own = [Constraint(window.hours, window.time_zone)] if window is not None else []
    return [*own, Constraint(bot.active_hours, bot.time_zone)]


def first_dial(campaign: CampaignConfig, bot: BotConfig, zones: Sequence[str], now: datetime) -> datetime | None:
    """When a lead in these zones could be dialled first; None if never."""
    return next_all_open([*common_hours(campaign, bot), *constraints_for(bot.permitted_hours, zones)], now)


def estimate(
    campaign: CampaignConfig, bot: BotConfig, leads: int, zones: Iterable[Zones], seats: int, now: datetime, assumed: Assumptions
) -> Estimate:
    """Estimate a campaign.

    Args:
        campaign: the campaign.
        bot: its bot.
        leads: how many leads it has.
        zones: the time zones of leads, each combination once.
        seats: calls that this machine holds at once.
        now: when it is started.
        assumed: what is assumed.
    """
    attempts = leads * assumed.attempts_per_lead(campaign.max_attempts)
    limits = {"the campaign's concurrency_limit": campaign.concurrency_limit, "the seats of this machine": seats}
    if bot.seats is not None:
        limits["the seats of the bot"] = bot.seats
    limited_by, at_once = min(limits.items(), key=lambda item: item[1])
    by_seats = at_once / assumed.seconds_per_attempt
    rate = min(by_seats, campaign.calls_per_second)
    dialling = timedelta(seconds=attempts / rate)
    firsts = [(first, one) for one in zones if (first := first_dial(campaign, bot, one, now)) is not None]
    end = None
    if firsts:
        first, earliest_zones = min(firsts)
        hours = [*common_hours(campaign, bot), *constraints_for(bot.permitted_hours, earliest_zones)]
        end = _after(hours, first, dialling)
        last_first = max(at for at, _ in firsts)
        tail = _retry_tail(campaign.retry_policy().rules.no_answer, campaign.max_attempts)
        if end is not None and (closing := next_all_open(hours, last_first + tail)) is not None:
            end = max(end, closing)
    return Estimate(
        attempts=attempts,
        calls_at_once=at_once,
        attempts_per_minute=rate * 60,
        limited_by="calls_per_second" if rate < by_seats else limited_by,
        dialling=dialling,
        first_dial=min((at for at, _ in firsts), default=None),
        end=end,
    )


def _retry_tail(rule: RetryRule, attempts: int) -> timedelta:
    """How long the retries of a lead that never answers take, without jitter."""
    delays = (min(rule.delay.total_seconds() * rule.growth**step, rule.max_delay.total_seconds()) for step in range(min(attempts - 1, 99)))
    return timedelta(seconds=sum(delays)) if rule.retry else timedelta(0)


def _after(hours: list[Constraint], start: datetime, needed: timedelta) -> datetime | None:
    """The moment at which `needed` of open time has passed since `start`; None if that takes more than a year."""
    at, limit = start, start + timedelta(days=_MOST_DAYS)
    while (opening := next_all_open(hours, at)) is not None and opening < limit:
        at = opening
        closings = [
            closing for one in hours if one.hours is not None and (closing := next_closing(one.hours, one.time_zone, at)) is not None
        ]
        until = min(closings, default=None)
        if until is None or until - at >= needed:
            return at + needed
        needed -= until - at
        at = until
    return None
