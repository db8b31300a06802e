"""The calls that left this process on one trunk, and whose fault a refusal is that comes at once, without ringing. No I/O.

Such a refusal may mean the callee (switched off, do not disturb, busy) or the trunk (its channels or its calls per second are used
up): carriers use the same statuses for both. What tells them apart is the load. A carrier that is full takes what came before and
refuses everything from some load on; phones that are switched off are refused whatever the load is.

load        how many calls were out when a call left, how many had been accepted within the second before, and how long ago the last
beyond      a refusal at a load above all that was carried in the last minutes; a later call that is carried at that load refutes it
run         refusals in a row, by the order in which the calls left, of the same status and different numbers, none carried between
lone        a refusal that nothing explains is the callee's; at a rate that is known, a number's first one is the limit's
limit       a run that is too long for chance: how long depends on how many of this list are refused at loads that are carried
down        such a run while no call is out and none was accepted for a while: that is the circuit breaker's
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from core.trunks.limits import NO_LIMITS, Limits
from core.trunks.load import Judgement, Load

__all__ = ["AT_ONCE", "PATIENCE", "Judgement", "Load", "Traffic"]

AT_ONCE: Final = timedelta(seconds=2)
"""A refusal that takes longer comes from beyond the trunk's entrance: from the callee's side."""
PATIENCE: Final = timedelta(seconds=3)
"""The longest that a refusal is not judged, waiting for what becomes of the calls about it."""
_SILENT: Final = timedelta(seconds=1)
"""A call that was not refused for this many seconds counts as carried until it is refused."""
_MEMORY: Final = timedelta(minutes=2)
_LATELY: Final = timedelta(seconds=5)
_FEW: Final = 10
_FEW_CALLS: Final = 5
_MOST_NUMBERS: Final = 50_000
_RUN_MEMORY: Final = timedelta(minutes=10)
_GRACE: Final = timedelta(seconds=1.2)
"""Calls that left before a limit was lowered, or so soon after it, are refused by the same limit; those that had their place on the
trunk before it, for as long as `PATIENCE`."""
_UP_LATELY: Final = timedelta(seconds=5)
_MOST: Final = 2000
_CHANCE_BEYOND: Final = 2e-4
_CHANCE: Final = 1e-5
"""How unlikely a run must be for numbers refused at random: beyond what was carried, and within."""

Fate = Literal["out", "carried", "refused", "neither"]


@dataclass
class _Departure:
    number: str
    left_at: datetime
    load: Load
    asked_at: datetime
    fate: Fate = "out"
    status: int = 0
    over: bool = False
    others: int = 0
    judged: bool = False
    known: bool = False


class Traffic:
    """The calls of one process on one trunk.

    Attributes:
        limits: what was learned of the trunk, as of the last dialout.
        channels: what its record says.
        rate: the same.
    """

    def __init__(self) -> None:
        self.limits, self.channels, self.rate = NO_LIMITS, 0, 0.0
        self._calls: OrderedDict[str, _Departure] = OrderedDict()
        self._carried: deque[tuple[datetime, Load]] = deque(maxlen=_MOST)
        self._seen = self._refused = 0.0
        self._streak = 0
        self._silent = set[str]()
        self._up = 0
        self._unreachable: OrderedDict[str, None] = OrderedDict()
        self._spared: OrderedDict[str, None] = OrderedDict()
        self.reads_history = True
        """Whether the numbers of earlier calls that could not be reached are still to be told (`unreachable`)."""

    def unreachable(self, numbers: Iterable[str]) -> None:
        """These numbers were refused at once before, as their own fault: being refused again, they tell nothing of the trunk."""
        _remember(self._unreachable, numbers)

    def leaves(self, call_id: str, number: str, now: datetime, asked_at: datetime | None = None) -> None:
        """A call leaves, that was asked for, and had its place on the trunk, at `asked_at` (None: now)."""
        self._forget(now)
        window, last = 0, None
        for call in reversed(self._calls.values()):  # no further back than need be: hundreds may be remembered
            if call.fate in {"out", "carried"}:
                last = last or call.left_at
                if now - call.left_at >= timedelta(seconds=1):
                    break
                window += 1
        gap = (now - last).total_seconds() if last is not None else math.inf
        self._calls[call_id] = _Departure(number, now, Load(self._up, window, max(gap, 0.001)), asked_at or now)
        self._up += 1

    def carried(self, call_id: str, now: datetime) -> Load | None:
        """The call has come through: it rings, is answered, or failed later than at once. Returns its load, the first time."""
        call = self._calls.get(call_id)
        if call is None or call.fate == "carried":
            return None
        call.fate = "carried"
        self._silent.clear()
        self._carried.append((now, call.load))
        self._seen += 1 + self._streak
        self._refused, self._streak = self._refused + self._streak, 0
        if self._seen > _MOST:
            self._seen, self._refused = self._seen / 2, self._refused / 2
        self._unreachable.pop(call.number, None)
        return call.load

    def over(self, call_id: str) -> None:
        """The call takes no channel any more."""
        if (call := self._calls.get(call_id)) is not None:
            self._end(call)

    def failed(self, call_id: str) -> None:
        """The call failed in a way that tells nothing of the load: there is no such number, or we may not call."""
        if (call := self._calls.get(call_id)) is not None:
            self._end(call, "neither")

    def silent(self, call_id: str) -> bool:
        """The call was given up, and had never rung. Returns whether it is the first to its number since a call was carried."""
        if (call := self._calls.get(call_id)) is None:
            return True
        self._end(call, "neither")
        count = len(self._silent)
        self._silent.add(call.number)
        return len(self._silent) > count

    def refused(self, call_id: str, status: int, others: int) -> None:
        """The call was refused at once.

        Args:
            call_id: the call.
            status: the final status.
            others: calls on the trunk that are not this process's.
        """
        if (call := self._calls.get(call_id)) is not None:
            self._end(call, "refused")
            call.status, call.others = status, others
            call.known = call.number in self._unreachable

    def out(self) -> int:
        """Calls that are out."""
        return self._up

    def load_of(self, call_id: str) -> Load:
        """The load at which a call left, with the calls of other processes."""
        call = self._calls[call_id]
        return Load(_most_up(call), call.load.window, call.load.gap)

    def judge(self, call_id: str, now: datetime, limits: Limits, *, last_word: bool, callees: bool) -> Judgement | None:
        """Whose fault the refusal of a call is; None: it cannot be told yet.

        Args:
            call_id: the call.
            now: the current time.
            limits: what was learned of the trunk.
            last_word: whether it must be told now.
            callees: whether its status is by its own meaning the callee's (486, 603), should nothing else tell.
        """
        call, lowered_at = self._calls[call_id], limits.lowered_at if limits else None
        if lowered_at is not None and call.left_at <= lowered_at + (PATIENCE if call.asked_at <= lowered_at else _GRACE):
            return Judgement("limit")
        rate = limits.rate.value if limits.rate is not None and not limits.unclear else None
        beyond, alive = self._beyond(call, now, rate), self._alive(call, now)
        if alive and self._probes(call, limits, beyond):
            return Judgement("limit", *beyond)
        if alive and any(beyond) and lowered_at is not None and not self._carried_since(lowered_at):
            return Judgement("limit", *beyond)
        if call.known:
            return self._callees(call)
        run, undecided = self._run(call, now)
        if any(beyond):
            run = max(run, self._marks(call, beyond, now))
        if run >= self._long(_CHANCE_BEYOND if any(beyond) else _CHANCE):
            if not alive:
                return Judgement("down")
            if any(beyond):
                return Judgement("limit", *beyond)
            self._carried.clear()  # the carrier takes less than it did
            return Judgement("limit", bool(call.load.up + call.others), bool(call.load.window))
        proven = bool(self._carried) and now - self._carried[-1][0] <= _MEMORY
        if not any(beyond) and (last_word or (not undecided and run <= 1 and proven)):
            return self._lone(call, limits, callees=callees)
        if not last_word:
            return None
        return Judgement("callee" if callees and run < 2 else "limit")  # not settled: it counts, should more be refused at this load

    def _lately(self, now: datetime) -> list[Load]:
        """The loads that were carried in the last seconds, or the last few that were."""
        found: list[Load] = []
        for at, load in reversed(self._carried):
            if now - at > _MEMORY or (now - at > _LATELY and len(found) >= _FEW):
                break
            found.append(load)
        return found

    def _marks(self, call: _Departure, beyond: tuple[bool, bool], now: datetime) -> int:
        """How many different numbers were refused at this load or a higher one since such a load was carried; 0 while a call of such a
        load is not decided yet."""
        up, load = _most_up(call), call.load

        def as_many(one: _Departure) -> bool:
            return (_most_up(one) if one.fate == "refused" else one.load.up) >= up

        def as_fast(one: _Departure) -> bool:
            return one.load.window >= load.window > 0 and (one.fate == "refused" or one.load.gap <= 1.7 * load.gap)

        return max((self._refused_at(alike, call.status, now) for alike, wanted in ((as_many, beyond[0]), (as_fast, beyond[1])) if wanted))

    def _refused_at(self, alike: Callable[[_Departure], bool], status: int, now: datetime) -> int:
        numbers = set[str]()
        for one in reversed(self._calls.values()):
            if now - one.left_at > _RUN_MEMORY:
                break
            if not alike(one):
                continue
            if one.fate == "carried":
                break
            if one.fate == "out" and not one.over:
                return 0 if now - one.left_at < _SILENT else len(numbers)
            if one.fate == "refused" and one.status == status and not one.judged and not one.known:
                numbers.add(one.number)
        return len(numbers)

    def sustained(self, since: datetime) -> float:
        """The highest rate that was carried over a few calls that left after a moment, in calls a second; 0 if there were not so many."""
        left = [one.left_at for one in self._calls.values() if one.fate in {"carried", "out"} and one.left_at > since]
        spans = ((after - before).total_seconds() for before, after in zip(left, left[_FEW_CALLS:], strict=False))
        return max((_FEW_CALLS / max(span, 0.001) for span in spans), default=0.0)

    def _probes(self, call: _Departure, limits: Limits, beyond: tuple[bool, bool]) -> bool:
        """Whether the call was let out to see whether the carrier takes more than it did."""
        up = _most_up(call)
        channels = limits.channels is not None and limits.channels.probing and up >= limits.channels.holds
        return channels or (limits.rate is not None and limits.rate.probing and beyond[1])

    def _beyond(self, call: _Departure, now: datetime, rate: float | None) -> tuple[bool, bool]:
        """Whether a refused call left at a load beyond all that was carried lately: of calls at once, and of calls a second."""
        up, load = _most_up(call), call.load
        lately = self._lately(now)
        lately += [c.load for c in self._calls.values() if c.fate == "out" and not c.over and now - c.left_at >= _SILENT]
        channels = up >= 1 and all(carried.up < up for carried in lately)
        quick = load.window >= 1 or (rate is not None and load.pace >= 0.9 * rate)
        return channels, quick and not any(one.window >= load.window and one.gap <= 1.7 * load.gap for one in lately)

    def alive(self, call_id: str, now: datetime) -> bool:
        """Whether calls are out, or were accepted a moment ago, beside a refused one: then the trunk is not down."""
        return self._alive(self._calls[call_id], now)

    def _alive(self, call: _Departure, now: datetime) -> bool:
        if call.load.up + call.others:
            return True
        lately = (one.left_at for one in self._calls.values() if one.fate == "carried")
        return any(now - left_at <= _UP_LATELY for left_at in lately)

    def _carried_since(self, moment: datetime) -> bool:
        return any(one.fate == "carried" and one.left_at > moment for one in self._calls.values())

    def _lone(self, call: _Departure, limits: Limits, *, callees: bool) -> Judgement:
        """A refusal that nothing beside it explains. At a rate that is known it is taken for the rate's, once for each number: an
        INVITE that left some milliseconds late looks like one too many to the carrier. A phone that is switched off is refused again."""
        if callees or not _at_limit(call, limits) or call.number in self._spared:
            return self._callees(call)
        _remember(self._spared, [call.number])
        self._count(call)
        return Judgement("limit")

    def _callees(self, call: _Departure) -> Judgement:
        if not call.judged:
            self._count(call)
            self.unreachable([call.number])
        return Judgement("callee")

    def _count(self, call: _Departure) -> None:
        """The refusal counts among those that come whatever the load is, and marks no limit."""
        call.judged = True
        self._streak += 1

    def _long(self, chance: float) -> int:
        """How long a run must be to be no chance."""
        share = min(max((self._refused + 1.5) / (self._seen + 10), 0.15), 0.8)
        return math.ceil(math.log(chance) / math.log(share))

    def _run(self, call: _Departure, now: datetime) -> tuple[int, bool]:
        """How many different numbers were refused in a row about a call, and whether calls beside them are not decided yet."""
        calls = list(self._calls.values())
        here = next(index for index, one in enumerate(calls) if one is call)
        numbers, undecided = {call.number} if not call.known else set(), False
        for side in (reversed(calls[:here]), iter(calls[here + 1 :])):
            for one in side:
                if one.fate == "neither":
                    continue
                if one.fate == "out" and now - one.left_at < _SILENT and not one.over:
                    undecided = True
                    break
                if one.fate != "refused" or one.status != call.status or abs(one.left_at - call.left_at) > _RUN_MEMORY:
                    break
                if not one.known:
                    numbers.add(one.number)
        return len(numbers), undecided

    def _forget(self, now: datetime) -> None:
        while self._calls:
            call = next(iter(self._calls.values()))
            if len(self._calls) <= _MOST and (not call.over or now - call.left_at <= _RUN_MEMORY):
                return
            self._calls.popitem(last=False)
            self._end(call)

    def _end(self, call: _Departure, fate: Fate | None = None) -> None:
        call.fate = fate or call.fate
        if not call.over:
            call.over = True
            self._up -= 1


def _most_up(call: _Departure) -> int:
    """The calls that were up on the trunk when a refused one left, those of other processes with them."""
    return call.load.up + call.others


def _at_limit(call: _Departure, limits: Limits) -> bool:
    """Whether a call left at the rate that the carrier seems to allow."""
    return limits.rate is not None and not limits.unclear and call.load.pace >= 0.9 * limits.rate.value


def _remember(memory: OrderedDict[str, None], numbers: Iterable[str]) -> None:
    """Keep these numbers, and of all of them the last ones."""
    memory.update(dict.fromkeys(numbers))
    while len(memory) > _MOST_NUMBERS:
        memory.popitem(last=False)
