"""`dialler leads handoff`: who wants a person, who has them, what came of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.web.cli.conftest import CAMPAIGN, Dialler, json_of, write_folder

WANTS_A_PERSON, PAYS = "+12025550119", "+12025550100"  # by the sandbox's catalogue
LEADS = f"phone,customer_name\n{WANTS_A_PERSON},Asha Rao\n{PAYS},Ben Ode\n"


def run(dialler: Dialler, campaign: str = CAMPAIGN) -> list[dict[str, Any]]:
    """Run a campaign in which one callee asks for a person; the attempts at that lead."""
    write_folder(Path("spring"), leads=LEADS, campaign=campaign)
    dialler("run", "spring", "--start", "2026-03-04T10:00", "--seed", "1", "--out", "out", "--database", "sqlite:///run.db", "--json")
    shown = json_of(dialler("leads", "show", WANTS_A_PERSON, "--database", "sqlite:///run.db", "--json"))
    return list(shown["attempt_list"])


def test_the_bot_calls_once_and_a_person_takes_over(dialler: Dialler) -> None:
    (attempt,) = run(dialler)
    assert attempt["outcome"] == "wants_person"
    (entry,) = json_of(dialler("leads", "handoff", "list", "--database", "sqlite:///run.db", "--json"))
    assert (entry["phone"], entry["state"], entry["campaign"]) == (WANTS_A_PERSON, "waiting", "Spring reminders")
    assert "person" in entry["reason"]
    database = ("--database", "sqlite:///run.db")
    assert "1 lead wants a person" in dialler("desk", "queue", *database).stdout
    assert "--by NAME" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, *database, code=2).stderr
    claimed = dialler("leads", "handoff", "claim", WANTS_A_PERSON, "--by", "Mira", *database).stdout
    assert "is Mira's" in claimed
    assert "nobody is to be called" in claimed  # a rehearsal
    assert "claimed by Mira" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, "--by", "Tom", *database, code=1).stderr
    done = json_of(dialler("leads", "handoff", "done", WANTS_A_PERSON, "--by", "Mira", "--note", "will pay", *database, "--json"))
    assert (done["state"], done["done_by"], done["note"]) == ("done", "Mira", "will pay")
    assert "No lead waits for a person" in dialler("leads", "handoff", "list", *database).stdout
    assert "not on the work list" in dialler("leads", "handoff", "done", PAYS, "--by", "Mira", *database, code=1).stderr


def test_one_callback_by_the_bot_where_the_campaign_says_so(dialler: Dialler) -> None:
    attempts = run(dialler, CAMPAIGN + "handoff: {callback_by_bot: once}\n")
    assert [attempt["kind"] for attempt in attempts] == ["first", "callback"]


def test_rehearsals_are_left_out_once_there_are_real_lines(dialler: Dialler) -> None:
    run(dialler)
    database = ("--database", "sqlite:///run.db")
    (entry,) = json_of(dialler("leads", "handoff", "list", *database, "--json"))
    assert (entry["lines"], entry["suppressed"]) == ("sandbox", False)
    with closing(sqlite3.connect("run.db")) as db, db:
        db.execute(
            "INSERT INTO campaigns (id, name, bot_id, state, settings, created_at, end_calls, lines) "
            "SELECT 'c2', 'Another', bot_id, state, settings, created_at, end_calls, 'real' FROM campaigns"
        )
    assert json_of(dialler("leads", "handoff", "list", *database, "--json")) == []
    said = dialler("leads", "handoff", "list", *database)
    assert "rehearsals on the sandbox are left out" in said.stdout + said.stderr
    for how in (("--lines", "all"), ("--lines", "sandbox"), ("--campaign", "Spring reminders")):
        assert [one["phone"] for one in json_of(dialler("leads", "handoff", "list", *how, *database, "--json"))] == [WANTS_A_PERSON], how
    assert json_of(dialler("leads", "handoff", "list", "--lines", "real", "--campaign", "Spring reminders", *database, "--json")) == []


def test_who_is_on_the_suppression_list_is_marked_and_not_claimed(dialler: Dialler) -> None:
    run(dialler)
    database = ("--database", "sqlite:///run.db")
    dialler("suppressions", "add", WANTS_A_PERSON, "--reason", "by letter", *database)
    (entry,) = json_of(dialler("leads", "handoff", "list", *database, "--json"))
    assert entry["suppressed"] is True
    assert "Do not call" in dialler("leads", "handoff", "list", *database).stdout
    assert "suppression list" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, "--by", "Mira", *database, code=1).stderr
    (entry,) = json_of(dialler("leads", "handoff", "list", *database, "--json"))
    assert (entry["state"], entry["claimed_by"]) == ("waiting", None)
    dialler("leads", "handoff", "done", WANTS_A_PERSON, "--by", "Mira", *database)
