"""A carrier that allows less than the trunk's record says: everybody is reached, nobody is charged for a refusal, and it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.live.runs import lab_campaign, records, running
from tests.live.sip_farm import Answer, Rung, SipFarm, sip_farm

LEADS = 40
TALKS = 2.0


@dataclass
class Gate:
    """What a carrier allows: calls at once, and new calls in any second. It answers what is above it with `status`, at once."""

    channels: int
    per_second: int
    status: int
    refused: list[str] = field(default_factory=list)
    _up: deque[float] = field(default_factory=deque)
    _recent: deque[float] = field(default_factory=deque)

    def answer(self, number: str) -> Answer:
        now = time.monotonic()
        while self._up and now - self._up[0] >= TALKS:
            self._up.popleft()
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        if len(self._up) >= self.channels or len(self._recent) >= self.per_second:
            self.refused.append(number)
            return Answer(self.status)
        self._up.append(now)
        self._recent.append(now)
        return Answer(200, rings=True, talks=TALKS)


class _Plan(dict[str, Any]):
    """The farm's plan: what becomes of the next call to a number is decided when it comes."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate, self._lock = gate, threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        with self._lock:
            return _Next(self._gate.answer(key))


class _Next:
    """Whatever the place: this answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, _: int) -> Answer:
        return self._answer


@contextmanager
def carrier(gate: Gate) -> Iterator[SipFarm]:
    with sip_farm(_Plan(gate)) as farm:
        yield farm


def number(n: int) -> str:
    return f"+120255501{n:02d}"


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(3, 1000, 480), "3 calls at once"),
        (Gate(3, 1000, 503), "3 calls at once"),
        (Gate(1000, 2, 480), "new calls a second"),
        (Gate(1000, 2, 503), "new calls a second"),
    ],
    ids=["3 channels, 480", "3 channels, 503", "2 a second, 480", "2 a second, 503"],
)
def test_everybody_is_reached(tmp_path: Path, gate: Gate, words: str) -> None:
    callees = [number(10 + n) for n in range(LEADS)]
    with carrier(gate) as farm:
        folder = lab_campaign(
            tmp_path / "campaign",
            callees,
            farm.port,
            channels=10,
            per_second=10,
            campaign={"calls_per_second": 20, "concurrency_limit": 20},
        )
        with running(folder, tmp_path) as run:
            run.wait(150)
            written = run.written()
        calls: list[Rung] = list(farm.log)
    said = records(tmp_path)
    assert gate.refused, "the carrier never had to refuse"
    told = 0
    for called in callees:
        lead, attempts = said.lead(called), said.attempts_at(called)
        assert (lead.state, lead.attempts, lead.uncharged) == ("completed", 1, 0), (called, lead, attempts)
        assert [attempt.charged for attempt in attempts] == [False] * (len(attempts) - 1) + [True]
        for refused in attempts[:-1]:
            assert (refused.phone_rang, refused.fault, refused.outcome) == (False, "trunk", "trunk_busy")
            if refused.sip_status is None:  # it had its turn when the limit became known, and did not leave
                continue
            assert refused.sip_status == gate.status
            told += 1
            word = said.call_of(refused.id).result["disconnected_by"]
            assert word == ("no_answer" if gate.status == 480 else "error")  # the guide's word for 480 stays
    assert told == len(gate.refused)
    assert len(calls) == LEADS + len(gate.refused)
    assert len(gate.refused) <= LEADS / 2, "it was not learned"
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert words in summary["carrier_allows"]["words"]
    assert words in written
