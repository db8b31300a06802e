"""`dialler run` and `dialler serve`, as a user runs them."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from core.kernel.clock import utc_now
from dialler.campaigns.store import create_campaign
from tests.web.cli.conftest import BOT, LEADS, Dialler, json_of, write_folder
from tests.web.run.receiver import Receiver
from web.cli.common import open_database

FILES = {"leads.csv", "attempts.csv", "results.jsonl", "rejected.csv", "summary.json", "network.jsonl", "crm.jsonl", "dialler.db"}
FIXED = ("--start", "2026-03-04T10:00", "--seed", "1")


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_without_a_trunk_it_is_the_sandbox_though_another_trunk_is_the_default(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "calls.db"
    dialler("trunks", "add", "carrier", "--host", "sip.carrier.example", "--number", "+14155552671", "-d", database)
    dialler("run", folder, *FIXED, "-d", database)
    summary = json.loads((tmp_path / "out" / "spring" / "summary.json").read_text())
    assert (summary["state"], summary["sandbox"], summary["exit_code"]) == ("completed", True, 0)
    assert json_of(dialler("trunks", "list", "--json", "-d", database))[0]["name"] == "carrier", "it is still the default one"


def test_a_whole_campaign(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    text = dialler("run", folder, *FIXED).stdout
    out = tmp_path / "out" / "spring"
    assert {file.name for file in out.iterdir()} >= FILES
    for said in (
        "SANDBOX",
        "PROMISE_TO_PAY",
        "3 leads",
        "The sample CRM received",
        "none twice",
        "network.jsonl",
        "dialler campaigns pause",
    ):
        assert said in text
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["state"], summary["leads"], summary["exit_code"]) == ("completed", 3, 0)

    assert "agrees" in dialler("audit", out).stdout
    again = dialler("run", folder, *FIXED).stdout
    assert f"{summary['attempts']} attempts" in again, "run again, it dials nobody again"
    assert len(json_of(dialler("leads", "list", "--json", "-d", out))) == 3
    assert json_of(dialler("campaigns", "list", "--json", "-d", out))[0]["done"] == 3
    assert json_of(dialler("trunks", "list", "--json", "-d", out))[0]["name"] == "sandbox"
    assert {row["state"] for row in json_of(dialler("workers", "list", "--all", "--json", "-d", out))} == {"ended"}
    assert {row["state"] for row in json_of(dialler("deliveries", "list", "--json", "-d", out))} == {"delivered"}


def test_what_it_writes_is_for_its_owner_only(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (tmp_path / "o" / "deep").mkdir(parents=True)
        (tmp_path / "o" / "deep" / "leads.csv").write_text("of an older version")
        dialler("run", folder, *FIXED, "--out", "o/deep/out")
        dialler("run", folder, *FIXED, "--out", "o/deep", "-d", "sqlite:///o/own/x.db")
        assert os.umask(0o022) == 0o022, "the process has its own again"
    finally:
        os.umask(before)
    made = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "o").rglob("*")}
    old = {tmp_path / "o" / "deep"}
    assert {mode for path, mode in made.items() if path.is_file()} == {0o600}, made
    assert {mode for path, mode in made.items() if path.is_dir() and path not in old} == {0o700}, made
    assert {path.name for path in made if path.is_file()} >= FILES | {"x.db"}
    assert not [path for path in made if path.name.endswith(".new")]


def test_a_doctored_log_is_noticed(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    dialler("run", folder, *FIXED, "--out", tmp_path / "o")
    log = tmp_path / "o" / "network.jsonl"
    rang = next(line for line in log.read_text().splitlines() if '"invite"' in line)
    with log.open("a") as file:
        file.write(rang + "\n")
    assert "1 attempt rang more than once" in dialler("audit", tmp_path / "o", code=4).stdout
    again = dialler("run", folder, *FIXED, "--out", tmp_path / "o", code=4).stdout
    assert "DISAGREES" in again
    assert "none twice" not in again.split("DISAGREES")[1]


def test_rejected_rows_are_those_of_the_file_as_it_is_now(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    def rejected() -> list[str]:
        with (tmp_path / "o" / "rejected.csv").open(encoding="utf-8", newline="") as file:
            return [row["value"] for row in csv.DictReader(file)]

    dialler("run", folder, *FIXED, "--out", "o")
    assert rejected() == ["call the office"]
    dialler("run", folder, *FIXED, "--out", "o")
    assert rejected() == ["call the office"], "the same file again"
    write_folder(folder, leads=LEADS.replace("call the office", "+999555501055") + "no number,Eve,5\n")
    dialler("run", folder, *FIXED, "--out", "o")
    assert rejected() == ["no number"]


def test_two_folders_with_one_name_are_never_merged(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    dialler("run", folder, *FIXED, "--out", "o")
    other = write_folder(tmp_path / "elsewhere" / "spring", leads=LEADS + "+999555501055,Eve,5\n")
    for command in (("run",), ("serve", "--port", "0")):
        error = dialler(*command, other, *FIXED, "--out", "o", code=2).stderr
        for said in ("named 'Spring reminders' already", str(folder), "another name in campaign.yaml", "--moved"):
            assert said in error
    assert len(json_of(dialler("leads", "list", "--json", "-d", "o"))) == 3
    dialler("run", folder / ".." / "spring", *FIXED, "--out", "o")  # the same place, written otherwise
    assert "4 leads" in dialler("run", other, *FIXED, "--out", "o", "--moved").stdout
    assert str(other) in dialler("run", folder, *FIXED, "--out", "o", code=2).stderr
    assert "4 leads" in dialler("run", other, *FIXED, "--out", "o").stdout


def test_a_campaign_made_over_the_api_is_not_taken_over_silently(dialler: Dialler, folder: Path) -> None:
    with open_database("o.db", create=True) as db, db.write() as connection:
        create_campaign(connection, "c1", "Spring reminders", "reminder", {"name": "Spring reminders"}, utc_now())
    error = dialler("run", folder, *FIXED, "-d", "o.db", code=2).stderr
    assert "made over the API" in error


def test_real_time_on_records_of_the_future_is_refused(dialler: Dialler, folder: Path) -> None:
    ahead = f"{utc_now() + timedelta(days=90):%Y-%m-%dT10:00}"
    dialler("run", folder, "--start", ahead, "--seed", "1", "--out", "o")
    write_folder(folder, leads=LEADS + "+999555501055,Eve,5\n")
    for command in (("run", folder), ("serve", folder, "--port", "0")):
        error = dialler(*command, "--speed", "1", "--out", "o", "-d", "o/dialler.db", code=2).stderr
        assert f"go on until {ahead[:10]}" in error
        assert f"--speed 1 --start {ahead[:10]}" in error
    (start,) = re.findall(r"--start (\S+Z)", error)
    assert "4 leads" in dialler("run", folder, "--start", start, "--out", "o").stdout


def test_an_audit_with_another_runs_database(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    dialler("run", folder, *FIXED, "--out", "a")
    dialler("suppressions", "add", "+12125550199", "-d", "other.db")
    assert "--database" in dialler("audit", "a", "--database", "other.db", code=2).stderr


def test_json_lines_only(dialler: Dialler, folder: Path) -> None:
    lines = lines_of(dialler("run", folder, *FIXED, "--json").stdout)
    assert {line["event"] for line in lines} == {"note", "progress", "summary"}
    assert lines[-1]["event"] == "summary"
    assert (lines[-1]["exit_code"], lines[-1]["sandbox"], lines[-1]["audit"]["clean"]) == (0, True, True)


def test_unusable_input_is_listed_and_ends_with_2(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "bad", campaign="nme: x\n", bot=BOT + "seat: 1\n")
    (tmp_path / "sandbox.yaml").write_text("anser_rate: 2\n")
    result = dialler("run", folder, "--sandbox", tmp_path / "sandbox.yaml", "--json", code=2)
    (line,) = lines_of(result.stdout)
    assert len(line["problems"]) == 4
    assert "answer_rate" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_without_one_usable_row_ends_with_2(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "none", leads="phone,name\n12,Ann\n13,Ben\n", campaign="name: x\nphone_column: phone\n")
    assert "rejected.csv says why" in dialler("run", folder, *FIXED, code=2).stdout


def test_a_secret_from_the_database_that_runs_share(dialler: Dialler, tmp_path: Path) -> None:
    bot = BOT.replace("url: sample-crm", "url: http://127.0.0.1:9/x\n  token: Bearer secret:CRM_TOKEN")
    folder = write_folder(tmp_path / "s", bot=bot)
    error = dialler("run", folder, "--out", "o", code=2).stderr
    assert "CRM_TOKEN is set nowhere" in error
    assert "--allow-internal 127.0.0.1:9" in error
    dialler("secrets", "set", "CRM_TOKEN", stdin="a-secret-word")
    error = dialler("run", folder, "--out", "o", code=2).stderr
    assert "set nowhere" not in error


def test_a_crm_that_is_down_ends_with_3_and_can_be_resumed(dialler: Dialler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = BOT.replace("url: sample-crm", "url: http://127.0.0.1:9/x")
    folder = write_folder(tmp_path / "down", bot=bot, leads="\n".join(LEADS.strip().splitlines()[:2]) + "\n")
    monkeypatch.setenv("DIALLER_ALLOW_INTERNAL", "127.0.0.1:9")
    text = dialler("run", folder, *FIXED, "--out", "o", code=3).stdout
    assert "1 result has not reached the CRM" in text
    assert "dialler deliveries send" in text
    assert json.loads((tmp_path / "o" / "summary.json").read_text())["exit_code"] == 3
    assert "are left" in dialler("deliveries", "send", "--dead", "-d", "o", code=3).stdout
    dead = json_of(dialler("deliveries", "list", "--json", "-d", "o", "--kind", "crm_push"))
    assert {row["state"] for row in dead} <= {"pending", "dead"}


def test_the_command_that_resumes_pushes_works_as_it_stands_there(dialler: Dialler, tmp_path: Path) -> None:
    with Receiver(down=True) as crm:
        bot = BOT.replace("url: sample-crm", f"url: http://{crm.address}/x")
        folder = write_folder(tmp_path / "down", bot=bot)
        text = dialler("run", folder, *FIXED, "--out", "o", "--allow-internal", crm.address, code=3).stdout
        (command,) = re.findall(r"`dialler (deliveries send [^`]*)`", text)
        assert "are left" in dialler(*shlex.split(command), code=3).stdout
        crm.down = False
        assert "0 are left" in dialler(*shlex.split(command)).stdout
        assert set(crm.ids.values()) == {1}
        assert len(crm.ids) == json.loads((tmp_path / "o" / "summary.json").read_text())["attempts"]


def test_a_paused_campaign_is_not_dialled(dialler: Dialler, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "p")
    dialler("run", folder, *FIXED, "--out", "o")
    write_folder(folder, leads=LEADS + "+999555501055,Eve,5\n")
    from dialler.campaigns.store import change_state, find_campaign

    with open_database("o") as db, db.write() as connection:
        row = find_campaign(connection, "Spring reminders")
        assert row is not None
        change_state(connection, row.id, "start", row.clock_at)
        change_state(connection, row.id, "pause", row.clock_at)
    assert "resume it" in dialler("run", folder, *FIXED, "--out", "o", code=1).stdout
    dialler("campaigns", "resume", "Spring reminders", "-d", "o")
    assert "4 leads" in dialler("run", folder, *FIXED, "--out", "o").stdout


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_a_speed_that_is_none(dialler: Dialler, folder: Path, speed: str) -> None:
    dialler("run", folder, "--speed", speed, code=2)


def test_serve_refuses_virtual_time(dialler: Dialler) -> None:
    assert "--speed max is for `dialler run` only" in dialler("serve", "--speed", "max", code=2).stderr


class Process:
    """A command in a process of its own."""

    def __init__(self, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "web.cli.main", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self.stdout: IO[str] = self.process.stdout
        self.seen: list[str] = []

    def read_until(self, text: str) -> str:
        for line in self.stdout:
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"it never said {text!r}: {''.join(self.seen)}")

    def end(self) -> int:
        self.seen += self.stdout.readlines()
        return self.process.wait(30)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(30)
        one.stdout.close()


def test_a_run_is_owned_paused_and_stopped_from_outside(dialler: Dialler, tmp_path: Path, processes: list[Process]) -> None:
    leads = "phone,customer_name\n" + "".join(f"+9995555{number:03}77,Lead {number}\n" for number in range(200))
    folder = write_folder(tmp_path / "live", leads=leads, campaign="name: Live\nconcurrency_limit: 3\n")
    live = Process("run", folder, "--out", "o", *FIXED, "--speed", "50", "--json")
    processes.append(live)
    while json.loads(live.read_until('"progress"'))["dialled"] == 0:
        pass
    assert "Another process dials" in dialler("run", folder, "--out", "o", *FIXED, code=1).stderr
    assert json_of(dialler("campaigns", "list", "--json", "-d", "o"))[0]["runs"] is True
    assert json_of(dialler("campaigns", "pause", "Live", "--json", "-d", "o"))["dials_on_their_way"] == 0
    log = tmp_path / "o" / "network.jsonl"
    before = log.read_text().count('"invite"')
    while json.loads(live.read_until('"progress"'))["state"] != "paused":
        pass
    live.read_until('"progress"')
    assert log.read_text().count('"invite"') == before
    dialler("campaigns", "resume", "Live", "-d", "o")
    dialler("campaigns", "stop", "Live", "--end-calls", "-d", "o")
    assert live.end() == 1
    summary = json.loads(live.seen[-1])
    assert (summary["event"], summary["state"]) == ("summary", "stopped")
    assert summary["audit"]["clean"]


def test_serve(dialler: Dialler, folder: Path, processes: list[Process]) -> None:
    serving = Process("serve", folder, "--port", "0", "--out", "o", *FIXED, "--speed", "3600")
    processes.append(serving)
    url = serving.read_until("/console").split("Open ")[1].split("/console")[0]
    serving.read_until("The API stays up")
    with urllib.request.urlopen(f"{url}/health/fleet", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
    assert "The sample CRM received" in "".join(serving.seen)
    write_folder(folder, leads=LEADS + "+999555501055,Eve,5\n")
    os.kill(serving.process.pid, signal.SIGINT)
    began = time.monotonic()
    assert serving.end() == 0
    assert time.monotonic() - began < 20
    assert json_of(dialler("campaigns", "list", "--json", "-d", "o"))[0]["state"] == "completed"
