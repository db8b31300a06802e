"""A lead with several numbers: from its import to its results, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from core.calls.occupied import look_at
from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.persons import PersonNumber, link_numbers
from core.kernel.statements import table_of
from core.suppressions.store import add as suppress
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.leads.claims import Claim, claim, end_undialled
from dialler.leads.export import attempt_rows, lead_columns, lead_rows
from dialler.leads.queries import find_leads
from dialler.leads.queue import promote_due
from dialler.leads.results import receive_result
from dialler.leads.tables import Lead, LeadNumber
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, make_campaign, result_of

NOW = START
A, B, C, D = (f"+1202555011{number}" for number in range(1, 5))
FILE = f"name,Mobile Phone,Home Phone,Business Phone\nAnn,{A},{B},{C}\n"
_leads, _numbers, _persons = table_of(Lead), table_of(LeadNumber), table_of(PersonNumber)


def bring(database: Database, folder: Path, text: str) -> ImportReport:
    path = folder / "leads.csv"
    path.write_text(text)
    return import_file(database, RealClock(start=NOW), Ids(1), CAMPAIGN, path, source_name="leads.csv", options=ImportOptions())


@pytest.fixture
def db(database: Database, tmp_path: Path) -> Database:
    make_campaign(database, NOW)
    assert bring(database, tmp_path, FILE).imported == 1
    return database


def take(db: Database, now: datetime) -> Claim:
    with db.write() as connection:
        promote_due(connection, CAMPAIGN, now)
        (taken,) = claim(connection, Ids(1), CAMPAIGN, TOKEN, 10, now)
        assert claim(connection, Ids(1), CAMPAIGN, TOKEN, 10, now) == []  # never two at once
    return taken


def ends(db: Database, taken: Claim, now: datetime, suppress: Any = None, **result: Any) -> Any:
    with db.write() as connection:
        receive_result(connection, Ids(1), result_of(taken.attempt_id, **result), now, suppress=suppress)
    with db.read() as connection:
        return connection.execute(select(_leads)).one()


NO_ANSWER = {"disconnected_by": "no_answer", "fault": "callee", "phone_rang": True, "answered_at": None}
NOBODY = {"disconnected_by": "error", "fault": "callee", "sip_status": 404, "phone_rang": False, "answered_at": None}


def test_the_numbers_take_turns(db: Database) -> None:
    first = take(db, NOW + timedelta(hours=1))
    assert first.phone == A
    lead = ends(db, first, NOW + timedelta(hours=1), **NO_ANSWER)
    assert (lead.state, lead.place, lead.attempts) == ("retry_scheduled", 1, 1)
    second = take(db, NOW + timedelta(hours=2))
    assert second.phone == B
    lead = ends(db, second, NOW + timedelta(hours=2), **NOBODY)
    assert (lead.state, lead.place) == ("retry_scheduled", 2)
    assert lead.numbers[1]["closed"] == "there is no such number"
    third = take(db, NOW + timedelta(hours=3))
    assert third.phone == C
    lead = ends(db, third, NOW + timedelta(hours=3), disconnected_by="bot", answered_at="2026-03-04T12:00:00+00:00")
    assert (lead.state, lead.phone) == ("completed", A)
    with db.read() as connection:
        rows = list(attempt_rows(connection, CAMPAIGN))
        assert [row[2] for row in rows] == [A, B, C]
        (cells,) = lead_rows(connection, CAMPAIGN, [], lambda *_: "")
        assert dict(zip(lead_columns([]), cells, strict=True))["numbers"] == f"'{A} ::: {B} ::: {C}"
        assert [found.phone for found in find_leads(connection, C)] == [A]


def test_opting_out_on_one_number_holds_for_all(db: Database) -> None:
    told: list[tuple[Sequence[str], str | None]] = []

    def note(connection: Connection, numbers: Sequence[str], lines: str | None, call_id: str, now: datetime) -> None:
        told.append((numbers, lines))

    taken = take(db, NOW + timedelta(hours=1))
    analysis = {"do_not_call": True}
    lead = ends(db, taken, NOW, note, disconnected_by="customer", answered_at="2026-03-04T12:00:00+00:00", post_call_analysis=analysis)
    assert lead.state == "suppressed"
    assert told[0][0] == [A, B, C]


def test_a_number_that_the_core_refuses_gives_way_to_the_next(db: Database) -> None:
    for phone, state in ((A, "retry_scheduled"), (B, "retry_scheduled"), (C, "undialable")):
        taken = take(db, NOW + timedelta(hours=1))
        assert taken.phone == phone
        with db.write() as connection:
            assert end_undialled(connection, taken, TOKEN, "number_refused", "no such number", NOW)
            assert connection.execute(select(_leads.c.state)).scalar_one() == state


def test_a_number_belongs_to_one_lead_of_a_campaign(db: Database, tmp_path: Path) -> None:
    again = bring(db, tmp_path, f"name,Mobile Phone,Home Phone\nBen,{B},\nCy,{D},{C}\n")
    assert (again.imported, again.already_there) == (1, 1)
    with db.read() as connection:
        assert [(row.phone, row.numbers) for row in connection.execute(select(_leads).order_by(_leads.c.id))][1] == (D, None)
        assert sorted(connection.execute(select(_numbers.c.phone)).scalars()) == [B, C]


def test_a_later_mark_on_any_number_suppresses_the_lead(db: Database, tmp_path: Path) -> None:
    report = bring(db, tmp_path, f"phone,DNC\n{C},yes\n{D},\n")
    assert report.already_there_suppressed == 1
    with db.read() as connection:
        assert connection.execute(select(_leads.c.state).where(_leads.c.phone == A)).scalar_one() == "suppressed"


def test_the_numbers_go_with_their_lead(db: Database) -> None:
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM lead_history")
        connection.execute(_leads.delete())
        assert connection.execute(select(_numbers)).all() == []


def test_the_place_of_old_leads_is_the_first(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(_leads).values(numbers=None))
    assert take(db, NOW + timedelta(hours=1)).phone == A


def test_the_numbers_are_one_person_for_all_campaigns(db: Database) -> None:
    """A call on one of them, or an opt-out, holds for the others, whoever dials."""
    with db.write() as connection:
        assert not look_at(connection, C, "sandbox", NOW).suppressed
        suppress(connection, A, reason="asked", source="callee", now=NOW)
        assert look_at(connection, C, "sandbox", NOW).suppressed
        assert not look_at(connection, D, "sandbox", NOW).suppressed


def test_a_number_that_is_somebodys_stays_theirs(database: Database) -> None:
    with database.write() as connection:
        link_numbers(connection, [[A, B], [C, B], [f"{D};ext=1", f"{D};ext=2"], [B, f"{D};ext=1", D]])
        assert {row.phone: row.person for row in connection.execute(select(_persons))} == {A: A, B: A, C: C, D: A}
