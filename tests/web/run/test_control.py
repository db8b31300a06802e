"""Orders from another process while a run is under way: pause, resume, stop, signals, a second run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.kernel.clock import utc_now
from core.kernel.database import Database
from dialler.campaigns import control
from dialler.campaigns.control import Steered
from dialler.leads.states import CLAIMED, FINAL
from tests.web.run.driver import REFUSED, Child, RunSpec, wait_until
from tests.web.run.folders import make_folder, network_log, profile_numbers
from tests.web.run.invariants import Records, check_everything_settled, invites, opened

Order = Callable[..., Coroutine[Any, Any, Steered]]

SLOWLY = {"calls_per_second": 0.5, "max_attempts": 1}
TALKERS = {"answer_rate": 1.0, "hour_factors": [1.0] * 24, "answered": {"pays": 1}}  # everybody answers and talks for a while
SPEEDS = pytest.mark.parametrize(
    ("database_url", "speed"),
    [("sqlite", 100.0), ("postgresql", 100.0), ("sqlite", None)],
    indirect=["database_url"],
    ids=["sqlite-scaled", "postgresql-scaled", "sqlite-virtual"],
)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DIALLED = {"completed", "exhausted"}
"""States of leads that were dialled once; on a busy machine a scaled clock makes callees look silent."""


def spec_of(tmp_path: Path, database_url: str, leads: int = 30, speed: float | None = 100.0, **more: Any) -> RunSpec:
    count = leads if speed else 2 * leads  # virtual time is over before one has looked
    folder = make_folder(tmp_path / "campaign", profile_numbers(count), campaign=SLOWLY)
    return RunSpec(folder, tmp_path / "out", database_url, speed, more={"sandbox": TALKERS, **more})


@contextmanager
def under_way(spec: RunSpec, calls: int = 6) -> Iterator[Child]:
    """A run that has dialled so many calls."""
    with Child(spec) as child:
        wait_until(lambda: (spec.out / "network.jsonl").exists() and len(invites(spec.out)) >= calls, "calls were dialled", child)
        yield child


def give(spec: RunSpec, order: Order, **more: Any) -> Steered:
    """Give an order from this process."""
    db = Database(spec.database_url)
    try:
        with db.read() as connection:
            campaign_id = Records(connection).campaigns[0].id
        return asyncio.run(order(db, campaign_id, utc_now, **more))
    finally:
        db.close()


def records_of(spec: RunSpec) -> Records:
    with opened(spec.database_url) as connection:
        return Records(connection)


def in_progress(spec: RunSpec) -> int:
    return sum(lead.state in CLAIMED for lead in records_of(spec).leads)


def no_invite_for(spec: RunSpec, seconds: float) -> bool:
    """Watch the callees' log for so many real seconds."""
    before, deadline = len(invites(spec.out)), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len(invites(spec.out)) != before:
            return False
        time.sleep(0.02)
    return True


def results(spec: RunSpec) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (spec.out / "results.jsonl").read_text(encoding="utf-8").splitlines()]


@SPEEDS
def test_after_a_pause_no_dial_leaves_and_calls_in_progress_finish(tmp_path: Path, database_url: str, speed: float | None) -> None:
    spec = spec_of(tmp_path, database_url, speed=speed)
    with under_way(spec) as child:
        done = give(spec, control.pause)
        dialled = len(invites(spec.out))
        assert (done.state, done.not_waited_for) == ("paused", 0)
        wait_until(lambda: in_progress(spec) == 0, "the calls in progress were finished", child)
        assert no_invite_for(spec, 0.6)
        assert len(invites(spec.out)) == dialled
        paused = records_of(spec)
        assert {lead.state for lead in paused.leads} <= DIALLED | {"pending"}
        assert sum(line["event"] == "ended" for line in network_log(spec.out)) == dialled
        assert give(spec, control.resume).state == "running"
        assert child.wait() == 0, child.written()
    records = check_everything_settled(spec.database_url, spec.out, set())
    assert {lead.state for lead in records.leads} <= DIALLED


@SPEEDS
def test_a_pause_can_end_the_calls_in_progress(tmp_path: Path, database_url: str, speed: float | None) -> None:
    spec = spec_of(tmp_path, database_url, speed=speed)
    with under_way(spec) as child:
        give(spec, control.pause, end_calls=True)
        wait_until(lambda: in_progress(spec) == 0, "the calls in progress were ended", child)
        wait_until(lambda: not records_of(spec).campaigns[0].end_calls, "the order was taken as carried out", child)
        ended = [call for call in records_of(spec).calls if call.ending["end_reason"] == "cancelled"]
        assert ended
        give(spec, control.resume)
        assert child.wait() == 0, child.written()
    check_everything_settled(spec.database_url, spec.out, set())


@SPEEDS
def test_stop_ends_the_waiting_leads_and_finishes_the_calls(tmp_path: Path, database_url: str, speed: float | None) -> None:
    spec = spec_of(tmp_path, database_url, speed=speed)
    with under_way(spec) as child:
        assert give(spec, control.stop).state == "stopping"
        dialled = len(invites(spec.out))
        assert child.wait() == 1, child.written()
    assert len(invites(spec.out)) == dialled
    records = check_everything_settled(spec.database_url, spec.out, set())
    assert records.campaigns[0].state == "stopped"
    assert {"stopped"} < {lead.state for lead in records.leads} <= DIALLED | {"stopped"}
    assert "cancelled" not in {result["end_reason"] for result in results(spec)}
    with Child(spec) as again:
        assert again.wait() == 1
    assert len(invites(spec.out)) == dialled


def test_stop_can_end_the_calls_in_progress(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, database_url)
    with under_way(spec) as child:
        give(spec, control.stop, end_calls=True)
        assert child.wait() == 1, child.written()
    records = check_everything_settled(spec.database_url, spec.out, set())
    cancelled = [result for result in results(spec) if result["end_reason"] == "cancelled"]
    assert cancelled
    of_lead = {attempt.call_id: attempt.lead_id for attempt in records.attempts}
    states = {lead.id: lead.state for lead in records.leads}
    assert {states[of_lead[result["session_id"]]] for result in cancelled} <= {"stopped", "exhausted"}


def test_orders_to_a_campaign_whose_process_died(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, database_url)
    with under_way(spec) as child:
        child.kill()
    began = time.monotonic()
    assert give(spec, control.pause).state == "paused"
    assert give(spec, control.stop).state == "stopping"  # calls were in progress: the next run finds out what became of them
    assert time.monotonic() - began < 5
    with Child(spec) as again:
        assert again.wait() == 1
    records = records_of(spec)
    assert records.campaigns[0].state == "stopped"
    assert {lead.state for lead in records.leads} <= set(FINAL)


@ON_SQLITE
def test_the_first_signal_finishes_the_calls_and_the_run_can_be_continued(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, database_url)
    with under_way(spec) as child:
        child.signal(signal.SIGTERM)
        assert child.wait() == 1, child.written()
    records = records_of(spec)
    assert {"pending"} < {lead.state for lead in records.leads} <= DIALLED | {"pending"}
    assert "cancelled" not in {call.ending["end_reason"] for call in records.calls}
    assert json.loads((spec.out / "summary.json").read_text())["state"] == "interrupted"
    with Child(spec) as again:
        assert again.wait() == 0, again.written()
    check_everything_settled(spec.database_url, spec.out, set())


def _nobody_is_cancelled(records: Records) -> None:
    """That our process was ended is nobody's order: no lead may be given up for it."""
    assert "cancelled" not in {call.ending["end_reason"] for call in records.calls}
    assert "cancelled" not in {lead.outcome for lead in records.leads} | {attempt.outcome for attempt in records.attempts}


@ON_SQLITE
@pytest.mark.parametrize("speed", [2.0, None], ids=["scaled", "virtual"])
def test_the_second_signal_ends_the_calls_at_once(tmp_path: Path, database_url: str, speed: float | None) -> None:
    spec = spec_of(tmp_path, database_url, leads=15 if speed else 40, speed=speed)
    with under_way(spec, calls=2) as child:
        child.signal(signal.SIGINT)
        wait_until(lambda: "Stopping" in child.written() or not child.running, "the first signal was seen")
        if child.running:
            child.signal(signal.SIGINT)
        assert child.wait(20) == 1, child.written()
    records = records_of(spec)
    assert {call.state for call in records.calls} == {"done"}
    assert records.seats_taken == 0
    cut_short = [call.ending["end_reason"] for call in records.calls]
    assert "worker_stopped" in cut_short
    _nobody_is_cancelled(records)
    faster = spec_of(tmp_path, database_url, speed=None)
    with Child(faster) as again:
        assert again.wait() == 0, again.written()
    _nobody_is_cancelled(check_everything_settled(spec.database_url, spec.out, set()))


def test_a_second_run_is_refused_while_the_first_lives_and_takes_over_once_it_is_dead(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, database_url, speed=20.0)
    with under_way(spec) as child:
        for _ in range(2):
            with Child(spec) as second:
                assert second.wait() == REFUSED, second.written()
        assert child.running
        before = len(invites(spec.out))
        wait_until(lambda: len(invites(spec.out)) > before, "the first one dials on", child)
        child.kill()
    faster = spec_of(tmp_path, database_url, speed=None)
    with Child(faster) as third:
        began = time.monotonic()
        wait_until(lambda: records_of(spec).workers_left == 1 and len(invites(spec.out)) > before, "the third one dials", third)
        assert time.monotonic() - began < 10  # not after the lease of the dead one, 20 s, has run out
        assert third.wait() == 0, third.written()
    placing = {attempt.id for attempt in records_of(spec).attempts if attempt.state == "held"}
    assert len(placing) <= 1
    check_everything_settled(spec.database_url, spec.out, placing)


def test_ctrl_c_on_a_terminal_leaves_the_sample_crm_up_for_the_last_pushes(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, f"sqlite:///{tmp_path}/out/dialler.db")
    make_folder(spec.folder, profile_numbers(30), bot={"post_call_push": {"url": "sample-crm"}}, campaign=SLOWLY)
    spec.out.mkdir()
    words = ("run", str(spec.folder), "--out", str(spec.out), "--speed", "60", "--database", spec.database_url)
    with (spec.out / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "web.cli.main", *words], stdout=log, stderr=log, start_new_session=True)
    crm = spec.out / "crm.jsonl"
    try:
        wait_until(lambda: crm.exists() and crm.stat().st_size > 0, "the first push arrived", seconds=90)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process in its foreground
        assert process.wait(60) == 1, (spec.out / "log").read_text()
    finally:
        process.kill()
        process.wait()
    summary = json.loads((spec.out / "summary.json").read_text())
    assert summary["state"] == "interrupted"
    arrived = (spec.out / "crm.jsonl").read_text().splitlines()
    assert summary["deliveries"] == {"pending": 0, "delivered": len(arrived), "dead": 0}
