"""Carriers that allow less than a trunk's record says, simulated, and a dialler that keeps to what was learned of them. No database."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.trunks.limits import NO_LIMITS, Limits
from core.trunks.pacing import interval
from core.trunks.traffic import AT_ONCE, PATIENCE, Traffic

__all__ = ["Carrier", "Outcome", "dial_list"]

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
STEP = 0.02
_BUSY_WAIT = 10.0


@dataclass
class Carrier:
    """What it allows, by the seconds since the start; `off` are numbers that it refuses at once, whatever the load."""

    channels: Callable[[float], float] = lambda _: 1e9
    rate: Callable[[float], float] = lambda _: 1e9
    counts_refused: bool = False
    off: Collection[int] = ()
    off_status: int = 480
    status: int = 480
    up: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def takes(self, number: int, at: float) -> int:
        """0, or the status with which the call is refused."""
        if number in self.off:
            return self.off_status
        rate = self.rate(at)
        window = 1.0 if rate >= 1 else 1 / rate
        while self._recent and at - self._recent[0] >= window - 1e-9:
            self._recent.popleft()
        full = self.up >= self.channels(at) or len(self._recent) >= max(1, int(rate))
        if not full or self.counts_refused:
            self._recent.append(at)
        if not full:
            self.up += 1
        return self.status if full else 0


@dataclass
class Outcome:
    """What came of a list."""

    reached: set[int] = field(default_factory=set)
    charged: Counter[int] = field(default_factory=Counter)
    """Refusals that were charged to a number."""
    spared: Counter[int] = field(default_factory=Counter)
    """Refusals that were not."""
    down: int = 0
    seconds: float = 0.0
    limits: Limits = NO_LIMITS
    refused_late: int = 0
    """Refusals by the limit after the first 20 seconds."""


@dataclass
class _Call:
    number: int
    left: float
    rings_at: float
    ends_at: float
    refused_at: float | None
    status: int
    carried: bool = False


def dial_list(
    carrier: Carrier, leads: int, *, channels: int = 10, rate: float = 10.0, seed: int = 0, ring: float = 1.5, talk: float = 6.0,
    longest: float = 3600.0, attempts: int = 2,
) -> Outcome:  # fmt: skip
    """Dial a list until each number was reached, or refused as its own fault `attempts` times; or the trunk is found down."""
    stream, traffic, limits, found = random.Random(seed), Traffic(), NO_LIMITS, Outcome()
    queue: deque[tuple[float, int]] = deque((0.0, number) for number in range(leads))
    out: dict[str, _Call] = {}
    refused: dict[str, _Call] = {}
    next_turn, at, placed = 0.0, 0.0, 0
    while (queue or out or refused) and at < longest and not found.down:
        now = START + timedelta(seconds=at)
        for call_id, call in list(out.items()):
            if call.refused_at is not None and at >= call.refused_at:
                traffic.refused(call_id, call.status, 0)
                refused[call_id] = out.pop(call_id)
            elif call.refused_at is None and not call.carried and at >= call.rings_at:
                call.carried = True
                load = traffic.carried(call_id, now)
                assert load is not None
                limits = limits.after_carried(load.up, load.window + 1)
            elif call.refused_at is None and at >= call.ends_at:
                traffic.over(call_id)
                carrier.up -= 1
                found.reached.add(call.number)
                del out[call_id]
        for call_id, call in list(refused.items()):
            assert call.refused_at is not None
            assert call.refused_at - call.left <= AT_ONCE.total_seconds()
            last_word = at - call.left >= PATIENCE.total_seconds()
            judged = traffic.judge(call_id, now, limits, last_word=last_word, callees=call.status in {486, 603})
            if judged is None:
                continue
            del refused[call_id]
            if judged.channels or judged.rate:
                load, allowed = traffic.load_of(call_id), limits.rate_at(rate)
                taken = load.window if 0 < load.window < allowed else allowed / 2
                limits = limits.after_refusal(load.up if judged.channels else None, taken if judged.rate else None, str(call.status), now)
            if judged.blame == "down":
                found.down += 1
            elif judged.blame == "limit":
                found.spared[call.number] += 1
                found.refused_late += call.number not in carrier.off and at > 20
                queue.append((at + _BUSY_WAIT, call.number))
            else:
                found.charged[call.number] += 1
                if found.charged[call.number] < attempts:
                    queue.append((at + 30.0, call.number))
        in_use = len(out) + len(refused)
        if at >= next_turn and in_use < limits.channels_at(channels, now):
            due = next((entry for entry in queue if entry[0] <= at), None)
            if due is not None:
                queue.remove(due)
                limits = limits.probed(in_use, channels, rate, traffic.sustained(limits.rate.since) if limits.rate else 0.0, now)
                status = carrier.takes(due[1], at)
                placed += 1
                call_id = f"call {placed}"
                traffic.leaves(call_id, str(due[1]), now)
                rings = at + stream.uniform(0.2, 2 * ring)
                talks = stream.uniform(0.3, 2 * talk)
                out[call_id] = _Call(due[1], at, rings, rings + talks, at + stream.uniform(0.002, 0.06) if status else None, status)
                next_turn = at + interval(limits.rate_at(rate)).total_seconds()
        at += STEP
    found.seconds, found.limits = at, limits
    return found
