"""`dialler run --trunk` and `dialler trunks check`, as a user types them, against sipp."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.sipp import free_port, hang_up_by_us, invite, pause, receive, request, respond, run_sipp, sdp

CAMPAIGN = "name: Over a trunk\ndefault_region: GB\nmax_attempts: 1\nconcurrency_limit: 2\n"
BOT = """
name: Reminder
time_zone: Europe/London
opening_message: "Hello there."
brain: {scenario: payment_reminder}
purpose: service
permitted_hours:
  enabled: false
"""
LEADS = "phone,customer_name\n+12025550111,Asha Rao\n+12025550112,Ben Ode\n+12025550113,Cleo Dias\n"


def dialler(folder: Path, *arguments: str, seconds: float = 180.0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DIALLER_DATA": str(folder / "data"), "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"}
    command = [sys.executable, "-m", "web.cli.main", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=seconds)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "campaign"
    place.mkdir()
    for name, text in (("campaign.yaml", CAMPAIGN), ("bot.yaml", BOT), ("leads.csv", LEADS)):
        (place / name).write_text(text)
    return place


def trunks_yaml(port: int) -> str:
    return (
        f"trunks:\n  - name: lab\n    host: 127.0.0.1\n    port: {port}\n    local_address: 127.0.0.1\n    lab: true\n"
        '    channels: 5\n    calls_per_second: 5\n    numbers: ["+12025550101"]\n'
    )


def test_a_campaign_over_a_trunk(folder: Path, tmp_path: Path) -> None:
    steps = [*invite(), respond(180, "Ringing"), pause(0.2), respond(200, "OK", body=sdp(free_port()), retransmit=True), receive("ACK")]
    steps += [pause(1.5), request("BYE", 1), '<recv response="200"></recv>']
    with run_sipp(tmp_path, steps, "-trace_msg", "-message_file", str(tmp_path / "messages.log"), calls=3) as sipp:
        (folder / "trunks.yaml").write_text(trunks_yaml(sipp.port))
        done = dialler(tmp_path, "run", str(folder), "--trunk", "lab", "--voice", "tones", "--out", "out", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        sipp.finished()
    with (tmp_path / "out" / "attempts.csv").open() as file:
        attempts = list(csv.DictReader(file))
    rang = (tmp_path / "messages.log").read_text()
    assert len(attempts) == 3
    for attempt in attempts:
        assert rang.count(f"{attempt['attempt_id']}\n") + rang.count(f"{attempt['attempt_id']}\r") == 1  # once each, by their own log
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["answered"], summary["sandbox"], summary["state"]) == (3, False, "completed")
    recordings = list(tmp_path.rglob("*.wav"))
    assert len(recordings) == 3, recordings
    assert not [file for file in recordings if file.parent.name == "spool"]  # all of them are where they are kept
    results = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert {result["transport"] for result in results} == {"sip"}
    assert {result["disconnected_by"] for result in results} <= {"customer", "rnr", "user", "customer_hangup"}


def test_nobody_is_called_without_a_voice_or_a_trunk(folder: Path, tmp_path: Path) -> None:
    (folder / "trunks.yaml").write_text(trunks_yaml(9))
    for arguments, said in (
        (("--trunk", "lab"), "No voice is configured"),
        (("--trunk", "elsewhere", "--voice", "tones"), "There is no trunk 'elsewhere'"),
        (("--trunk", "lab", "--voice", "tones", "--speed", "60"), "in real time"),
    ):
        done = dialler(tmp_path, "run", str(folder), *arguments)
        assert done.returncode == 2
        assert said in done.stderr


def test_check(tmp_path: Path) -> None:
    steps = ['<recv request="OPTIONS"></recv>', respond(200, "OK")]
    with run_sipp(tmp_path, steps) as sipp:
        made = dialler(tmp_path, "trunks", "add", "lab", "--host", "127.0.0.1", "--port", str(sipp.port), "--lab",
                       "--local-address", "127.0.0.1", "--number", "+12025550101")  # fmt: skip
        assert made.returncode == 0, made.stderr
        works = dialler(tmp_path, "trunks", "check", "lab")
        assert works.returncode == 0, works.stdout + works.stderr
        assert "answers 200 OK" in works.stdout
    silent = dialler(tmp_path, "trunks", "check", "lab")
    assert silent.returncode == 1
    assert "does not answer" in silent.stdout


def test_check_with_a_call(tmp_path: Path) -> None:
    port = free_port()
    made = dialler(tmp_path, "trunks", "add", "lab", "--host", "127.0.0.1", "--port", str(port), "--lab",
                   "--local-address", "127.0.0.1", "--number", "+12025550101")  # fmt: skip
    assert made.returncode == 0, made.stderr
    steps = [
        '<recv request="OPTIONS" optional="true" next="options"></recv>', '<recv request="INVITE"></recv>',
        respond(404, "Not Found", retransmit=True), receive("ACK"), '<nop next="end"/>', '<label id="options"/>', respond(200, "OK"),
        '<label id="end"/>',
    ]  # fmt: skip
    with run_sipp(tmp_path, steps, port=port, calls=2):
        refused = dialler(tmp_path, "trunks", "check", "lab", "--call", "+12025550142")
    assert refused.returncode == 1
    assert "failed: 404 Not Found" in refused.stdout
    assert "number_prefix" in refused.stdout


def test_a_trunk_that_answers_no_options_is_tried_with_a_call(tmp_path: Path) -> None:
    steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=sdp(free_port()), retransmit=True), receive("ACK")]
    with run_sipp(tmp_path, [*steps, *hang_up_by_us()], calls=30) as sipp:  # each OPTIONS counts as one
        made = dialler(tmp_path, "trunks", "add", "lab", "--host", "127.0.0.1", "--port", str(sipp.port), "--lab",
                       "--local-address", "127.0.0.1", "--number", "+12025550101")  # fmt: skip
        assert made.returncode == 0, made.stderr
        checked = dialler(tmp_path, "trunks", "check", "lab", "--call", "+12025550142")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for said in ("does not answer", "was answered", "it takes calls all the same"):
        assert said in checked.stdout
