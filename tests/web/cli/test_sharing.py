"""Runs of one working directory share a database: who opted out in one is not called by the next, and each keeps its own clock."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.kernel.clock import utc_now
from core.kernel.lines import REAL, SANDBOX
from core.suppressions.store import add, is_suppressed
from dialler.campaigns.store import find_campaign, latest_clock
from tests.web.cli.conftest import BOT, CAMPAIGN, LEADS, Dialler, json_of, write_folder
from web.cli.common import open_database

NEVER_AGAIN = "+12025550112"  # demands never to be called again (docs/sandbox.md)
PAYS = "+12025550100"
PEOPLE = f"""
phone,customer_name,amount_due
{NEVER_AGAIN},Asha Rao,120
{PAYS},Ben Ode,75
"""
QUIET = BOT.partition("post_call_push")[0]  # no CRM is needed here
FIXED = ("--start", "2026-03-04T10:00", "--seed", "1")


def a_folder(place: Path, name: str, leads: str = PEOPLE, **more: str) -> Path:
    campaign = CAMPAIGN.replace("Spring reminders", more.get("called", f"{name.title()} reminders"))
    return write_folder(place / name, campaign=campaign, bot=more.get("bot", QUIET), leads=leads)


def leads_of(place: Path, name: str) -> dict[str, dict[str, str]]:
    with (place / "out" / name / "leads.csv").open(encoding="utf-8", newline="") as file:
        return {row["phone"]: row for row in csv.DictReader(file)}


def summary_of(place: Path, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((place / "out" / name / "summary.json").read_text())
    return document


def test_who_opted_out_in_spring_is_not_dialled_in_summer(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    assert leads_of(tmp_path, "spring")[NEVER_AGAIN]["disposition"] == "DO_NOT_CALL"
    said = dialler("run", a_folder(tmp_path, "summer")).stdout
    summer = leads_of(tmp_path, "summer")
    assert (summer[NEVER_AGAIN]["state"], summer[NEVER_AGAIN]["attempts"]) == ("suppressed", "0")
    assert int(summer[PAYS]["attempts"]) >= 1
    assert "suppressed" in said, "the report says so"
    assert {row["state"] for row in summary_of(tmp_path, "summer")["outcomes"]} >= {"suppressed"}
    rang = [json.loads(line) for line in (tmp_path / "out" / "summer" / "network.jsonl").read_text().splitlines()]
    assert NEVER_AGAIN not in {line.get("to") for line in rang}
    (entry,) = json_of(dialler("suppressions", "list", "--json"))
    assert (entry["number"], entry["lines"], entry["source"]) == (NEVER_AGAIN, "sandbox", "callee")
    assert [row["name"] for row in json_of(dialler("campaigns", "list", "--json"))] == ["Summer reminders", "Spring reminders"]
    assert not (tmp_path / "out" / "spring" / "dialler.db").exists()
    for name in ("spring", "summer"):
        assert "agrees" in dialler("audit", tmp_path / "out" / name).stdout


def test_an_output_folder_elsewhere_changes_nothing_about_that(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"), "--out", tmp_path / "elsewhere")
    dialler("run", a_folder(tmp_path, "summer"))
    assert leads_of(tmp_path, "summer")[NEVER_AGAIN]["state"] == "suppressed"


def test_a_real_opt_out_holds_in_a_rehearsal(dialler: Dialler, tmp_path: Path) -> None:
    with open_database(None, create=True) as db, db.write() as connection:
        add(connection, PAYS, reason="asked", source="callee", now=utc_now(), call_id="c1", lines=REAL)
    dialler("run", a_folder(tmp_path, "spring"))
    assert leads_of(tmp_path, "spring")[PAYS]["state"] == "suppressed"


def test_an_operator_makes_an_entry_of_the_sandbox_hold_everywhere(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    with open_database(None) as db, db.read() as connection:
        assert is_suppressed(connection, NEVER_AGAIN, SANDBOX)
        assert not is_suppressed(connection, NEVER_AGAIN, REAL), "a rehearsal says nothing of the real person"
    assert "is suppressed" in dialler("suppressions", "add", NEVER_AGAIN).stdout
    with open_database(None) as db, db.read() as connection:
        assert is_suppressed(connection, NEVER_AGAIN, REAL)
    assert [row["lines"] for row in json_of(dialler("suppressions", "list", "--json", "--lines", "all"))] == ["all"]
    dialler("suppressions", "remove", NEVER_AGAIN)
    assert json_of(dialler("suppressions", "list", "--json")) == []


def test_a_run_begins_now_though_another_ended_next_week(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    next_week = utc_now() + timedelta(days=7)
    with open_database(None) as db, db.write() as connection:
        connection.exec_driver_sql("UPDATE campaigns SET clock_at = '%s'" % f"{next_week:%Y-%m-%d %H:%M:%S.%f}")  # noqa: UP031
    dialler("run", a_folder(tmp_path, "summer"))
    begun = datetime.fromisoformat(summary_of(tmp_path, "summer")["started_at"])
    assert abs(begun - utc_now()) < timedelta(minutes=5)
    with open_database(None) as db, db.read() as connection:
        spring = find_campaign(connection, "Spring reminders")
        assert spring is not None
        assert latest_clock(connection, spring.id) == next_week.astimezone(UTC)
    write_folder(tmp_path / "spring", leads=PEOPLE + "+12025550101,Eve,5\n", campaign=CAMPAIGN, bot=QUIET)
    dialler("run", tmp_path / "spring")
    assert datetime.fromisoformat(summary_of(tmp_path, "spring")["ended_at"]) >= next_week, "its own clock goes on"


def test_a_process_in_real_time_is_not_refused_for_a_rehearsals_moments(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    with open_database(None) as db, db.write() as connection:
        connection.exec_driver_sql("UPDATE campaigns SET clock_at = '2999-01-01 10:00:00.000000'")
    only_closed = PEOPLE.splitlines()[1] + f"\n{NEVER_AGAIN},Asha Rao,120\n"  # suppressed: no call, so it ends at once in real time
    dialler("run", a_folder(tmp_path, "summer", only_closed), "--speed", "1")
    assert leads_of(tmp_path, "summer")[NEVER_AGAIN]["state"] == "suppressed"
    error = dialler("run", tmp_path / "spring", "--speed", "1", code=2).stderr
    assert "records of this campaign go on until 2999-01-01" in error


def test_an_experiment_repeats_and_shares_nothing(dialler: Dialler, tmp_path: Path) -> None:
    spring = a_folder(tmp_path, "spring", LEADS)
    dialler("suppressions", "add", "+999555501000")
    written = []
    for number in (1, 2):
        said = dialler("run", spring, *FIXED, "--out", tmp_path / f"o{number}").stdout
        assert "shares no suppressions" in said
        assert (tmp_path / f"o{number}" / "dialler.db").is_file()
        written.append({file: (tmp_path / f"o{number}" / file).read_bytes() for file in ("leads.csv", "attempts.csv", "results.jsonl")})
    assert written[0] == written[1]
    assert b"suppressed" not in written[0]["leads.csv"]
    assert json_of(dialler("campaigns", "list", "--json")) == []


def test_two_folders_with_one_name_are_not_merged_in_the_shared_database(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    error = dialler("run", a_folder(tmp_path, "summer", called="Spring reminders"), code=2).stderr
    assert "named 'Spring reminders' already" in error
    assert str(tmp_path / "spring") in error


def test_a_bot_is_not_changed_under_another_folders_unfinished_campaign(dialler: Dialler, tmp_path: Path) -> None:
    dialler("run", a_folder(tmp_path, "spring"))
    other = a_folder(tmp_path, "summer", bot=QUIET.replace("Hello, am I", "Good day, am I"))
    dialler("run", other)  # spring is over
    with open_database(None) as db, db.write() as connection:
        connection.exec_driver_sql("UPDATE campaigns SET state = 'paused' WHERE name = 'Summer reminders'")
    error = dialler("run", tmp_path / "spring", code=2).stderr
    assert "'Summer reminders', which is not over, has a bot 'reminder'" in error
    assert "id: reminder-2" in error


def as_an_earlier_version_left_it(dialler: Dialler, place: Path, name: str, *, state: str, transport: str = "sandbox") -> None:
    """The database that a run had in its output folder."""
    dialler("run", a_folder(place, name), "-d", place / "out" / name / "dialler.db")
    with sqlite3.connect(place / "out" / name / "dialler.db") as connection:
        connection.execute("UPDATE campaigns SET state = ?", (state,))
        connection.execute("UPDATE calls SET transport = ?", (transport,))
    connection.close()


def test_an_unfinished_run_of_an_earlier_version_is_not_begun_anew(dialler: Dialler, tmp_path: Path) -> None:
    (tmp_path / "out" / "spring").mkdir(parents=True)
    as_an_earlier_version_left_it(dialler, tmp_path, "spring", state="running")
    error = dialler("run", tmp_path / "spring", code=2).stderr
    assert "'Spring reminders' that is not over" in error
    assert "--database out/spring" in error
    dialler("run", tmp_path / "spring", "--database", "out/spring")
    dialler("run", tmp_path / "spring")  # over by now, and nobody was real


def test_what_an_earlier_version_dialled_on_real_lines_is_not_dialled_again(dialler: Dialler, tmp_path: Path) -> None:
    (tmp_path / "out" / "spring").mkdir(parents=True)
    as_an_earlier_version_left_it(dialler, tmp_path, "spring", state="completed", transport="sip")
    assert "has called people on real lines" in dialler("run", tmp_path / "spring", code=2).stderr


def test_suppressions_of_an_earlier_version_are_taken_over(dialler: Dialler, tmp_path: Path) -> None:
    for name, transport in (("autumn", "sip"), ("winter", "sandbox")):
        (tmp_path / "out" / name).mkdir(parents=True)
        as_an_earlier_version_left_it(dialler, tmp_path, name, state="completed", transport=transport)
    dialler("suppressions", "add", PAYS, "-d", tmp_path / "out" / "winter")
    (tmp_path / "out" / "junk").mkdir()
    (tmp_path / "out" / "junk" / "dialler.db").write_text("this is no database")
    dialler("run", a_folder(tmp_path, "summer"))
    found = {row["number"]: row["lines"] for row in json_of(dialler("suppressions", "list", "--json"))}
    assert found == {NEVER_AGAIN: "real", PAYS: "all"}, "who said so on the sandbox is not among them"


def test_the_database_that_an_earlier_version_made_in_the_directory_is_gone_on_with(dialler: Dialler, tmp_path: Path) -> None:
    dialler("suppressions", "add", PAYS, "-d", "dialler.db")
    dialler("run", a_folder(tmp_path, "spring"))
    assert leads_of(tmp_path, "spring")[PAYS]["state"] == "suppressed"
    assert not (tmp_path / "out" / "dialler.db").exists()


def test_suppressions_of_an_earlier_version_come_to_a_database_that_is_there_already(dialler: Dialler, tmp_path: Path) -> None:
    dialler("suppressions", "add", PAYS, "-d", "dialler.db")  # so an earlier version had the list of the other commands
    (tmp_path / "out" / "autumn").mkdir(parents=True)
    as_an_earlier_version_left_it(dialler, tmp_path, "autumn", state="completed", transport="sip")
    dialler("run", a_folder(tmp_path, "summer"))
    found = {row["number"]: row["lines"] for row in json_of(dialler("suppressions", "list", "--json"))}
    assert found == {NEVER_AGAIN: "real", PAYS: "all"}
    dialler("suppressions", "remove", NEVER_AGAIN)
    dialler("run", a_folder(tmp_path, "winter"))
    found = {row["number"]: row["lines"] for row in json_of(dialler("suppressions", "list", "--json"))}
    assert found == {NEVER_AGAIN: "sandbox", PAYS: "all"}, "taken over once: what it is now was said in the last run"
