"""What the carrier of a trunk seems to allow, where that is less than the trunk's record says. Pure.

Two limits can be learned: calls at once, and new calls a second. Each is lowered when refusals show it (`core.trunks.traffic`
tells when they do), and raised again step by step:

lowered   to what was up, or had been accepted within a second, when the refusals began
probed    after a wait one step more is let out: one more channel, or half as many calls a second more
raised    the step was not refused for a moment: it holds, and the next one follows soon
refused   the step was refused: back to what holds, and the next wait is twice as long

So a limit ends at what the carrier allows, costs a refused call only now and then, and is forgotten once the record's value holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

__all__ = ["FIRST_WAIT", "LONGEST_WAIT", "NO_LIMITS", "Limit", "Limits"]

FIRST_WAIT: Final = 30.0
LONGEST_WAIT: Final = 900.0
"""Seconds until a limit is probed: at first, and at most, after probes that were refused."""
SETTLE: Final = 3.0
"""Seconds without a refusal after which a raised limit holds."""
_UNCLEAR_WAIT: Final = 1.5
"""Seconds until the first probe while it is not clear which of the two limits it is."""
_SOON: Final = 10.0
"""The same of the rate, which takes more than one call to tell."""
_SLOWEST: Final = 0.05
"""The lowest rate that is learned: one call in twenty seconds."""
_LONGEST_REASON: Final = 200


@dataclass(frozen=True)
class Limit:
    """One learned limit.

    Attributes:
        value: what may go out now.
        holds: what it goes back to when a probe is refused: what the carrier has taken without a refusal.
        probe_at: when it is raised by a step; for one that is being probed, when the step is taken to hold.
        wait: seconds until the next probe once a probe is refused.
        since: when it was set to this value.
    """

    value: float
    holds: float
    probe_at: datetime
    wait: float
    since: datetime

    @property
    def probing(self) -> bool:
        """Whether more is let out than is known to be taken."""
        return self.value > self.holds


@dataclass(frozen=True)
class Limits:
    """What the carrier seems to allow; None: as much as the record says.

    Attributes:
        channels: calls at once.
        rate: new calls a second.
        unclear: both were lowered by the same refusals; the next calls tell which of them it is.
        lowered_at: when one of them was lowered last.
        reason: the refusal that showed it: its status and phrase.
    """

    channels: Limit | None = None
    rate: Limit | None = None
    unclear: bool = False
    lowered_at: datetime | None = None
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether anything was learned."""
        return self.channels is not None or self.rate is not None

    def channels_at(self, record: int, now: datetime) -> int:
        """How many calls at once may be out now.

        Args:
            record: the record's channels.
            now: the current time.
        """
        if self.channels is None:
            return record
        step = 1 if now >= self.channels.probe_at else 0
        return max(1, min(record, int(self.channels.value) + step))

    def rate_at(self, record: float) -> float:
        """How many new calls a second may leave.

        Args:
            record: the record's calls per second.
        """
        return record if self.rate is None else min(record, self.rate.value)

    def probed(self, in_use: int, channels: int, rate: float, sustained: float, now: datetime) -> Limits:
        """As a call is about to take a channel and a turn: what is due to be probed is raised by a step, what holds is kept.

        Args:
            in_use: channels in use before it.
            channels: the record's channels.
            rate: the record's calls per second.
            sustained: the calls a second that were carried since the limit was set: a rate that nobody needs is not raised.
            now: the current time.
        """
        changed = self
        if self.rate is not None and now >= self.rate.probe_at and sustained >= 0.85 * self.rate.value:
            done = self.rate.value >= rate
            changed = replace(changed, rate=None if done else _raised(self.rate, min(rate, self.rate.value * 1.5), now))
        if self.channels is not None and now >= self.channels.probe_at and in_use >= self.channels.value:
            done = self.channels.value >= channels
            changed = replace(changed, channels=None if done else _raised(self.channels, min(channels, self.channels.value + 1), now))
        return changed if changed else NO_LIMITS

    def after_refusal(self, channels: float | None, rate: float | None, reason: str, now: datetime) -> Limits:
        """After refusals that are the trunk's.

        Args:
            channels: the calls that were up, if it may be those that are limited; else None.
            rate: the calls a second that are taken at most, if it may be their rate that is limited; else None.
            reason: the refusal in words.
            now: the current time.
        """
        unclear = channels is not None and rate is not None
        if unclear and self and not self.unclear:
            if self.channels is not None and self.channels.probing and channels is not None and channels >= self.channels.holds:
                rate, unclear = None, False  # what is being probed is what is refused
            elif self.rate is not None and self.rate.probing:
                channels, unclear = None, False
        kept = self
        if self.unclear and not unclear:  # now it is clear: the other one was not it
            kept = replace(self, channels=None if channels is None else self.channels, rate=None if rate is None else self.rate)
        first = _UNCLEAR_WAIT if unclear else FIRST_WAIT
        return replace(
            kept,
            channels=kept.channels if channels is None else _lowered(kept.channels, max(1.0, channels), first, now),
            rate=kept.rate if rate is None else _lowered(kept.rate, max(_SLOWEST, rate), _SOON if unclear else FIRST_WAIT, now, back=True),
            unclear=unclear,
            lowered_at=now,
            reason=reason[:_LONGEST_REASON],
        )

    def after_carried(self, up: int, pace: int) -> Limits:
        """After a call was taken that left with `up` others out, as one of `pace` within a second: while it is unclear which limit it is,
        one that this call has gone beyond is not it."""
        if not self.unclear:
            return self
        if self.channels is not None and up >= self.channels.holds:
            return replace(self, channels=None, unclear=False)
        if self.rate is not None and pace > self.rate.holds + 0.5:
            return replace(self, rate=None, unclear=False)
        return self

    def in_words(self, channels: int, rate: float) -> str:
        """What the carrier seems to allow, for people; empty if that is what the record says.

        Args:
            channels: the record's channels.
            rate: the record's calls per second.
        """
        found = []
        if self.channels is not None and self.channels.holds < channels:
            most = int(self.channels.holds)
            found.append(f"{most} {'call' if most == 1 else 'calls'} at once (the record says {channels})")
        if self.rate is not None and self.rate.holds < rate:
            found.append(f"{self.rate.holds:.3g} new calls a second (the record says {rate:g})")
        return (" or " if self.unclear else " and ").join(found)

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        return {name: value for name, value in _plain(asdict(self)).items() if value}

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Limits:
        """What `record` kept."""
        if not record:
            return NO_LIMITS
        limits = {
            name: Limit(**{**record[name], **{key: datetime.fromisoformat(record[name][key]) for key in ("probe_at", "since")}})
            for name in ("channels", "rate")
            if record.get(name)
        }
        lowered_at = datetime.fromisoformat(record["lowered_at"]) if record.get("lowered_at") else None
        return cls(**limits, unclear=bool(record.get("unclear")), lowered_at=lowered_at, reason=record.get("reason", ""))


NO_LIMITS: Final = Limits()
"""Nothing was learned: what the record says."""


def _raised(limit: Limit, value: float, now: datetime) -> Limit:
    settle = max(SETTLE, 5 / value)
    return Limit(value, limit.value, now + timedelta(seconds=settle), FIRST_WAIT if limit.probing else limit.wait, now)


def _lowered(limit: Limit | None, value: float, first_wait: float, now: datetime, *, back: bool = False) -> Limit:
    if limit is None:
        return Limit(value, value, now + timedelta(seconds=first_wait), FIRST_WAIT, now)
    if limit.probing and (back or value >= limit.holds):  # the probe was refused: what held still does
        return Limit(limit.holds, limit.holds, now + timedelta(seconds=limit.wait), min(2 * limit.wait, LONGEST_WAIT), now)
    value = min(value, limit.holds)
    return Limit(value, value, now + timedelta(seconds=first_wait), FIRST_WAIT, now)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
