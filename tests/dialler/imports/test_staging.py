"""Imports into a database: whole or not at all, twice without effect, and what a crash leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from core.kernel.clock import RealClock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import ProcessIdentity, this_process
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.imports import staging, store
from dialler.imports.errors import ImportInProgress, LeadFileError
from dialler.imports.options import ColumnValues, ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.progress import progress
from dialler.leads.tables import Lead, LeadHistory
from tests.conftest import START

_leads = table_of(Lead)
_imports = table_of(LeadImport)
_rejected = table_of(RejectedRow)
_history = table_of(LeadHistory)
A, B, C = "+447700900123", "+447700900124", "+447700900125"
Import = Callable[..., ImportReport]


@pytest.fixture
def campaign(database: Database) -> str:
    with database.write() as connection:
        for name in ("c", "other"):
            create_campaign(connection, name, name, "bot", {}, START)
    return "c"


@pytest.fixture
def do_import(database: Database, campaign: str, tmp_path: Path) -> Import:
    def run(content: str, campaign_id: str = campaign, **options: Any) -> ImportReport:
        path = tmp_path / "leads.csv"
        path.write_text(content)
        clock = RealClock(start=START)
        return import_file(database, clock, Ids(1), campaign_id, path, source_name="leads.csv", options=ImportOptions(**options))

    return run


def rows(database: Database, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*(table.c[name] for name in columns)).order_by(table.c.id))]


def count(database: Database, table: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_leads_become_pending_with_their_history(database: Database, do_import: Import) -> None:
    report = do_import(f"phone,name\n{A},Ann\nbad,x\n{B},王\n{A},y\n")
    assert (report.rows_read, report.imported, report.rejected, report.duplicates, report.already_there) == (4, 2, 2, 1, 0)
    assert rows(database, _leads, "position", "line", "phone", "variables", "state", "queue", "attempts") == [
        (1, 2, A, {"name": "Ann"}, "pending", 1, 0),
        (2, 4, B, {"name": "王"}, "pending", 1, 0),
    ]
    with database.read() as connection:
        due = {row.due_at for row in connection.execute(select(_leads.c.due_at))}
        assert len(due) == 1
        assert START <= due.pop() <= START + timedelta(minutes=5)
        assert report.import_id is not None
        assert [(row.line, row.kind) for row in store.rejected_rows(connection, report.import_id)] == [(3, "phone"), (5, "duplicate")]
        assert store.latest_import(connection, "c") == report
    assert rows(database, _history, "from_state", "event", "to_state") == [("staged", "activated", "pending")] * 2


def test_the_same_file_twice_changes_nothing(database: Database, do_import: Import) -> None:
    first = do_import(f"phone,name\n{A},Ann\nbad,x\n")
    second = do_import(f"phone,name\n{A},Ann\nbad,x\n")
    assert second.unchanged
    assert (second.imported, second.already_there, second.rejected, second.import_id) == (0, 1, 1, first.import_id)
    assert "already" in second.lines()[0]
    assert (count(database, _imports), count(database, _leads), count(database, _history)) == (1, 1, 1)


def test_the_same_file_read_in_another_way_is_read_again(database: Database, do_import: Import) -> None:
    assert do_import("phone,name\n07700 900123,Ann\n").imported == 0
    report = do_import("phone,name\n07700 900123,Ann\n", default_region="GB")
    assert (report.unchanged, report.imported) == (False, 1)


def test_a_changed_file_adds_what_is_new_and_keeps_what_is_there(database: Database, do_import: Import) -> None:
    do_import(f"phone,name\n{A},Ann\n{B},Bob\n")
    with database.write() as connection:
        connection.execute(update(_leads).where(_leads.c.phone == A).values(state="completed", queue=None, due_at=None, disposition="paid"))
    report = do_import(f"phone,name\n{C},Cy\n{A},Anna\n{B},Bob\n{C},again\n")
    assert (report.imported, report.already_there, report.already_there_differ, report.duplicates) == (1, 2, 1, 1)
    assert rows(database, _leads, "phone", "state", "variables") == [
        (A, "completed", {"name": "Ann"}),
        (B, "pending", {"name": "Bob"}),
        (C, "pending", {"name": "Cy"}),
    ]
    assert report.rows_read == report.imported + report.already_there + report.rejected


def test_a_number_that_is_there_already_can_be_a_duplicate_too(do_import: Import) -> None:
    do_import(f"phone\n{A}\n")
    report = do_import(f"phone,name\n{A},x\n{A},y\n{B},z\n")
    assert (report.imported, report.already_there, report.duplicates) == (1, 1, 1)


def test_campaigns_do_not_share_leads(do_import: Import) -> None:
    assert do_import(f"phone\n{A}\n").imported == 1
    report = do_import(f"phone\n{A}\n", campaign_id="other")
    assert (report.imported, report.unchanged) == (1, False)


def many(number: int) -> str:
    return "phone,name\n" + "".join(f"+9990000{index:04},name {index}\n" for index in range(number)) + "bad,x\n"


@pytest.mark.parametrize("failing", ["add_leads", "add_rejected", "activate_leads", "close_import"])
def test_a_failure_in_the_middle_leaves_nothing(
    failing: str, database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_CHUNK", 100)
    do_import(f"phone,name\n{A},Ann\n")
    seen: list[int] = []
    original = getattr(store, failing)

    def fails(connection: Any, *arguments: Any, **named: Any) -> Any:
        if failing == "close_import" and arguments[1] == "discarded":
            return original(connection, *arguments, **named)
        result = original(connection, *arguments, **named)
        seen.append(1)
        if len(seen) >= (3 if failing in {"add_leads", "add_rejected"} else 1):
            raise OSError("the disk is full")
        return result

    monkeypatch.setattr(store, failing, fails)
    with pytest.raises(OSError, match="disk is full"):
        do_import(many(550))
    assert rows(database, _leads, "phone", "state") == [(A, "pending")]
    assert count(database, _rejected) == 0
    assert [state for (state,) in rows(database, _imports, "state")].count("active") == 1
    monkeypatch.undo()
    assert do_import(many(550)).imported == 550


def test_nothing_is_visible_before_the_end(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_CHUNK", 100)
    original = store.activate_leads
    visible = []

    def look(*arguments: Any) -> int:
        activated = original(*arguments)
        with database.read() as other:  # another connection, while the transaction is open
            visible.append(progress(other, "c").leads)
            visible.append(other.execute(select(func.count()).select_from(_leads).where(_leads.c.queue.is_not(None))).scalar_one())
            assert progress(other, "c").by_state == {"staged": 550}
        return activated

    monkeypatch.setattr(store, "activate_leads", look)
    do_import(many(550))
    assert visible == [0, 0]
    with database.read() as connection:
        assert progress(connection, "c").by_state == {"pending": 550}


def test_activation_in_parts_is_still_one_transaction(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_ACTIVATED_AT_ONCE", 37)
    assert do_import(many(200)).imported == 200
    assert count(database, _history) == 200


class Died(BaseException):
    """The process was killed: nothing is cleaned up."""


def crash(do_import: Import, monkeypatch: pytest.MonkeyPatch, owner: ProcessIdentity) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(staging, "_CHUNK", 100)
        patched.setattr(staging, "this_process", lambda: owner)
        patched.setattr(store, "activate_leads", lambda *_: (_ for _ in ()).throw(Died()))
        patched.setattr(staging._Staging, "discard", lambda self: None)
        with pytest.raises(Died):
            do_import(many(250))


def dead_process() -> ProcessIdentity:
    here = this_process()
    return ProcessIdentity(here.host, here.pid, here.started - 1000)  # the number is used again by another process


def test_what_a_crash_left_is_removed_by_the_next_import(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(do_import, monkeypatch, dead_process())
    assert {state for (state,) in rows(database, _leads, "state")} == {"staged"}
    monkeypatch.setattr(staging, "_DELETED_AT_ONCE", 40)
    report = do_import(f"phone,name\n+99900000007,Ann\n{A},Bob\n")
    assert (report.imported, report.already_there) == (2, 0)
    assert rows(database, _leads, "phone", "state", "position") == [("+99900000007", "pending", 1), (A, "pending", 2)]
    assert rows(database, _rejected, "id") == []
    assert sorted(state for (state,) in rows(database, _imports, "state")) == ["active", "discarded"]


def test_an_import_beside_a_live_one_is_refused(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(do_import, monkeypatch, this_process())
    with pytest.raises(ImportInProgress, match="under way"):
        do_import(f"phone\n{A}\n")
    assert do_import(f"phone\n{A}\n", campaign_id="other").imported == 1


def test_a_silent_import_of_another_machine_is_taken_over_and_fenced(
    database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(do_import, monkeypatch, ProcessIdentity("elsewhere", os.getpid(), 0.0))
    with pytest.raises(ImportInProgress):
        do_import(f"phone\n{A}\n")
    with database.write() as connection:
        late = connection.execute(select(_imports.c.id).where(_imports.c.state == "staged")).scalar_one()
        connection.execute(update(_imports).values(alive_at=utc_now() - timedelta(minutes=11)))
    assert do_import(f"phone\n{A}\n").imported == 1
    with database.write() as connection:  # the late writer changes nothing
        assert not store.keep_alive(connection, late, utc_now())
        assert not store.close_import(connection, late, "active", START, {})
        assert store.activate_leads(connection, late, START) == 0


def test_losing_the_import_while_staging_stops_it(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_CHUNK", 100)
    original = store.add_leads

    def taken_away(connection: Any, campaign_id: str, import_id: str, *arguments: Any, **named: Any) -> int:
        added = original(connection, campaign_id, import_id, *arguments, **named)
        store.close_import(connection, import_id, "discarded", START, {})
        return added

    monkeypatch.setattr(store, "add_leads", taken_away)
    with pytest.raises(ImportInProgress, match="presumed this import dead"):
        do_import(many(250))
    assert count(database, _leads) == 0


def test_the_database_allows_one_staged_import_a_campaign(database: Database, campaign: str) -> None:
    from sqlalchemy.exc import IntegrityError

    def new(name: str) -> store.NewImport:
        return store.NewImport(name, campaign, "f", "0", START, this_process())

    with database.write() as connection:
        store.add_import(connection, new("one"), START)
    with pytest.raises(IntegrityError), database.write() as connection:
        store.add_import(connection, new("two"), START)


def test_two_imports_that_begin_together(database: Database, do_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(do_import, monkeypatch, this_process())
    monkeypatch.setattr(store, "staged_imports", lambda *_: [])  # as if the other had begun a moment later
    with pytest.raises(ImportInProgress):
        do_import(f"phone\n{A}\n")


def test_a_file_that_cannot_be_used_leaves_no_trace(database: Database, do_import: Import) -> None:
    with pytest.raises(LeadFileError):
        do_import("name\nAnn\n")
    assert count(database, _imports) == 0


def test_a_file_with_no_good_row_is_an_import_of_nothing(database: Database, do_import: Import) -> None:
    report = do_import("phone,name\nbad,Ann\n")
    assert (report.imported, report.rejected) == (0, 1)
    assert rows(database, _imports, "state") == [("active",)]


def test_progress_is_told(database: Database, campaign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_CHUNK", 100)
    path = tmp_path / "leads.csv"
    path.write_text(many(250))
    said: list[int] = []
    import_file(database, RealClock(start=START), Ids(), campaign, path, source_name="x", options=ImportOptions(), progress=said.append)
    assert said == [100, 200, 251]


def test_equal_seeds_give_equal_imports(database: Database, do_import: Import) -> None:
    report = do_import(f"phone\n{A}\n")
    assert report.import_id == Ids(1).new("import", "c", 1)


def test_awkward_values_can_be_stored(database: Database, do_import: Import) -> None:
    do_import(f'phone,note\n{A},"a\0b\U0001f389 \\u0000 {{""k"": 1}} \'; DROP TABLE leads"\n"bad\0",x\n')
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM leads")).scalar_one() == 1
    assert rows(database, _leads, "variables") == [({"note": 'ab\U0001f389 \\u0000 {"k": 1} \'; DROP TABLE leads'},)]
    assert rows(database, _rejected, "value") == [("bad\ufffd",)]


def test_a_later_file_that_says_not_to_call_ends_waiting_leads(database: Database, do_import: Import) -> None:
    do_import(f"phone,name\n{A},Ann\n{B},Ben\n{C},Cy\n")
    with database.write() as connection:
        connection.execute(update(_leads).where(_leads.c.phone == C).values(state="completed", queue=None, due_at=None))
    report = do_import(f"phone,name,DNC\n{A},Ann,no\n{B},Ben,yes\n{C},Cy,yes\n")
    assert (report.already_there, report.already_there_suppressed, report.rejected_by_kind) == (1, 1, {"consent": 2})
    assert rows(database, _leads, "phone", "state", "queue", "due_at")[1] == (B, "suppressed", None, None)
    assert [state for _, state in rows(database, _leads, "phone", "state")] == ["pending", "suppressed", "completed"]
    assert ("pending", "suppressed", "suppressed") in rows(database, _history, "from_state", "event", "to_state")
    assert any("1 lead of the campaign will not be called" in line for line in report.lines())


def test_the_same_file_with_rules_twice_changes_nothing(do_import: Import) -> None:
    rules = {"suppress_if": (ColumnValues("name", ("ann",)),)}
    assert do_import(f"phone,name\n{A},Ann\n{B},Ben\n", **rules).imported == 1
    assert do_import(f"phone,name\n{A},Ann\n{B},Ben\n", **rules).unchanged
