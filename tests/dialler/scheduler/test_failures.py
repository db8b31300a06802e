"""Cores that always fail on a lead, refuse one, or refuse them all; databases that do not answer: the campaign goes on, and ends."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.database_health import DatabaseHealth
from core.kernel.virtual_clock import VirtualClock
from dialler.scheduler import dispatch, ending, outages
from dialler.scheduler import runner as runner_module
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.dialler.scheduler.stage import NUMBERS, InVirtualTime, Stage, state_of
from tests.support import attempt_rows, events_of_lead, lead_row

Answer = Callable[[], httpx.Response]


def answering(status: int, **body: Any) -> Answer:
    return lambda: httpx.Response(status, json=body)


def lost() -> httpx.Response:
    raise httpx.ReadTimeout("no answer")


async def calls_end(stage: Stage) -> None:
    """Whatever is dialled is over three minutes later, until the campaign is."""
    over = 0
    while not stage.running.done():
        await stage.clock.sleep(180)
        while over < len(stage.core.calls):
            stage.finish(over)
            over += 1


@pytest.fixture
def db(database: Database) -> Database:
    return database


@pytest.mark.parametrize("answer", [answering(500), answering(502), answering(599), lost], ids=["500", "502", "599", "lost"])
def test_a_lead_that_the_core_always_fails_on_ends_and_keeps_nobody_waiting(
    db: Database, in_virtual_time: InVirtualTime, answer: Answer
) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(of_number={NUMBERS[1]: answer})
        stage = Stage(db, clock, core, leads=4, max_uncharged=4)
        await calls_end(stage)
        assert await stage.ended() == "completed"
        assert stage.states() == ["exhausted"] * 4
        bad = lead_row(db, stage.leads[1])
        assert (bad.outcome, bad.disposition, bad.attempts, bad.uncharged) == ("not_received", "ERROR", 0, 4)
        assert "4 dialouts failed" in bad.note
        [attempt] = attempt_rows(db, stage.leads[1])
        assert (attempt.state, attempt.charged, attempt.outcome, attempt.failed_dialouts) == ("ended", False, "not_received", 4)
        assert Counter(core.dialouts)[attempt.id] == 4, "always under its own id"
        assert [len(attempt_rows(db, lead)) for lead in stage.leads] == [1] * 4
        assert events_of_lead(db, stage.leads[1])[-1] == "not_received"
        assert clock.now() - START < timedelta(hours=1)

    in_virtual_time(scene)


def test_a_core_that_fails_on_everybody_is_asked_less_and_less(db: Database, in_virtual_time: InVirtualTime) -> None:
    """It is the core's fault, not the leads': few of them are lost to it, and still the campaign ends."""

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(of_number=dict.fromkeys(NUMBERS, answering(500)))
        stage = Stage(db, clock, core, leads=20)
        await clock.sleep(3600)
        assert len(core.dialouts) < 20
        assert stage.states().count("exhausted") <= 3
        assert "does not answer as it should" in stage.campaign().hold_reason
        core.of_number.clear()
        await calls_end(stage)
        assert await stage.ended() == "completed"
        assert sum(lead_row(db, lead).outcome == "no_answer" for lead in stage.leads) >= 17

    in_virtual_time(scene)


def test_a_core_that_fails_for_ever_lets_the_campaign_end(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(of_number=dict.fromkeys(NUMBERS, answering(500)))
        stage = Stage(db, clock, core, leads=6)
        assert await stage.ended() == "completed"
        assert {lead_row(db, lead).outcome for lead in stage.leads} == {"not_received"}
        assert len(core.dialouts) == 6 * 5

    in_virtual_time(scene)


def test_a_core_that_is_down_costs_no_lead_anything(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(down=True)
        stage = Stage(db, clock, core, leads=3)
        await clock.sleep(86_400)
        assert [lead_row(db, lead).state for lead in stage.leads] == ["pending"] * 3
        core.down = False
        await calls_end(stage)
        assert await stage.ended() == "completed"
        assert {(lead_row(db, lead).outcome, lead_row(db, lead).uncharged) for lead in stage.leads} == {("no_answer", 0)}

    in_virtual_time(scene)


def test_a_core_that_dies_with_a_dialout_under_way_is_asked_until_it_is_back(db: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        core = FakeCore()

        def die(_: str) -> None:
            core.down = True
            core.answers.append(lost)

        core.on_dialout = die
        stage = Stage(db, clock, core)
        await clock.sleep(7200)
        assert stage.states() == ["claimed"]
        core.down, core.on_dialout = False, lambda _: None
        await clock.sleep(400)
        assert stage.states() == ["dialling"], "it had left: found without a sweep, and not sent again"
        assert len(core.dialouts) == 1
        await calls_end(stage)
        assert await stage.ended() == "completed"

    in_virtual_time(scene)


FIELDS = {"variables": [{"field": "variables", "code": "not_text"}], "unheard_of": [{"field": "to_number_2", "code": "odd"}]}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (answering(400, detail="The body cannot be read."), "lead_refused"),
        (answering(413, detail="It is too long."), "lead_refused"),
        (answering(422, detail="variables: not text.", errors=FIELDS["variables"]), "lead_refused"),
        (answering(422, detail="Something is wrong.", errors=FIELDS["unheard_of"]), "lead_refused"),
        (answering(422, detail="Something is wrong."), "lead_refused"),
        (answering(451, detail="Not for legal reasons."), "lead_refused"),
        (answering(422, detail="to_number: no.", errors=[{"field": "to_number", "code": "not_dialable"}]), "number_refused"),
        (answering(422, detail="to_number: no.", errors=[{"field": "to_number", "code": "suppressed"}]), "number_suppressed"),
        (answering(418, detail="A teapot."), "not_received"),
        (answering(408, detail="Too slow."), "not_received"),
    ],
)
def test_a_refusal_of_one_lead_ends_that_lead_with_its_reason(
    db: Database, in_virtual_time: InVirtualTime, answer: Answer, outcome: str
) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(of_number={NUMBERS[0]: answer}), leads=3)
        await calls_end(stage)
        assert await stage.ended() == "completed"
        bad = lead_row(db, stage.leads[0])
        states = {"number_suppressed": "suppressed", "not_received": "exhausted"}
        assert (bad.outcome, bad.state, bad.attempts) == (outcome, states.get(outcome, "undialable"), 0)
        if outcome != "not_received":
            assert bad.note == answer().json()["detail"]
            assert len(stage.core.dialouts) == 3, "it is not tried again"
        assert [lead_row(db, lead).outcome for lead in stage.leads[1:]] == ["no_answer"] * 2

    in_virtual_time(scene)


@pytest.mark.parametrize(
    "answer",
    [
        answering(401, detail="The API key is not known."),
        answering(403, detail="The API key may not dial."),
        answering(404, detail="There is no such bot."),
        answering(422, detail="from_number: not ours.", errors=[{"field": "from_number", "code": "foreign"}]),
    ],
    ids=["401", "403", "404", "422 of the caller ID"],
)
def test_a_refusal_of_all_leads_fails_the_campaign_with_its_sentence_and_ends_none(
    db: Database, in_virtual_time: InVirtualTime, answer: Answer
) -> None:
    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore(of_number=dict.fromkeys(NUMBERS, answer)), leads=3)
        assert await stage.ended() == "failed"
        assert stage.campaign().reason == answer().json()["detail"]
        assert stage.states() == ["pending"] * 3

    in_virtual_time(scene)


# the database


def locked() -> OperationalError:
    return OperationalError("SELECT 1", {}, Exception("database is locked"))


class Failing:
    """Fails so many times, before or after it has done its work, and works from then on."""

    def __init__(self, work: Callable[..., Any], times: int, *, after: bool = False, skip: int = 0) -> None:
        self._work, self._times, self._after, self._skip = work, times, after, skip

    def __call__(self, *args: Any, **more: Any) -> Any:
        self._skip -= 1
        if self._skip >= 0 or not self._times:
            return self._work(*args, **more)
        self._times -= 1
        if self._after:
            self._work(*args, **more)
        raise locked()


@pytest.mark.parametrize("name", ["campaign_and_backlog", "claim", "note_failed_dialout", "change_state"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_database_that_does_not_answer_for_a_while_loses_nothing(
    db: Database,
    in_virtual_time: InVirtualTime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    after: bool,
) -> None:
    where = {"note_failed_dialout": dispatch, "change_state": ending}.get(name, runner_module)
    monkeypatch.setattr(where, name, Failing(getattr(where, name), 3, after=after))
    waits: list[float] = []

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("dialler.scheduler.outages.asyncio.sleep", no_wait)

    async def scene(clock: VirtualClock) -> None:
        core = FakeCore(refusals=[lost] if name == "note_failed_dialout" else [])
        stage = Stage(db, clock, core, leads=4, calls_per_second=1000)
        await calls_end(stage)
        assert await stage.ended() == "completed"
        assert {lead_row(db, lead).outcome for lead in stage.leads} == {"no_answer"}
        assert [len(attempt_rows(db, lead)) for lead in stage.leads] == [1] * 4
        assert len(core.calls) == 4
        assert set(core.dialouts) == set(core.calls)
        assert "database" in {hold.reason for hold in stage.holds if hold}

    with caplog.at_level(logging.WARNING):
        in_virtual_time(scene)
    assert waits
    assert "the database does not answer (database is locked)" in caplog.text
    assert state_of(db) == "completed"
    assert not [number for number in NUMBERS if number in caplog.text]


def test_the_waits_for_a_database_grow_to_half_a_minute(
    db: Database, monkeypatch: pytest.MonkeyPatch, in_virtual_time: InVirtualTime
) -> None:
    waits: list[float] = []

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("dialler.scheduler.outages.asyncio.sleep", no_wait)

    async def scene(clock: Clock) -> None:
        for failures in range(1, 10):
            await outages.ride_out("c", locked(), failures, clock, DatabaseHealth(lambda: None), lambda _: None)

    in_virtual_time(scene)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_what_is_no_failure_of_the_database_ends_the_runner(
    db: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the program must be seen, not waited for."""

    def broken(*_: Any) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(runner_module, "claim", broken)

    async def scene(clock: VirtualClock) -> None:
        stage = Stage(db, clock, FakeCore())
        with pytest.raises(KeyError):
            await stage.ended()

    in_virtual_time(scene)
