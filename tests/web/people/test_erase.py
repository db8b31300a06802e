"""An erased person: after a real run, no table and no file of ours says who they were or what they said, and the figures are the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, insert, inspect, select, text, update

from core.access.person_keys import ERASED as SEALED_ERASED
from core.access.person_keys import PersonKeys
from core.calls.tables import Call
from core.deliveries.tables import Delivery
from core.desk.tables import Handoff, HandoffEvent
from core.kernel.database import Database
from core.kernel.erasure import NotErasable
from core.kernel.persons import PersonNumber
from core.kernel.secrets import SecretBox
from core.kernel.statements import table_of
from core.people import erasing
from core.recordings.link_keys import LinkKeys
from core.recordings.recordings import Recordings
from core.recordings.store import add_waiting
from core.recordings.tables import Recording
from core.storage.base import StorageError
from core.storage.local import LocalStore
from core.suppressions.store import add as suppress
from core.suppressions.store import is_suppressed
from dialler.imports.options import ImportOptions
from dialler.imports.tables import RejectedRow
from dialler.leads.tables import Attempt, Lead, LeadHistory
from tests.web.run.folders import START, make_folder, open_folder, settings_for
from tests.web.run.test_run import SAMPLE_PUSH
from web.console.audit.log import Actor, AuditFilter, Entry, add_entry, broken_at, list_entries
from web.people import whole
from web.people.whole import Place, erase, export, show
from web.run.reporters import Reporter
from web.run.session import run_folder

NOW = START + timedelta(days=30)
PERSON, SECOND = "+12025550104", "+12025550155"
OTHERS = ["+12025550107", "+12025550108", "+12025550130"]
NAME = "Quillonia Abernathy"
ACTOR = Actor(None, "tester")
_calls, _leads, _recordings, _rejected = table_of(Call), table_of(Lead), table_of(Recording), table_of(RejectedRow)
_attempts, _deliveries = table_of(Attempt), table_of(Delivery)


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Any:
    """A run that is over, with a person of two numbers, a recording, a hand-off, a rejected row and an entry of the audit log."""
    folder = make_folder(tmp_path / "campaign", [PERSON, *OTHERS], bot=SAMPLE_PUSH)
    lines = (folder / "leads.csv").read_text().splitlines()
    rows = [f"phone,home phone,{lines[0].partition(',')[2]}", *(f"{row.partition(',')[0]},,{row.partition(',')[2]}" for row in lines[1:])]
    rows[1] = f"{PERSON},{SECOND},{NAME},987654,LNQ9911"
    rows.append(f"(202) 555-0104,,{NAME},1,LNQ9911")
    (folder / "leads.csv").write_text("\n".join(rows) + "\n")
    (folder / "campaign.yaml").write_text("name: campaign\ndefault_region: US\nphone_columns: [phone, home phone]\n")
    out = tmp_path / "out"
    out.mkdir()
    opened = replace(open_folder(folder), import_options=ImportOptions(default_region="US", phone_columns=("phone", "home phone")))
    asyncio.run(run_folder(opened, settings_for(out, database_url), out, Reporter()))
    database = Database(database_url)
    recordings = Recordings(
        LocalStore(out / "recordings", stands_for="recordings"), out / "spool", "", LinkKeys((b"r" * 32,), (b"s" * 32,))
    )
    yield _with_more(Place(database, recordings, PersonKeys(SecretBox([Fernet.generate_key().decode()])), out))
    database.close()


def _with_more(place: Place) -> Place:
    with place.db.write() as connection:
        calls = connection.execute(select(_calls).where(_calls.c.phone == PERSON)).all()
        assert calls
        for number, call in enumerate(calls):
            key = f"recordings/{call.call_id}.wav"
            add_waiting(connection, call.call_id, key, place.recordings.host, NOW, None)
            place.recordings.spool.mkdir(exist_ok=True)
            place.recordings.file_of(call.call_id).write_bytes(f"RIFF {NAME}".encode())
            handoff = {"id": f"h{number}", "call_id": call.call_id, "bot_id": call.bot_id, "queue": "q", "language": "en", "target": "t"}
            said = {"caller": PERSON, "reason": NAME, "summary": NAME, "transcript": [{"text": NAME}], "crm": {"n": NAME}, "notes": NAME}
            times = {"created_at": NOW, "wait_until": NOW, "claim_seconds": 1.0}
            connection.execute(insert(table_of(Handoff)).values(**handoff, **said, **times, state="expired"))
            connection.execute(insert(table_of(HandoffEvent)).values(handoff_id=f"h{number}", seq=1, at=NOW, kind="x", detail=NAME))
        lead = connection.execute(select(_leads.c.id).where(_leads.c.phone == PERSON)).scalar_one()
        connection.execute(update(_leads).where(_leads.c.id == lead).values(note=NAME))
        connection.execute(update(table_of(LeadHistory)).where(table_of(LeadHistory).c.lead_id == lead).values(note=f"{NAME} {PERSON}"))
        sealed = place.keys.seal(connection, PERSON, NAME, NOW)
        add_entry(connection, ACTOR, Entry("lead.note", "lead", after={"note": sealed}), NOW)
    asyncio.run(place.recordings.store.put_file(f"recordings/{calls[0].call_id}.wav", place.recordings.file_of(calls[0].call_id)))
    uploads = place.data_folder / "console-uploads"
    uploads.mkdir()
    (uploads / "a.csv").write_text(f"phone,name\n202-555-0104,{NAME}\n")
    (uploads / "a.json").write_text(json.dumps({"name": NAME}))
    (uploads / "b.csv").write_text(f"phone,name\n{OTHERS[0]},Ben\n")
    return place


def everything(db: Database, *, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Every table as text."""
    with db.read() as connection:
        names = [name for name in inspect(connection).get_table_names() if name not in but]
        return {name: repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names}


def said_by(place: Place) -> set[str]:
    """What was said in the person's calls, of which nobody else's calls have a word: their name and the amount."""
    with place.db.read() as connection:
        results = connection.execute(select(_calls.c.result).where(_calls.c.phone.in_([PERSON, SECOND]))).scalars().all()
    spoken = " ".join(line["text"] for result in results for line in result["transcript"])
    assert "Quillonia" in spoken
    return {"Quillonia", "Abernathy", "987654", "LNQ9911", "2025550104", "2025550155", "202) 555-0104", "202-555-0104"}


def figures(db: Database) -> dict[str, Any]:
    """What reports count by."""
    with db.read() as connection:
        attempts = connection.execute(
            select(_attempts.c.disposition, _attempts.c.outcome, func.count()).group_by(_attempts.c.disposition, _attempts.c.outcome)
        ).all()
        states = connection.execute(select(_leads.c.state, func.count()).group_by(_leads.c.state)).all()
        rows = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (_calls, _deliveries, _rejected)]
    return {"attempts": sorted(map(str, attempts)), "leads": sorted(map(str, states)), "rows": rows}


def test_nothing_tells_of_an_erased_person(place: Place) -> None:
    words, before = said_by(place), figures(place.db)
    assert any(word in table for table in everything(place.db).values() for word in words)
    found = show(place.db, SECOND)  # by any of their numbers
    assert found["numbers"] == [PERSON, SECOND]
    assert {"leads", "attempts", "calls", "call_events", "recordings", "deliveries", "handoffs", "rejected_rows"} <= {
        name for name, count in found["counts"].items() if count
    }
    assert NAME in json.dumps(export(place.db, PERSON), default=str)
    done = asyncio.run(erase(place, SECOND, ACTOR, NOW))
    assert done.counts()["calls"] >= 1
    assert done.counts()["recordings"] >= 1
    assert (done.uploads, done.logs) == (1, 1)
    for name, table in everything(place.db).items():
        assert not [word for word in words if word in table], name
    named = " ".join(done.not_reached)
    for file in (path for path in place.data_folder.rglob("*") if path.is_file() and str(path) not in named):
        content = file.read_bytes()
        assert not [word for word in words if word.encode() in content], file
    if not place.db.is_postgresql:
        content = Path(str(place.db.url).removeprefix("sqlite:///")).read_bytes()
        assert not [word for word in words if word.encode() in content]
    assert figures(place.db) == before
    assert "Backups" in named
    assert "leads.csv" in named
    assert (place.data_folder / "console-uploads" / "b.csv").exists()


def test_others_are_left_alone_and_the_audit_log_stays_whole(place: Place) -> None:
    def others() -> list[str]:
        return [json.dumps(export(place.db, number), default=str, sort_keys=True) for number in OTHERS]

    before = others()
    asyncio.run(erase(place, PERSON, ACTOR, NOW))
    assert others() == before
    with place.db.read() as connection:
        assert broken_at(connection) is None
        last, noted = list_entries(connection, AuditFilter(), limit=2)
        assert place.keys.reveal(connection, noted.after["note"]) == SEALED_ERASED
    assert last.action == "person.erase"
    assert last.after["leads"] == 1


def test_it_can_be_done_again_and_finishes_what_was_interrupted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said_by(place)
    delete = LocalStore.delete

    async def fail(self: LocalStore, key: str) -> bool:
        raise StorageError("the disk is away")

    monkeypatch.setattr(LocalStore, "delete", fail)
    with pytest.raises(StorageError):
        asyncio.run(erase(place, PERSON, ACTOR, NOW))
    monkeypatch.setattr(LocalStore, "delete", delete)
    asyncio.run(erase(place, PERSON, ACTOR, NOW))
    again = asyncio.run(erase(place, PERSON, ACTOR, NOW))
    assert not any(again.counts().values())
    assert not [word for word in words for table in everything(place.db).values() if word in table]


@pytest.mark.parametrize("step", ["_erase_some", "_erase_leads", "_is_left", "blot_logs", "forget_person", "add_entry"])
def test_a_process_that_dies_in_between_loses_nothing(place: Place, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said_by(place)

    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(erasing if step == "_erase_some" else whole, step, die)
        with pytest.raises(Died):
            asyncio.run(erase(place, SECOND, ACTOR, NOW))
    asyncio.run(erase(place, SECOND, ACTOR, NOW))
    assert not [word for word in words for table in everything(place.db).values() if word in table]
    assert not [word for word in words if word.encode() in (place.data_folder / "network.jsonl").read_bytes()]


def test_the_suppression_stays_and_one_can_be_added(place: Place) -> None:
    with place.db.write() as connection:
        suppress(connection, PERSON, reason=f"{NAME} wrote to us", source="operator", now=NOW)
    done = asyncio.run(erase(place, PERSON, ACTOR, NOW))
    assert done.suppressed
    with place.db.read() as connection:
        assert is_suppressed(connection, PERSON, "real")
        assert not is_suppressed(connection, OTHERS[0], "real")
    assert not any("Abernathy" in table for table in everything(place.db).values())
    asyncio.run(erase(place, OTHERS[0], ACTOR, NOW, suppress=True))
    with place.db.read() as connection:
        assert is_suppressed(connection, OTHERS[0], "real")
        assert not connection.execute(select(table_of(PersonNumber))).all()


@pytest.mark.parametrize("state", ["dialling", "held", "staged"])
def test_who_is_being_dialled_is_not_erased(place: Place, state: str) -> None:
    lease = {"lease_token": "x"} if state == "dialling" else {}
    with place.db.write() as connection:
        connection.execute(update(_leads).where(_leads.c.phone == PERSON).values(state=state, **lease))
    before = everything(place.db)
    with pytest.raises(NotErasable):
        asyncio.run(erase(place, PERSON, ACTOR, NOW))
    assert everything(place.db) == before


def test_who_is_in_a_call_is_not_erased(place: Place) -> None:
    with place.db.write() as connection:
        call_id = connection.execute(select(_calls.c.call_id).where(_calls.c.phone == PERSON).limit(1)).scalar_one()
        connection.execute(update(_calls).where(_calls.c.call_id == call_id).values(state="finishing"))
    with pytest.raises(NotErasable, match="is in a call"):
        asyncio.run(erase(place, PERSON, ACTOR, NOW))
    with place.db.read() as connection:
        assert connection.execute(select(_leads.c.variables).where(_leads.c.phone == PERSON)).scalar_one()["customer_name"] == NAME


def test_a_push_that_is_not_out_yet_is_not_sent_and_not_replayed(place: Place) -> None:
    with place.db.write() as connection:
        call_id = connection.execute(select(_calls.c.call_id).where(_calls.c.phone == PERSON).limit(1)).scalar_one()
        mine = _deliveries.c.call_id == call_id
        connection.execute(update(_deliveries).where(mine).values(state="pending", delivered_at=None))
    asyncio.run(erase(place, PERSON, ACTOR, NOW))
    with place.db.read() as connection:
        rows = connection.execute(select(_deliveries).where(mine)).all()
    assert {(row.state, str(row.body), row.last_error) for row in rows} == {("skipped", "{}", "the person was erased")}


def test_a_recording_on_another_machine_is_left_to_it_and_named(place: Place) -> None:
    with place.db.write() as connection:
        connection.execute(update(_recordings).values(host="elsewhere"))
    done = asyncio.run(erase(place, PERSON, ACTOR, NOW))
    assert any("elsewhere" in line for line in done.not_reached)
    with place.db.read() as connection:
        assert set(connection.execute(select(_recordings.c.delete_at)).scalars()) == {NOW}


def test_sqlite_can_still_be_opened(place: Place) -> None:
    asyncio.run(erase(place, PERSON, ACTOR, NOW))
    if not place.db.is_postgresql:
        with sqlite3.connect(str(place.db.url).removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
