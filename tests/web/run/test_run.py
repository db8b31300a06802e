"""The main job, end to end: from a folder to its files, on both databases, in virtual time."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from core.transports.sandbox import CATALOGUE as ENTRIES
from dialler.leads.states import FINAL
from tests.web.run.folders import CATALOGUE, make_folder, network_log, profile_numbers, run

SAMPLE_PUSH = {"post_call_push": {"url": "sample-crm", "token": "Bearer secret:SAMPLE_CRM_TOKEN"}}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_lead_ends_and_both_sides_tell_the_same_story(tmp_path: Path, database_url: str) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE + profile_numbers(70))
    out = tmp_path / "out"
    summary = run(folder, out, database_url)
    assert (summary.state, summary.exit_code) == ("completed", 0)
    leads = read_csv(out / "leads.csv")
    assert len(leads) == 100
    assert {lead["state"] for lead in leads} <= set(FINAL) - {"held"}
    assert summary.audit["clean"]
    rang = Counter(line["attempt"] for line in network_log(out) if line["event"] == "invite")
    assert max(rang.values()) == 1
    attempts = read_csv(out / "attempts.csv")
    assert {a["attempt_id"] for a in attempts if a["call_id"]} == set(rang)
    results = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {r["session_id"] for r in results} == {a["call_id"] for a in attempts if a["call_id"]}


def test_the_catalogue_gives_what_it_says(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE, campaign={"max_attempts": 1})
    run(folder, tmp_path / "out")
    by_phone = {lead["phone"]: lead for lead in read_csv(tmp_path / "out" / "leads.csv")}
    results = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    reached = {r["disconnected_by"] for r in results}
    assert {"bot", "customer", "voicemail", "RNR", "no_answer", "rejected", "timeout", "error"} <= reached
    assert len(by_phone) == len(CATALOGUE) == len(ENTRIES)
    assert "suppressed" in {lead["state"] for lead in by_phone.values()}


def test_a_seeded_run_repeats_exactly(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE + profile_numbers(40))
    names = ("leads.csv", "attempts.csv", "results.jsonl", "rejected.csv", "summary.json", "network.jsonl")
    for out in (tmp_path / "a", tmp_path / "b"):
        run(folder, out)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_what_the_sample_crm_gets_is_the_same_but_for_order_and_time(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE[:12], bot=SAMPLE_PUSH, campaign={"max_attempts": 1})
    for out in (tmp_path / "a", tmp_path / "b"):
        summary = run(folder, out)
        assert summary.exit_code == 0

    def came(out: Path) -> dict[str, object]:
        lines = [json.loads(line) for line in (out / "crm.jsonl").read_text(encoding="utf-8").splitlines()]
        return {line["webhook_id"]: line["body"] for line in lines}

    assert len(came(tmp_path / "a")) == summary.attempts
    assert came(tmp_path / "a") == came(tmp_path / "b")


def test_another_seed_gives_another_story(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", profile_numbers(30))
    run(folder, tmp_path / "a", seed=1)
    run(folder, tmp_path / "b", seed=2)
    assert (tmp_path / "a" / "attempts.csv").read_bytes() != (tmp_path / "b" / "attempts.csv").read_bytes()


def test_a_factor_that_no_machine_keeps_up_with_changes_no_outcome(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE[:13] + profile_numbers(12), campaign={"max_attempts": 2})
    any_hour = {"hour_factors": [1.0] * 24}
    virtual = run(folder, tmp_path / "virtual", sandbox=any_hour)
    scaled = run(folder, tmp_path / "scaled", sandbox=any_hour, speed=100_000.0)
    assert virtual.speed is None
    assert scaled.speed is not None
    assert 0 < scaled.speed["reached"] < scaled.speed["asked"] == 100_000
    assert json.loads((tmp_path / "scaled" / "summary.json").read_text())["speed"] == scaled.speed

    def story(out: Path) -> list[list[str]]:
        same = ("phone", "number", "kind", "outcome", "disposition", "sip_status", "call_duration_seconds")
        return sorted([row[name] for name in same if name in row] for row in read_csv(out / "attempts.csv"))

    assert len(story(tmp_path / "virtual")[0]) >= 6
    assert story(tmp_path / "scaled") == story(tmp_path / "virtual")


def test_run_again_dials_nobody_again_and_a_changed_file_adds_what_is_new(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", profile_numbers(10))
    out = tmp_path / "out"
    first = run(folder, out)
    again = run(folder, out)
    assert again.attempts == first.attempts
    assert again.exit_code == 0
    make_folder(folder, profile_numbers(15))
    more = run(folder, out)
    assert (more.leads, more.imported["imported"], more.imported["already_there"]) == (15, 5, 10)
    assert more.attempts > first.attempts


def test_the_calling_window_is_kept(tmp_path: Path) -> None:
    window = {"time_zone": "UTC", "windows": [{"start": "09:00", "end": "10:30"}]}
    folder = make_folder(tmp_path / "campaign", profile_numbers(25), campaign={"calling_window": window, "concurrency_limit": 2})
    summary = run(folder, tmp_path / "out")
    assert summary.state == "completed"
    minutes = [line["time"][11:16] for line in network_log(tmp_path / "out") if line["event"] == "invite"]
    assert all("09:00" <= minute < "10:30" for minute in minutes)
    assert len({line["time"][:10] for line in network_log(tmp_path / "out")}) > 1


def test_active_hours_of_the_bot_are_kept(tmp_path: Path) -> None:
    hours = {"windows": [{"start": "14:00", "end": "15:00"}]}
    folder = make_folder(tmp_path / "campaign", profile_numbers(5), bot={"active_hours": hours})
    assert run(folder, tmp_path / "out").state == "completed"
    assert {line["time"][11:13] for line in network_log(tmp_path / "out") if line["event"] == "invite"} == {"14"}


def test_no_more_calls_at_once_than_seats(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", profile_numbers(40), bot={"seats": 7}, campaign={"calls_per_second": 20})
    run(folder, tmp_path / "out", seats=5)
    busy = most = 0
    for line in network_log(tmp_path / "out"):
        if line["event"] == "invite" and line["rings"]:
            busy += 1
        elif line["event"] == "ended":
            busy -= 1
        most = max(most, busy)
    assert most <= 5


def test_a_bot_that_never_opens_ends_the_campaign_and_says_why(tmp_path: Path) -> None:
    mondays = [{"date": str(date(2026, 3, 2) + timedelta(weeks=week)), "closed": True} for week in range(120)]
    hours = {"windows": [{"days": ["mon"], "start": "09:00", "end": "10:00"}], "exceptions": mondays}
    folder = make_folder(tmp_path / "campaign", profile_numbers(3), bot={"active_hours": hours})
    summary = run(folder, tmp_path / "out")
    assert (summary.state, summary.exit_code, summary.attempts) == ("failed", 1, 0)
    assert "never opens" in (summary.reason or "")
    assert summary.leads_by_state == {"window_closed": 3}


def test_a_mistake_that_all_leads_share_leaves_them_waiting(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", profile_numbers(3), bot={"caller_id": "+12025550177"})
    summary = run(folder, tmp_path / "out")
    assert (summary.state, summary.exit_code, summary.leads_by_state) == ("failed", 1, {"pending": 3})
    assert "from_number" in (summary.reason or "")
    make_folder(folder, profile_numbers(3))
    assert run(folder, tmp_path / "out").exit_code == 0
