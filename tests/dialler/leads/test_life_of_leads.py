"""Leads through claims, answers, refusals, results, crashes and orders, in every order that can be thought of."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.campaigns.states import NotAllowed
from dialler.campaigns.store import change_state, read_campaign
from dialler.campaigns.tables import Campaign
from dialler.core_client import Placed
from dialler.imports.tables import LeadImport
from dialler.leads.claims import Claim, claim, end_undialled, give_back, note_failed_dialout
from dialler.leads.placements import mark_placed
from dialler.leads.queue import close_waiting, promote_due
from dialler.leads.results import receive_result
from dialler.leads.states import CLAIMED, FINAL, WAITING
from dialler.scheduler.reconcile import reconcile
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.support import CAMPAIGN, TOKEN, add_leads, attempts, history, leads, make_campaign

ANSWERED = {"sip_status": 200, "answered_at": START.isoformat(), "fault": None}
ENDINGS: dict[str, dict[str, Any]] = {
    "rang out": {},
    "talked": {"disconnected_by": "bot", "end_reason": "completed", "disposition": "PAID", **ANSWERED},
    "callback": {"disconnected_by": "bot", "end_reason": "completed", "disposition": "CALLBACK", **ANSWERED},
    "never again": {"disconnected_by": "customer", "end_reason": "completed", "disposition": "DO_NOT_CALL", **ANSWERED},
    "trunk": {"disconnected_by": "error", "end_reason": "trunk_refused", "phone_rang": False, "fault": "trunk", "sip_status": 503},
    "cut off": {"disconnected_by": "error", "end_reason": "worker_died", "fault": "unknown", "sip_status": None},
    "nobody knows": {"disconnected_by": "error", "end_reason": "may_have_been_dialled", "may_have_been_dialled": True, "sip_status": None},
}


class _Clock(RealClock):
    """Shows what the test says."""

    shown = START

    def now(self) -> datetime:
        return self.shown


class LifeOfLeads(RuleBasedStateMachine):
    """One campaign, one dispatcher at a time, a core that places each Idempotency-Key once."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self.db, self.core, self.clock, self.ids = db, FakeCore(), _Clock(), Ids(1)
        with db.write() as connection:
            for table in (history, attempts, leads, table_of(LeadImport), table_of(Campaign)):
                connection.execute(delete(table))
        self.token, self.owners = TOKEN, 1
        self.to_send: list[tuple[Claim, str]] = []
        self.answers: list[tuple[Claim, str, str]] = []
        self.over: dict[int, str] = {}

    @initialize(count=st.integers(1, 3))
    def begin(self, count: int) -> None:
        make_campaign(self.db, START, max_attempts=2, max_uncharged=2, max_callbacks=1)
        add_leads(self.db, START, *(f"+120255501{n:02d}" for n in range(20, 20 + count)))

    # how it mostly goes

    @rule(limit=st.integers(1, 3), come_to=st.sampled_from(["the answer", "the core", "nothing yet"]))
    def dials(self, limit: int, come_to: str) -> None:
        self._claim(limit)
        while self.to_send and come_to != "nothing yet":
            self._send(self.to_send.pop())
        while self.answers and come_to == "the answer":
            self._take_answer(self.answers.pop())

    @precondition(lambda self: self._live())
    @rule(endings=st.lists(st.sampled_from(sorted(ENDINGS)), min_size=1, max_size=3), times=st.sampled_from([1, 0, 2]))
    def calls_end(self, endings: list[str], times: int) -> None:
        for key, ending in zip(self._live(), endings, strict=False):
            self.core.end(key, **ENDINGS[ending])
            for _ in range(times):
                self._receive(key)
        self.clock.shown += timedelta(minutes=45)

    # the dispatcher, step by step

    @precondition(lambda self: self.to_send or self.answers)
    @rule(data=st.data(), lost=st.booleans())
    def goes_on(self, data: st.DataObject, lost: bool) -> None:
        if self.to_send:
            self._send(self._pick(data, self.to_send))
        elif not lost:
            self._take_answer(self._pick(data, self.answers))
        else:
            self._pick(data, self.answers)

    @precondition(lambda self: any(taken.attempt_id not in self.core.calls for taken, _ in self.to_send))
    @rule(data=st.data(), how=st.sampled_from(["full", "asleep", "suppressed", "no number"]))
    def dialout_is_refused(self, data: st.DataObject, how: str) -> None:
        refusable = [item for item in self.to_send if item[0].attempt_id not in self.core.calls]
        taken, token = data.draw(st.sampled_from(refusable))
        self.to_send.remove((taken, token))
        now = self.clock.shown
        with self.db.write() as connection:
            if how in {"full", "asleep"}:
                later = now + timedelta(minutes=30)
                due_at = now if how == "full" else later
                give_back(connection, taken, token, due_at, how, now, at_once=how == "full")
            else:
                end_undialled(connection, taken, token, "number_suppressed" if how == "suppressed" else "number_refused", how, now)

    @precondition(lambda self: self.to_send)
    @rule(data=st.data(), arrives=st.booleans())
    def dialout_fails(self, data: st.DataObject, arrives: bool) -> None:
        """No answer comes; whether the call was placed all the same, the dispatcher does not know."""
        taken, token = self._pick(data, self.to_send)
        if arrives:
            self._send((taken, token))
            self.answers.pop()
        with self.db.write() as connection:
            note_failed_dialout(connection, taken, token, "no answer")

    @precondition(lambda self: self._ended())
    @rule(data=st.data())
    def result_comes_late_or_again(self, data: st.DataObject) -> None:
        self._receive(data.draw(st.sampled_from(self._ended())))

    # what goes wrong, and what operators do

    @rule(forgets=st.booleans())
    def dispatcher_dies(self, forgets: bool) -> None:
        """Another one takes over; what the dead one (or a very late one) was about to do is forgotten, or done much later."""
        self.owners += 1
        self.token = f"owner-{self.owners}"
        with self.db.write() as connection:
            connection.execute(update(table_of(Campaign)).values(owner_token=self.token))
        if forgets:
            self.to_send, self.answers = [], []
        self.settles()

    @rule()
    def settles(self) -> None:
        asyncio.run(reconcile(self.db, self.clock, self.ids, self.core.client(self.clock), CAMPAIGN))

    @rule(minutes=st.sampled_from([1, 45, 600]))
    def time_passes(self, minutes: int) -> None:
        self.clock.shown += timedelta(minutes=minutes)

    @rule(event=st.sampled_from(["pause", "resume", "resume", "resume"]))
    def order(self, event: str) -> None:
        with self.db.write() as connection:
            if read_campaign(connection, CAMPAIGN).state in {"running", "paused"}:
                change_state(connection, CAMPAIGN, event, self.clock.shown)

    @precondition(lambda self: self.clock.shown > START + timedelta(days=2))
    @rule()
    def stop(self) -> None:
        with self.db.write() as connection:
            change_state(connection, CAMPAIGN, "stop", self.clock.shown)
            close_waiting(connection, CAMPAIGN, "stopped", self.clock.shown)

    # what must always be true

    @invariant()
    def each_lead_is_somewhere(self) -> None:
        rows, tries = self._rows()
        open_of = Counter(attempt.lead_id for attempt in tries if attempt.state != "ended")
        for lead in rows:
            assert open_of[lead.id] <= 1
            match lead.state:
                case state if state in CLAIMED:
                    assert (lead.queue, lead.due_at) == (None, None)
                    assert lead.attempt_id is not None
                    assert lead.lease_token is not None
                case state if state in WAITING:
                    assert lead.due_at is not None
                    assert lead.lease_token is None
                case state:
                    assert state in FINAL
                    assert (lead.queue, lead.due_at, lead.lease_token) == (None, None, None)
            if lead.attempt_id is not None:
                assert next(a for a in tries if a.id == lead.attempt_id).state != "ended"

    @invariant()
    def counts_are_right(self) -> None:
        rows, tries = self._rows()
        charged = Counter(attempt.lead_id for attempt in tries if attempt.charged)
        numbers: dict[int, list[int]] = {}
        for attempt in tries:
            numbers.setdefault(attempt.lead_id, []).append(attempt.number)
        for lead in rows:
            assert lead.attempts == charged[lead.id] <= 2 + 1  # a callback does not count against the attempts
            assert sorted(numbers.get(lead.id, [])) == list(range(1, len(numbers.get(lead.id, [])) + 1))

    @invariant()
    def final_is_final(self) -> None:
        for lead in self._rows()[0]:
            assert self.over.get(lead.id, lead.state) == lead.state
            if lead.state in FINAL:
                self.over[lead.id] = lead.state

    @invariant()
    def nobody_is_on_two_calls(self) -> None:
        lead_of = {attempt.id: attempt.lead_id for attempt in self._rows()[1]}
        assert all(number == 1 for number in Counter(lead_of[key] for key in self._live()).values())

    def teardown(self) -> None:
        """Let it come to its end: then every lead is final, and every result was taken in."""
        if not self._campaign():
            return
        with self.db.write() as connection:
            try:
                change_state(connection, CAMPAIGN, "resume", self.clock.shown)
            except NotAllowed:
                close_waiting(connection, CAMPAIGN, "stopped", self.clock.shown)
        self.to_send, self.answers = [], []
        for _ in range(40):
            for key in self._live():
                self.core.end(key)
            self.settles()
            if all(lead.state in FINAL for lead in self._rows()[0]):
                break
            self.clock.shown += timedelta(days=1)
            if self._campaign().state == "stopping":
                with self.db.write() as connection:
                    close_waiting(connection, CAMPAIGN, "stopped", self.clock.shown)
            self._claim(3)
            while self.to_send:
                self._send(self.to_send.pop())
        rows, tries = self._rows()
        assert {lead.state for lead in rows} <= set(FINAL)
        assert {attempt.state for attempt in tries} <= {"ended", "held"}
        self.counts_are_right()
        self.final_is_final()

    # helpers

    @staticmethod
    def _pick(data: st.DataObject, items: list[Any]) -> Any:
        item = data.draw(st.sampled_from(items))
        items.remove(item)
        return item

    def _claim(self, limit: int) -> None:
        with self.db.write() as connection:
            promote_due(connection, CAMPAIGN, self.clock.shown)
            taken = claim(connection, self.ids, CAMPAIGN, self.token, limit, self.clock.shown)
        self.to_send += [(one, self.token) for one in taken]

    def _send(self, item: tuple[Claim, str]) -> None:
        taken, token = item
        answer = asyncio.run(self.core.client(self.clock).dialout("bot", taken.phone, {}, taken.attempt_id))
        assert isinstance(answer, Placed)
        self.answers.append((taken, token, answer.call_id))

    def _take_answer(self, item: tuple[Claim, str, str]) -> None:
        taken, token, call_id = item
        with self.db.write() as connection:
            mark_placed(connection, taken, token, call_id, self.clock.shown)

    def _live(self) -> list[str]:
        return [key for key, call in self.core.calls.items() if call["result"] is None]

    def _ended(self) -> list[str]:
        return [key for key, call in self.core.calls.items() if call["result"] is not None]

    def _receive(self, key: str) -> None:
        with self.db.write() as connection:
            receive_result(connection, self.ids, self.core.calls[key]["result"], self.clock.shown)

    def _rows(self) -> tuple[list[Any], list[Any]]:
        with self.db.read() as connection:
            return list(connection.execute(select(leads))), list(connection.execute(select(attempts)))

    def _campaign(self) -> Any:
        with self.db.read() as connection:
            return connection.execute(select(table_of(Campaign))).one_or_none()


def test_no_lead_is_lost_and_none_is_dialled_twice_for_one_attempt(database: Database) -> None:
    run_state_machine_as_test(
        lambda: LifeOfLeads(database),  # type: ignore[arg-type]  # it calls it
        settings=settings(
            max_examples=15 if database.is_postgresql else 60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
