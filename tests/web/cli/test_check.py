"""`dialler check`, and the estimate in it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bots.config import BotConfig
from dialler.campaigns.config import CampaignConfig
from tests.web.cli.conftest import BOT, CAMPAIGN, LEADS, Dialler, json_of, write_folder
from web.run.estimate import Assumptions, Callee, estimate
from web.run.folder import read_folder

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday


def test_it_says_what_would_happen_and_touches_nothing(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    text = dialler("check", folder, "--start", "2026-03-04T10:00").stdout
    assert "3 new" in text
    assert "call the office" in text
    assert "at once (2026-03-04 10:00:00 UTC)" in text
    assert sorted(tmp_path.rglob("*")) == before


def test_json(dialler: Dialler, folder: Path) -> None:
    found = json_of(dialler("check", folder, "--start", "2026-03-04T10:00", "--json"))
    assert (found["usable"], found["import"]["imported"], found["import"]["rejected"]) == (True, 3, 1)
    assert found["rejected_rows"][0]["line"] == 5
    assert found["first_dial"].startswith("2026-03-04T10:00")
    assert found["estimated_end"] > found["first_dial"]


def test_problems_end_with_2_and_are_numbered(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "bad", campaign="nme: x\n", bot="name: y\nseat: 1\n")
    error = dialler("check", folder, code=2).stderr
    for number in ("1. ", "2. ", "3. "):
        assert number in error
    assert "Did you mean name?" in error
    assert "problems" in json_of(dialler("check", folder, "--json", code=2))


def test_secrets_that_are_set_nowhere_are_listed_with_everything_else(
    dialler: Dialler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = BOT.replace("url: sample-crm", "url: https://crm.example.com/x\n  token: Bearer secret:CRM_TOKEN") + "seat: 1\n"
    folder = write_folder(tmp_path / "s", campaign="nme: x\n", bot=bot)
    good = write_folder(tmp_path / "good", bot=bot.replace("seat: 1\n", ""))
    assert "CRM_TOKEN is set nowhere" in dialler("check", good, code=2).stderr
    monkeypatch.setenv("CRM_TOKEN", "x")
    dialler("check", good)
    monkeypatch.delenv("CRM_TOKEN")
    dialler("secrets", "set", "CRM_TOKEN", stdin="a-secret-word")
    dialler("check", good)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.db")}
    dialler("check", good, "--database", "out")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.db")} == before
    assert "CRM_TOKEN is set nowhere" in dialler("check", good, "-d", "empty.db", code=2).stderr
    assert not (tmp_path / "empty.db").exists()
    problems = json_of(dialler("check", folder, "--json", code=2))["problems"]
    assert len(problems) >= 3, "the campaign's, the bot's"


def test_all_rejected_rows_go_into_a_file(dialler: Dialler, tmp_path: Path) -> None:
    leads = LEADS + "".join(f"nobody {number},Ann,1\n" for number in range(50))
    folder = write_folder(tmp_path / "many", leads=leads)
    text = dialler("check", folder, "--rejected", tmp_path / "made" / "rejected.csv").stdout
    assert "and 31 more" in text
    with (tmp_path / "made" / "rejected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 51
    assert all(row["reason"] and row["what_to_do"] for row in rows)


def test_nothing_usable(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "none", leads="phone,name\n12,Ann\n13,Ben\n", campaign="name: x\nphone_column: phone\n")
    assert "No row" in dialler("check", folder, code=2).stderr


def test_closed_hours_move_the_first_dial(dialler: Dialler, tmp_path: Path) -> None:
    bot = BOT + "active_hours:\n  start: '09:00'\n  end: '17:00'\n  days: mon-fri\n"
    campaign = CAMPAIGN + "calling_window:\n  time_zone: Asia/Kolkata\n  start: '15:30'\n  end: '22:00'\n"
    folder = write_folder(tmp_path / "f", bot=bot, campaign=campaign)
    found = json_of(dialler("check", folder, "--start", "2026-03-07T09:00", "--json"))  # a Saturday
    assert found["first_dial"] == "2026-03-09T10:00:00Z"


def test_a_campaign_without_a_purpose_is_told_what_is_assumed(dialler: Dialler, tmp_path: Path) -> None:
    unsaid = write_folder(tmp_path / "unsaid", bot=BOT.replace("purpose: service\n", ""))
    assert any("the strictest rules of all purposes apply" in note for note in json_of(dialler("check", unsaid, "--json"))["notes"])
    said = write_folder(tmp_path / "said", campaign=f"{CAMPAIGN}purpose: service\n", bot=BOT.replace("purpose: service\n", ""))
    assert not any("the strictest rules" in note for note in json_of(dialler("check", said, "--json"))["notes"])
    wrong = write_folder(tmp_path / "wrong", campaign=f"{CAMPAIGN}purpose: sales\n")
    assert "purpose" in dialler("check", wrong, code=2).stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "column appointment holds times that are over in 1 of 3 rows. If nobody is to be called after it, set `expires_at_column:"),
        ("expires_at_column: Appointment\n", "1 lead will end as `expired` without a call"),
        ("not_after: 2026-03-01\n", "`not_after` is 2026-03-01, which is over"),
        ("not_after: 2026-03-01\n", "3 leads will end as `expired`"),
        ("not_before: 2026-04-01\n", "3 leads wait for `not_before`"),
        ("not_before: 2026-04-01\nnot_after: 2026-03-31\n", "3 leads are never dialled: their `not_before` is not before their end"),
    ],
)
def test_times_that_are_over_are_said(dialler: Dialler, tmp_path: Path, setting: str, said: str) -> None:
    leads = "Name,Phone,Appointment\nA,202-555-0109,2026-03-04 14:00\nB,202-555-0128,2026-03-04 10:30\nC,202-555-0100,2026-02-11 09:00\n"
    folder = write_folder(tmp_path / "f", campaign=f"name: X\ndefault_region: US\n{setting}", leads=leads)
    notes = json_of(dialler("check", folder, "--start", "2026-03-04T10:00", "--json"))["notes"]
    assert any(said in note for note in notes), notes


def test_a_time_that_is_no_time_is_refused(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", campaign=CAMPAIGN + "not_after: soon\ntimes_in: Mars\n")
    text = dialler("check", folder, code=2).stderr
    assert "not_after" in text
    assert "2026-03-04" in text
    assert "times_in" in text


def test_hours_that_never_meet(dialler: Dialler, tmp_path: Path) -> None:
    bot = BOT + "active_hours:\n  start: '09:00'\n  end: '10:00'\n"
    campaign = CAMPAIGN + "calling_window:\n  time_zone: Europe/London\n  start: '15:00'\n  end: '16:00'\n"
    found = json_of(dialler("check", write_folder(tmp_path / "f", bot=bot, campaign=campaign), "--json"))
    assert found["first_dial"] is None
    assert any("never open together" in note for note in found["notes"])


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", ""])
def test_a_start_that_is_no_moment(dialler: Dialler, folder: Path, moment: str) -> None:
    assert "is not a moment" in dialler("check", folder, "--start", moment, code=2).stderr


campaigns = st.builds(
    lambda n, cps, seats: CampaignConfig(name="x", max_attempts=n, calls_per_second=cps, concurrency_limit=seats),
    st.integers(1, 10),
    st.floats(0.1, 50),
    st.integers(1, 200),
)


@settings(deadline=None)
@given(campaigns, st.integers(0, 100_000), st.integers(1, 200), st.floats(0, 1))
def test_the_estimate_is_sane(campaign: CampaignConfig, leads: int, seats: int, answer_rate: float) -> None:
    assumed = Assumptions(answer_rate=answer_rate)
    found = estimate(campaign, BotConfig(name="b"), leads, [Callee(("UTC",))], seats, NOW, assumed)
    assert leads * 0.999 <= found.attempts <= leads * campaign.max_attempts * 1.001
    assert found.calls_at_once <= min(seats, campaign.concurrency_limit)
    assert found.attempts_per_minute <= campaign.calls_per_second * 60 * 1.001
    assert found.dialling >= timedelta(0)
    assert found.first_dial == NOW
    assert found.end is None or found.end >= NOW + found.dialling


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5000))
def test_closed_hours_only_make_it_longer(leads: int) -> None:
    bot = BotConfig.model_validate({"name": "b", "active_hours": {"start": "09:00", "end": "11:00"}})
    campaign = CampaignConfig(name="x", concurrency_limit=2)
    always = estimate(campaign, BotConfig(name="b", permitted_hours=bot.permitted_hours), leads, [Callee(("UTC",))], 50, NOW, Assumptions())
    closed = estimate(campaign, bot, leads, [Callee(("UTC",))], 50, NOW, Assumptions())
    assert always.end is not None
    assert closed.end is not None
    assert closed.end >= always.end
    days = (closed.end - NOW).days
    assert days >= (closed.dialling.total_seconds() - 3600) // 7200


def test_the_trunks_of_the_folder_are_looked_at_with_everything_else(
    dialler: Dialler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARRIER_PASSWORD", raising=False)
    folder = write_folder(tmp_path / "t", bot=BOT + "seat: 1\n")
    trunks = "trunks:\n  - name: carrier\n    host: sip.carrier.example\n    user: u\n    password: secret:CARRIER_PASSWORD\n"
    (folder / "trunks.yaml").write_text(trunks + "    port: 70000\n", encoding="utf-8")
    error = dialler("check", folder, code=2).stderr
    assert "cannot be run: 3 problems" in error
    assert ". trunks.yaml:5: trunk 'carrier': password: the secret CARRIER_PASSWORD is set nowhere." in error
    assert ". trunks.yaml:6: trunk 'carrier': port: it must be at most 65535" in error
    good = write_folder(tmp_path / "g")
    (good / "trunks.yaml").write_text(trunks, encoding="utf-8")
    dialler("check", good, code=2)
    assert read_folder(good, None, lambda _: False, with_trunks=False), "a run on the sandbox does without"
    monkeypatch.setenv("CARRIER_PASSWORD", "x")
    dialler("check", good)


def test_it_says_which_leads_wait_for_several_clocks(dialler: Dialler, tmp_path: Path) -> None:
    leads = "phone\n+12705550100\n+12705550101\n+13645550101\n+12125550101\n+447700900101\n"
    bot = BOT.replace("  enabled: false", "  enabled: true")
    found = json_of(dialler("check", write_folder(tmp_path / "clocks", leads=leads, bot=bot), "--start", "2026-03-04T10:00", "--json"))
    both = "lies in America/Chicago and America/New_York: calls must be permitted in both."
    waits = [note for note in found["notes"] if "clocks" in note]
    assert waits == [
        f"2 leads wait for several clocks: area code 270 {both}",
        f"1 lead waits for several clocks: area code 364 {both}",
    ]
    found = json_of(dialler("check", write_folder(tmp_path / "always", leads=leads), "--start", "2026-03-04T10:00", "--json"))
    assert not [note for note in found["notes"] if "clocks" in note]


def test_it_asks_which_parts_of_a_country_are_meant(dialler: Dialler, tmp_path: Path) -> None:
    window = "calling_window: {time_zone: Europe/London, start: 09:00, end: 19:00, days: mon-fri, holidays: %s}\n"
    leads = "name,phone\nAnn,+447700900100\nBen,+442079460101\n"
    asked = write_folder(tmp_path / "gb", campaign="name: Parts\npurpose: service\n" + window % "GB", leads=leads)
    notes = json_of(dialler("check", asked, "--start", "2026-04-03T10:00", "--json"))["notes"]
    note = next(note for note in notes if "holidays names GB" in note)
    assert "Mon 06 Apr 2026 Easter Monday (ENG, NIR, WLS)" in note
    assert "(1 lead)" in note
    monday = json_of(dialler("check", asked, "--start", "2026-04-06T10:00", "--json"))
    assert monday["first_dial"].startswith("2026-04-07T08:00")
    for name in ("GB-ENG", "GB-*"):
        said = write_folder(tmp_path / name[-1], campaign="name: Parts\npurpose: service\n" + window % name, leads=leads)
        notes = json_of(dialler("check", said, "--start", "2026-04-03T10:00", "--json"))["notes"]
        assert not any("holidays names" in note for note in notes)


def test_it_says_which_leads_have_no_rule_pack_and_what_is_not_kept(dialler: Dialler, tmp_path: Path) -> None:
    leads = "name,phone\nAnn,+5511955501234\nBen,+442079460101\n"
    bot = BOT.replace("purpose: service\n", "purpose: marketing\n")
    folder = write_folder(tmp_path / "packs", campaign="name: Packs\n", bot=bot, leads=leads)
    notes = "\n".join(json_of(dialler("check", folder, "--json"))["notes"])
    assert "no rule pack for BR (1 lead)" in notes
    assert "unverified: " in notes
    assert "GB.hours" in notes
    assert "permitted_hours are switched off" in notes


def test_the_rule_packs_can_be_read(dialler: Dialler) -> None:
    packs = {row["country"]: row for row in json_of(dialler("rules", "show", "--json"))}
    assert len(packs) == 11
    found = json_of(dialler("rules", "show", "us", "--purpose", "marketing", "--json"))
    assert found["version"] == packs["US"]["version"]
    [florida] = [row for row in found["figures"] if row["rule"] == "US-FL.hours"]
    assert (florida["status"], florida["says"]) == ("read", "08:00-20:00")
    assert not any(purpose == "collection" for row in found["figures"] for purpose in row["purposes"] if row["rule"] == "US.calls.7d")
    assert "UNVERIFIED" in dialler("rules", "show", "GB").stdout
    assert "no pack for BR" in dialler("rules", "show", "BR").stdout
    dialler("rules", "show", "US", "--purpose", "sales", code=2)
