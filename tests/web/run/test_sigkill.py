"""SIGKILL in the middle of a campaign, again and again, and started again on the same database."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.web.run.driver import Child, RunSpec, wait_until
from tests.web.run.folders import CATALOGUE, make_folder, profile_numbers
from tests.web.run.invariants import check_everything_settled, placing
from tests.web.run.receiver import Receiver

SOON = {
    "max_attempts": 2,
    "max_untimed_callbacks_per_day": 100,
    "callback_delay": "4m",
    "retry": dict.fromkeys(("no_answer", "rejected", "voicemail", "RNR", "cut_off", "error_before_ringing"), "3m"),
    "calls_per_second": 2,
}
NO_CAPS = {"loosen": [{"rule": rule, "reason": "tests call the same people within minutes"} for rule in ("calls", "gap")]}
"""Else those who were called three times would wait for the next day, minutes of real time."""
CALLEES = {"answered": {"pays": 5, "hangs up mid-sentence": 2, "callback some time": 1, "never call again": 1, "wrong number": 1}}
PHASES = ("invite", "answered", "ended", "pushed")


class Watch:
    """What the outside world has seen of a campaign since the watch began."""

    def __init__(self, out: Path, crm: Receiver) -> None:
        self._log, self._crm = out / "network.jsonl", crm
        self._from, self._pushed = self._size(), len(crm.taken)

    def count(self, what: str) -> int:
        if what == "pushed":
            return len(self._crm.taken) - self._pushed
        if not self._size():
            return 0
        with self._log.open("rb") as file:
            file.seek(self._from)
            return file.read().count(b'"event": "%s"' % what.encode())

    def _size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0


def run_and_kill(spec: RunSpec, crm: Receiver, kills: int, rng: random.Random) -> tuple[int, set[str]]:
    """Kill the run so many times, at moments that the seed decides. Returns how often it was killed, and what was being placed then."""
    in_flight: set[str] = set()
    for killed in range(kills):
        what, number, more = rng.choice(PHASES), rng.randint(1, 9), rng.random() * 0.03
        watch = Watch(spec.out, crm)
        with Child(spec) as child:
            wait_until(lambda: watch.count(what) >= number or not child.running, f"{number} x {what}")  # noqa: B023
            time.sleep(more)
            if not child.running:
                return killed, in_flight
            child.kill()
        in_flight |= placing(spec.database_url)
    return kills, in_flight


def test_killed_again_and_again(tmp_path: Path, database_url: str) -> None:
    kill_again_and_again(tmp_path, database_url, speed=400.0, leads=150, kills=14)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_killed_again_and_again_in_virtual_time(tmp_path: Path, database_url: str) -> None:
    kill_again_and_again(tmp_path, database_url, speed=None, leads=100, kills=12)


def kill_again_and_again(
    tmp_path: Path, database_url: str, *, speed: float | None, leads: int, kills: int, seed: str | None = None, seconds: float = 90
) -> None:
    with Receiver() as crm:
        numbers = CATALOGUE[:2] + CATALOGUE[3:13] + CATALOGUE[14:22] + profile_numbers(leads - 20)
        folder = make_folder(tmp_path / "campaign", numbers, bot={**crm.bot, "rules": NO_CAPS}, campaign=SOON)
        more = {"allow": crm.address, "sandbox": CALLEES, "seats": 12}
        spec = RunSpec(folder, tmp_path / "out", database_url, speed, more=more)
        killed, in_flight = run_and_kill(spec, crm, kills, random.Random(seed or f"{speed}"))
        assert killed >= 12
        with Child(spec) as child:
            assert child.wait(seconds) == 0, child.written()

    records = check_everything_settled(database_url, spec.out, in_flight)
    assert len(records.leads) == leads
    assert Counter(lead.state for lead in records.leads)["completed"] > leads / 4
    pushes = {delivery.id: delivery for delivery in records.deliveries if delivery.kind == "crm_push"}
    assert sorted(push.call_id for push in pushes.values()) == sorted(call.call_id for call in records.calls)
    assert set(crm.ids) == set(pushes)
    assert {(webhook_id, body["CALL"]) for webhook_id, body in crm.taken} == {(push.id, push.call_id) for push in pushes.values()}
