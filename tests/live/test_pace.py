"""The calls per second that are set are those on the wire: no fewer, and no more than a small burst above them."""

from __future__ import annotations

import time
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import pytest

from tests.live.runs import lab_campaign, records, running
from tests.live.sip_farm import Answer, sip_farm

SECONDS = 10
_AREAS = (202, 212, 213, 303, 305, 312)


def numbers(count: int) -> list[str]:
    """So many numbers that are reserved for fiction."""
    return [f"+1{_AREAS[n // 100]}55501{n % 100:02d}" for n in range(count)]


def arrivals(place: Path, rate: float, calls: int) -> list[float]:
    """When the INVITEs of a campaign came to the carrier; campaign and trunk are set to the same rate."""
    came: list[float] = []
    answer = Answer(486, rings=True, before=lambda: came.append(time.time()))
    with sip_farm({}, otherwise=answer) as farm:
        folder = lab_campaign(place, numbers(calls), farm.port, channels=100, per_second=rate)
        with running(folder, place) as run:
            run.wait(60 + 4 * calls / rate)
    assert len(came) == calls
    return came


@pytest.mark.parametrize("rate", [5.0, 20.0])
def test_the_rate_that_is_set_is_reached_and_kept(tmp_path: Path, rate: float) -> None:
    came = arrivals(tmp_path, rate, int(rate * SECONDS) + 1)
    reached = (len(came) - 1) / (came[-1] - came[0])
    most = max(bisect_left(came, first + 1.0) - index for index, first in enumerate(came))
    closest = min(later - earlier for earlier, later in pairwise(came))
    figures = f"{rate:g} set: {reached:.2f} a second on the wire, at most {most} in one second, {closest * 1000:.0f} ms apart at least"
    print(figures)
    assert 0.95 * rate <= reached <= rate * 1.02, figures
    assert most <= rate + 1, figures


def test_on_an_idle_trunk_the_call_leaves_at_once(tmp_path: Path) -> None:
    """Its turn is now; another one would come ten seconds later."""
    (came,) = arrivals(tmp_path, 0.1, 1)
    (attempt,) = records(tmp_path).attempts
    waited = came - attempt.sent_at.timestamp()
    print(f"{waited * 1000:.0f} ms from the claim to the INVITE")
    assert waited < 2
