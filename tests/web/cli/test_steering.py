"""Campaigns and leads, looked at and steered through the command line, on both databases."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.kernel.clock import RealClock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import ProcessIdentity, this_process
from core.kernel.statements import table_of
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.owner import acquire
from dialler.campaigns.store import change_state, create_campaign, read_campaign
from dialler.imports.options import ImportOptions
from dialler.imports.staging import import_file
from dialler.leads.claims import claim
from dialler.leads.placements import mark_placed
from dialler.leads.results import receive_result
from dialler.leads.tables import Attempt, Lead
from tests.web.cli.conftest import LEADS, Dialler, json_of

NOT_SET = {name for name, field in CampaignConfig.model_fields.items() if field.default is None}
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
_leads = table_of(Lead)
_attempts = table_of(Attempt)

Make = Callable[..., str]


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Make:
    """A running campaign with three leads."""

    def make_(name: str = "Spring reminders", owner: ProcessIdentity | None = None) -> str:
        campaign_id = Ids().new()
        with database.write() as connection:
            create_campaign(connection, campaign_id, name, "reminder", {"name": name, "max_attempts": 2}, NOW)
            change_state(connection, campaign_id, "start", NOW)
            if owner is not None:
                acquire(connection, campaign_id, "token", owner, utc_now())
        (tmp_path / "leads.csv").write_text(LEADS.lstrip())
        clock = RealClock(start=NOW)
        import_file(database, clock, Ids(), campaign_id, tmp_path / "leads.csv", source_name="leads.csv", options=ImportOptions())
        return campaign_id

    return make_


def hold(database: Database, campaign_id: str, count: int = 1) -> list[int]:
    """Let attempts end as "may have been dialled"; returns their leads."""
    with database.write() as connection:
        claims = claim(connection, Ids(), campaign_id, "token", count, NOW)
        for taken in claims:
            call_id = secrets.token_hex(8)
            mark_placed(connection, taken, "token", call_id, NOW)
            result: dict[str, Any] = {
                "session_id": call_id,
                "idempotency_key": taken.attempt_id,
                "disconnected_by": "error",
                "disposition": "UNKNOWN",
                "may_have_been_dialled": True,
            }
            assert receive_result(connection, Ids(), result, NOW).status == "applied"
    return [taken.lead_id for taken in claims]


def row_of(database: Database, lead_id: int) -> Any:
    with database.read() as connection:
        return connection.execute(select(_leads).where(_leads.c.id == lead_id)).one()


def state_of(database: Database, campaign_id: str) -> str:
    with database.read() as connection:
        return str(read_campaign(connection, campaign_id).state)


def test_looking(dialler: Dialler, make: Make, database_url: str) -> None:
    campaign_id = make()
    (row,) = json_of(dialler("campaigns", "list", "--json", "-d", database_url))
    assert (row["name"], row["state"], row["leads"], row["runs"]) == ("Spring reminders", "running", 3, False)
    assert json_of(dialler("campaigns", "show", campaign_id, "--json", "-d", database_url))["leads_by_state"] == {"pending": 3}
    shown = dialler("campaigns", "show", "Spring reminders", "-d", database_url).stdout
    assert "3, 0 done, 3 waiting" in shown
    for setting, value in (("max_attempts", "2"), ("calling_window", "at any time"), ("retry.no_answer", "again after 30m")):
        assert re.search(rf"^{setting} +{value}", shown, re.MULTILINE), shown
    assert not set(CampaignConfig.model_fields) - {"name", "retry"} - set(re.findall(r"^(\w+)", shown, re.MULTILINE)) - NOT_SET
    assert "Did you mean 'Spring reminders'" in dialler("campaigns", "show", "spring remider", "-d", database_url, code=2).stderr
    assert "Did you mean 'Spring reminders'" in dialler("campaigns", "pause", "spring", "-d", database_url, code=2).stderr


def test_pause_resume_stop(dialler: Dialler, make: Make, database: Database, database_url: str) -> None:
    campaign_id, where = make(), ("Spring reminders", "-d", database_url)
    text = dialler("campaigns", "pause", *where).stdout
    assert "is paused" in text
    assert "No new call leaves." in text
    assert state_of(database, campaign_id) == "paused"
    assert "No process dials" in dialler("campaigns", "resume", *where).stdout
    assert state_of(database, campaign_id) == "running"
    assert json_of(dialler("campaigns", "stop", *where, "--json"))["state"] == "stopped"
    assert {row["state"] for row in json_of(dialler("leads", "list", "--json", "-d", database_url))} == {"stopped"}
    assert "cannot resume" in dialler("campaigns", "resume", *where, code=1).stderr


def test_a_live_owner_is_shown_and_finishes_its_calls(dialler: Dialler, make: Make, database: Database, database_url: str) -> None:
    campaign_id = make(owner=this_process())
    assert json_of(dialler("campaigns", "list", "--json", "-d", database_url))[0]["runs"] is True
    with database.write() as connection:
        (taken,) = claim(connection, Ids(), campaign_id, "token", 1, NOW)
        mark_placed(connection, taken, "token", "call", NOW)
    text = dialler("campaigns", "stop", "Spring reminders", "-d", database_url).stdout
    assert "stopping" in text
    assert "1 call in progress is being finished" in text
    assert "being ended" in dialler("campaigns", "stop", "Spring reminders", "--end-calls", "-d", database_url).stdout
    with database.read() as connection:
        assert read_campaign(connection, campaign_id).end_calls


def test_a_dead_owner_is_no_owner(dialler: Dialler, make: Make, database_url: str) -> None:
    dead = ProcessIdentity(this_process().host, this_process().pid, 1.0)
    make(owner=dead)
    assert json_of(dialler("campaigns", "list", "--json", "-d", database_url))[0]["runs"] is False


def test_leads(dialler: Dialler, make: Make, database_url: str) -> None:
    make()
    make("Second")
    where = ("-d", database_url)
    rows = json_of(dialler("leads", "list", "-c", "Second", "--json", *where))
    assert [row["phone"] for row in rows] == ["+999555501000", "+999555501010", "+999555501050"]
    assert len(json_of(dialler("leads", "list", "--json", *where))) == 6
    assert "1 of 6 leads" in dialler("leads", "list", "-n", "1", *where).stdout
    assert json_of(dialler("leads", "list", "--state", "held", "--json", *where)) == []
    assert "Did you mean 'pending'" in dialler("leads", "list", "--state", "pendig", *where, code=2).stderr
    assert "several campaigns" in dialler("leads", "show", "+999555501000", *where, code=2).stderr
    shown = json_of(dialler("leads", "show", "+999 5555 01000", "-c", "Second", "--json", *where))
    assert (shown["variables"]["customer_name"], shown["attempt_list"]) == ("Asha Rao", [])
    assert [event["event"] for event in shown["history"]] == ["activated"]
    assert "lease_token" not in shown
    assert "Asha Rao" in dialler("leads", "show", str(shown["id"]), *where).stdout
    assert "There is no lead 99999" in dialler("leads", "show", "99999", *where, code=2).stderr
    assert "neither" in dialler("leads", "show", "Asha", *where, code=2).stderr


def test_held_leads_are_listed_and_resolved(dialler: Dialler, make: Make, database: Database, database_url: str) -> None:
    campaign_id, where = make(owner=this_process()), ("-d", database_url)
    dialled, not_dialled = hold(database, campaign_id, 2)
    with database.write() as connection:
        connection.execute(
            update(_leads).where(_leads.c.campaign_id == campaign_id, _leads.c.state == "pending").values(state="stopped", queue=None)
        )
        change_state(connection, campaign_id, "finished", NOW)
    assert [row["id"] for row in json_of(dialler("leads", "held", "--json", *where))] == [dialled, not_dialled]
    assert "resolve" in dialler("leads", "held", *where).stdout
    assert "Say what is true" in dialler("leads", "resolve", str(dialled), *where, code=2).stderr

    assert "not dialled again" in dialler("leads", "resolve", str(dialled), "--dialled", *where).stdout
    row = row_of(database, dialled)
    assert (row.state, row.attempts, row.attempt_id) == ("completed", 1, None)

    assert "dialler run" in dialler("leads", "resolve", str(not_dialled), "--not-dialled", *where).stdout
    row = row_of(database, not_dialled)
    assert (row.state, row.queue, row.attempts, row.uncharged, row.attempt_id) == ("pending", 1, 0, 1, None)
    shown = json_of(dialler("leads", "show", str(not_dialled), "--json", *where))
    assert shown["history"][-1]["event"] == "resolved_as_not_dialled"
    assert (shown["attempt_list"][0]["state"], shown["attempt_list"][0]["charged"]) == ("ended", False)

    assert "not held" in dialler("leads", "resolve", str(dialled), "--not-dialled", *where, code=1).stderr
    assert json_of(dialler("leads", "held", "--json", *where)) == []

    with database.write() as connection:  # it is dialled again, under a new id
        change_state(connection, campaign_id, "start", NOW)
        (taken,) = claim(connection, Ids(), campaign_id, "token", 5, NOW)
    assert taken.lead_id == not_dialled
    assert taken.attempt_id != shown["attempt_list"][0]["id"]
