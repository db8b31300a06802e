"""`dialler leads handoff`: who wants a person, who has them, what came of it."""

from __future__ import annotations

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
    assert "--by NAME" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, *database, code=2).stderr
    assert "is Mira's" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, "--by", "Mira", *database).stdout
    assert "claimed by Mira" in dialler("leads", "handoff", "claim", WANTS_A_PERSON, "--by", "Tom", *database, code=1).stderr
    done = json_of(dialler("leads", "handoff", "done", WANTS_A_PERSON, "--by", "Mira", "--note", "will pay", *database, "--json"))
    assert (done["state"], done["done_by"], done["note"]) == ("done", "Mira", "will pay")
    assert "No lead waits for a person" in dialler("leads", "handoff", "list", *database).stdout
    assert "not on the work list" in dialler("leads", "handoff", "done", PAYS, "--by", "Mira", *database, code=1).stderr


def test_one_callback_by_the_bot_where_the_campaign_says_so(dialler: Dialler) -> None:
    attempts = run(dialler, CAMPAIGN + "handoff: {callback_by_bot: once}\n")
    assert [attempt["kind"] for attempt in attempts] == ["first", "callback"]
