"""What must be true of our records and the callees' log once a campaign is over, whatever died in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from core.calls.tables import Call, CallEvent
from core.deliveries.tables import Delivery
from core.fleet.tables import Seat, Worker
from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.campaigns.tables import Campaign
from dialler.leads.states import FINAL
from dialler.leads.tables import Attempt, Lead, LeadHistory
from tests.web.run.driver import wait_until
from tests.web.run.folders import network_log

__all__ = ["Records", "check_everything_settled", "invites", "lead_of", "opened", "placing"]

_calls: Any = table_of(Call)
_events: Any = table_of(CallEvent)
_deliveries: Any = table_of(Delivery)
_seats: Any = table_of(Seat)
_workers: Any = table_of(Worker)
_campaigns: Any = table_of(Campaign)
_leads: Any = table_of(Lead)
_attempts: Any = table_of(Attempt)
_history: Any = table_of(LeadHistory)


@contextmanager
def opened(database_url: str) -> Iterator[Connection]:
    """A short look into a database that another process works on."""
    db = Database(database_url)
    try:
        with db.read() as connection:
            yield connection
    finally:
        db.close()


class Records:
    """Everything that a campaign's database says."""

    def __init__(self, connection: Connection) -> None:
        def rows(table: Any, *order: Any) -> list[Any]:
            return list(connection.execute(select(table).order_by(*order)).all())

        self.leads = rows(_leads, _leads.c.id)
        self.attempts = rows(_attempts, _attempts.c.lead_id, _attempts.c.number)
        self.calls = rows(_calls, _calls.c.call_id)
        self.events = rows(_events, _events.c.call_id, _events.c.seq)
        self.deliveries = rows(_deliveries, _deliveries.c.id)
        self.campaigns = rows(_campaigns)
        self.history = rows(_history, _history.c.id)
        self.seats_taken = connection.execute(select(func.count(_seats.c.call_id))).scalar_one()
        self.workers_left = connection.execute(select(func.count()).where(_workers.c.retired.is_(False))).scalar_one()

    def lead(self, phone: str) -> Any:
        """The lead with that number."""
        return next(lead for lead in self.leads if lead.phone == phone)

    def attempts_at(self, phone: str) -> list[Any]:
        """The attempts at the lead with that number, in order."""
        return [attempt for attempt in self.attempts if attempt.lead_id == self.lead(phone).id]

    def call_of(self, attempt_id: str) -> Any:
        """The call of an attempt; None if there is none."""
        return next((call for call in self.calls if call.idempotency_key == attempt_id), None)


def lead_of(database_url: str, phone: str) -> Any:
    """One lead as it stands."""
    with opened(database_url) as connection:
        return connection.execute(select(_leads).where(_leads.c.phone == phone)).one()


def placing(database_url: str) -> set[str]:
    """The attempts whose calls are being placed, by the database of a process that has just died."""
    with opened(database_url) as connection:
        if connection.dialect.name == "postgresql":  # a commit that was under way may be carried out after the death
            ours = "datname = current_database() AND backend_type = 'client backend'"  # and no vacuum that happens to run
            others = text(f"SELECT count(*) FROM pg_stat_activity WHERE {ours} AND pid <> pg_backend_pid()")
            wait_until(lambda: connection.execute(others).scalar_one() == 0, "the server has noticed the death")
    with opened(database_url) as connection:
        return set(connection.execute(select(_calls.c.idempotency_key).where(_calls.c.state == "placing")).scalars())


def invites(out: Path) -> Counter[str]:
    """How often each attempt reached the callees' network."""
    return Counter(line["attempt"] for line in network_log(out) if line["event"] == "invite")


def check_everything_settled(database_url: str, out: Path, may_be_held: set[str]) -> Records:
    """Check what must be true once a campaign is over; returns what the database says."""
    with opened(database_url) as connection:
        records = Records(connection)
    assert {lead.state for lead in records.leads} <= set(FINAL)
    _check_the_callees_side(records, out)
    held = {attempt.id for attempt in records.attempts if attempt.state == "held"}
    assert held <= may_be_held
    assert {lead.attempt_id for lead in records.leads if lead.state == "held"} == held
    assert {attempt.state for attempt in records.attempts} <= {"ended", "held"}

    assert {call.state for call in records.calls} <= {"done"}
    assert records.seats_taken == 0
    assert records.workers_left == 0
    assert [campaign.owner_token for campaign in records.campaigns] == [None]
    assert {delivery.state for delivery in records.deliveries} <= {"delivered"}
    _check_results(records, out)
    _check_time(records)
    return records


def _check_the_callees_side(records: Records, out: Path) -> None:
    rang = invites(out)
    assert not {attempt: times for attempt, times in rang.items() if times > 1}
    ours = {attempt.id: attempt for attempt in records.attempts}
    assert set(rang) <= set(ours)
    of_lead = Counter(attempt.lead_id for attempt in records.attempts if attempt.charged)
    assert {lead.id: lead.attempts for lead in records.leads} == {lead.id: of_lead[lead.id] for lead in records.leads}
    surely_placed = {a.id for a in records.attempts if a.state == "ended" and (a.phone_rang or a.sip_status)}
    assert surely_placed <= set(rang)
    assert {call.idempotency_key for call in records.calls} >= set(rang)


def _check_results(records: Records, out: Path) -> None:
    results = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(result["session_id"] for result in results) == sorted(call.call_id for call in records.calls)
    assert all(result["call_duration_seconds"] >= 0 for result in results)


def _check_time(records: Records) -> None:
    """Time never goes back, however often the clock was started anew."""
    at: dict[Any, Any] = {}
    for row in records.history:
        assert row.at >= at.get(row.lead_id, row.at), f"the history of lead {row.lead_id} goes back in time"
        at[row.lead_id] = row.at
    for row in records.events:
        assert row.at >= at.get(row.call_id, row.at), f"the events of call {row.call_id} go back in time"
        at[row.call_id] = row.at
