"""When a campaign could dial first, and how long it will take. Pure; the assumptions stand in docs/cli.md.

Every lead needs E = (1 - (1 - p)^n) / p attempts on average, if an attempt is answered with chance p and n are allowed.
An attempt holds a seat for H seconds on average. So attempts can be made at the rate min(calls at once / H, CPS), and the
dialling takes leads * E / rate seconds of open time. Retries wait for their delays besides: the campaign cannot end before the last
chain of them has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from core.bots.config import BotConfig
from core.bots.rules import rules_of
from core.kernel.hours import Constraint, constraints_for, next_all_open, next_closing
from core.kernel.numbers import NOWHERE, Place
from dialler.campaigns.config import CampaignConfig
from dialler.policy.retry_rules import RetryRule

__all__ = ["Assumptions", "Callee", "Estimate", "estimate", "first_dial", "hours_of", "places_of"]

_MOST_DAYS = 366


class Callee(NamedTuple):
    """What of a lead decides when it may be called: its time zones, and where its number was issued."""

    zones: tuple[str, ...]
    place: Place = NOWHERE


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


def hours_of(campaign: CampaignConfig, bot: BotConfig, callee: Callee) -> list[Constraint]:
    """The hours that must be open for a lead: the campaign's calling window, the bot's active hours, the callee's own, the rule packs'."""
    window, (zones, place) = campaign.calling_window, callee
    own = [Constraint(window.for_callee(place.country, place.parts), window.time_zone)] if window is not None else []
    own.append(Constraint(bot.active_hours.for_callee(place.country, place.parts), bot.time_zone))
    rules = rules_of(bot.model_copy(update={"purpose": campaign.purpose or bot.purpose}), place)
    return [*own, *constraints_for(bot.permitted_hours, zones), *(Constraint(rule.hours, zone) for rule in rules.hours for zone in zones)]


def first_dial(campaign: CampaignConfig, bot: BotConfig, callee: Callee, now: datetime) -> datetime | None:
    """When such a lead could be dialled first; None if never."""
    return next_all_open(hours_of(campaign, bot, callee), now)


def estimate(
    campaign: CampaignConfig, bot: BotConfig, leads: int, callees: Iterable[Callee], seats: int, now: datetime, assumed: Assumptions
) -> Estimate:
    """Estimate a campaign.

    Args:
        campaign: the campaign.
        bot: its bot.
        leads: how many leads it has.
        callees: the kinds of leads, each once.
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
    firsts = [(first, one) for one in callees if (first := first_dial(campaign, bot, one, now)) is not None]
    end = None
    if firsts:
        first, earliest = min(firsts, key=lambda found: (found[0], found[1].zones))
        hours = hours_of(campaign, bot, earliest)
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


def places_of(callees: Mapping[Callee, int]) -> Counter[Place]:
    """Where the numbers of leads were issued, with how many of them."""
    found: Counter[Place] = Counter()
    for callee, count in callees.items():
        found[callee.place] += count
    return found


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
