"""The sample CRM, in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from web.sample_crm.ledger import Ledger
from web.sample_crm.process import SampleCrm, SampleCrmFailed

TOKEN = "tok-crm"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


def push(crm: SampleCrm, webhook_id: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(crm.push_url, json=body, headers={**AUTH, "webhook-id": webhook_id, **headers}, trust_env=False)


def show(crm: SampleCrm, **parameters: int) -> dict[str, object]:
    answer = httpx.get(crm.results_url, params=parameters, headers=AUTH, trust_env=False)
    assert answer.status_code == 200
    return dict(answer.json())


def test_it_takes_pushes_once_each_and_shows_them_and_remembers(tmp_path: Path) -> None:
    file = tmp_path / "out" / "crm.jsonl"
    with SampleCrm(file, TOKEN) as crm:
        assert push(crm, "a", {"DISPOSITION": "PTP", "name": "Zoë"}).json() == {"status": "ok", "first": True}
        assert push(crm, "b", {"disposition": "RNR"}).json()["first"]
        assert push(crm, "a", {"DISPOSITION": "changed"}).json() == {"status": "ok", "first": False}
        summary = show(crm, summary=1)
        assert (summary["received"], summary["repeats"], summary["refused"]) == (2, 1, 0)
        assert summary["dispositions"] == {"PTP": 1, "RNR": 1}
        assert [arrival["body"] for arrival in show(crm)["results"]] == [  # type: ignore[attr-defined]
            {"DISPOSITION": "PTP", "name": "Zoë"},
            {"disposition": "RNR"},
        ]
        seen = httpx.get(crm.url, trust_env=False)
        assert (seen.status_code, seen.headers["content-type"]) == (200, "text/html; charset=utf-8")
        for said in ("SANDBOX", "2 received, 1 repeats recognized", "PTP", "crm.jsonl"):
            assert said in seen.text
        assert "Zoë" not in seen.text, "it is shown without a token"
        crm.kill()
        crm.start()
        assert not push(crm, "a", {}).json()["first"]
        assert show(crm, summary=1)["received"] == 2
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["webhook_id"], line["repeat"]) for line in lines] == [("a", False), ("b", False), ("a", True), ("a", True)]


def test_it_refuses_what_is_not_in_order_and_misbehaves_on_demand(tmp_path: Path) -> None:
    up = tmp_path / "up"
    options = ("--fail-first", "2", "--down-until-file", str(up), "--latency", "0.01")
    with SampleCrm(tmp_path / "crm.jsonl", TOKEN, options=options) as crm:
        assert push(crm, "a", {}, Authorization="Bearer wrong").status_code == 401
        assert httpx.get(crm.results_url, trust_env=False).status_code == 401
        assert httpx.post(crm.push_url, json={}, headers=AUTH, trust_env=False).status_code == 422  # no webhook-id
        assert [push(crm, "a", {}).status_code for _ in range(3)] == [503] * 3
        up.touch()
        assert push(crm, "a", {}).status_code == 200
        assert push(crm, "b", [1]).status_code == 422
        assert show(crm, summary=1)["refused"] == 3


def test_it_ends_when_the_process_that_started_it_does(tmp_path: Path) -> None:
    crm = SampleCrm(tmp_path / "crm.jsonl", TOKEN)
    crm.start()
    process = crm._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what the end of this process would do
    assert process.wait(10) == 0
    crm.stop()
    crm.stop()  # again is harmless
    assert crm.pid is None


def test_it_has_a_session_of_its_own_and_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, sys; from pathlib import Path; from web.sample_crm.process import SampleCrm\n"
        f"crm = SampleCrm(Path({str(tmp_path / 'crm.jsonl')!r}), 'tok'); crm.start(); print(crm.pid, flush=True); signal.pause()"
    )
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert starter.stdout is not None
        crm = psutil.Process(int(starter.stdout.readline()))
        assert os.getsid(crm.pid) == crm.pid != os.getsid(starter.pid)
        assert crm.is_running()
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()  # type: ignore[union-attr]
    crm.wait(10)  # raises when it lives on
    assert not crm.is_running()


def test_a_start_that_fails_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(SampleCrmFailed, match=r"crm\.log"):
        SampleCrm(tmp_path / "crm.jsonl", TOKEN, options=("--nonsense",)).start()
    assert "--nonsense" in (tmp_path / "crm.log").read_text()


def test_without_a_token_it_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "web.sample_crm", "--file", str(tmp_path / "crm.jsonl")]
    environment = {name: value for name, value in os.environ.items() if name != "SAMPLE_CRM_TOKEN"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "SAMPLE_CRM_TOKEN" in done.stderr


def test_a_line_that_a_crash_cut_off_was_never_acknowledged(tmp_path: Path) -> None:
    file = tmp_path / "crm.jsonl"
    whole = json.dumps({"webhook_id": "a", "at": "x", "repeat": False, "body": {"DISPOSITION": "PTP"}})
    file.write_text(whole + "\n" + whole[:20])
    ledger = Ledger(file)
    assert ledger.summary()["received"] == 1
    assert ledger.add("b", {}, datetime(2026, 3, 4, tzinfo=UTC))
    assert Ledger(file).summary()["received"] == 2
