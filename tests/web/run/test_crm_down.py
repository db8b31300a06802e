"""A CRM that is down loses nothing: the run says so, and what is left is pushed later, each once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.kernel.database import Database
from tests.web.run.folders import CATALOGUE, START, make_folder, run
from tests.web.run.invariants import Records, opened
from tests.web.run.receiver import Receiver
from web.cli.main import app
from web.run.summary import RunSummary

LEADS = CATALOGUE[:2] + CATALOGUE[4:12]


def send(database_url: str, crm: Receiver) -> Result:
    """`dialler deliveries send`."""
    return CliRunner().invoke(app, ["deliveries", "send", "--database", database_url, "--allow-internal", crm.address, "--json"])


def pushes(database_url: str) -> dict[str, str]:
    """The state of each push."""
    with opened(database_url) as connection:
        return {delivery.id: delivery.state for delivery in Records(connection).deliveries if delivery.kind == "crm_push"}


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIALLER_DATA", str(tmp_path / "out" / "data"))
    return tmp_path / "out"


def run_with(crm: Receiver, tmp_path: Path, database_url: str) -> RunSummary:
    folder = make_folder(tmp_path / "campaign", LEADS, bot=crm.bot, campaign={"max_attempts": 1})
    return run(folder, tmp_path / "out", database_url, allow=crm.address)


def test_down_all_along_then_up_again(tmp_path: Path, out: Path, database_url: str) -> None:
    with Receiver(down=True) as crm:
        summary = run_with(crm, tmp_path, database_url)
        assert (summary.state, summary.exit_code) == ("completed", 3)
        left = pushes(database_url)
        assert summary.undelivered == len(left) == summary.attempts
        assert set(left.values()) == {"pending"}
        assert json.loads((out / "summary.json").read_text())["deliveries"]["pending"] == len(left)
        assert not crm.taken

        still_down = send(database_url, crm)
        assert still_down.exit_code == 3
        assert json.loads(still_down.stdout)["pending"] == len(left)

        crm.down = False
        sent = send(database_url, crm)
        assert (sent.exit_code, json.loads(sent.stdout)) == (0, {"sent": len(left), "pending": 0, "dead": 0, "left_alone": []})
        assert send(database_url, crm).exit_code == 0
    assert crm.ids == dict.fromkeys(left, 1)
    assert set(pushes(database_url).values()) == {"delivered"}


def test_what_is_refused_for_good_is_not_counted_as_sent(tmp_path: Path, out: Path, database_url: str) -> None:
    with Receiver(down=True) as crm:
        run_with(crm, tmp_path, database_url)
        left = len(pushes(database_url))
        crm.down_status = 410
        refused = send(database_url, crm)
    assert json.loads(refused.stdout) == {"sent": 0, "pending": 0, "dead": left, "left_alone": []}


def test_what_the_command_may_not_send_is_left_alone(
    tmp_path: Path, out: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(down=True) as crm:
        summary = run_with(crm, tmp_path, database_url)
        left = len(pushes(database_url))
        assert [trouble for trouble in summary.troubles if f"pushes to {crm.address} fail" in trouble]
        (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING" and "pushes" in record.getMessage()]
        assert f"pushes to {crm.address} fail: it answered with status 503" in warning
        tries = attempts(database_url)
        crm.down = False
        done = CliRunner().invoke(app, ["deliveries", "send", "--database", database_url, "--json"])
        said = json.loads(done.stdout)
        assert (done.exit_code, said["sent"], said["pending"], said["dead"]) == (3, 0, left, 0)
        ((why, number),) = [(one["reason"], one["deliveries"]) for one in said["left_alone"]]
        assert number == left
        assert f"DIALLER_ALLOW_INTERNAL as {crm.address}" in why
        assert attempts(database_url) == tries, "no try was spent"
        text = CliRunner().invoke(app, ["deliveries", "send", "--database", database_url]).stdout
        assert f"{left} deliveries were left alone, with no try counted" in text
        assert json.loads(send(database_url, crm).stdout) == {"sent": left, "pending": 0, "dead": 0, "left_alone": []}
    assert set(crm.ids.values()) == {1}


def attempts(database_url: str) -> dict[str, int]:
    """How often each push was tried."""
    with opened(database_url) as connection:
        return {delivery.id: delivery.attempts for delivery in Records(connection).deliveries if delivery.kind == "crm_push"}


def ledger(database_url: str, *options: str) -> tuple[int, dict[str, Any]]:
    """`dialler deliveries ledger`: its exit code, and what it says."""
    done = CliRunner().invoke(app, ["deliveries", "ledger", "campaign", *options, "--database", database_url, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_the_ledger_says_what_the_crm_lacks_and_one_command_sends_it_again(tmp_path: Path, out: Path, database_url: str) -> None:
    with Receiver(down=True) as crm:
        summary = run_with(crm, tmp_path, database_url)
        assert (summary.state, summary.exit_code) == ("completed", 3)
        code, said = ledger(database_url)
        number = len(LEADS)
        assert (code, said["missing"], said["counts"]["pending"], len(said["entries"])) == (3, number, number, number), said["counts"]
        db = Database(database_url)
        with db.write() as connection:
            connection.exec_driver_sql("UPDATE deliveries SET state = 'dead' WHERE kind = 'crm_push'")
        db.close()
        code, said = ledger(database_url, "--missing", "--limit", "3")
        assert (code, said["counts"]["dead"], len(said["entries"]), said["replayed"]) == (3, number, 3, None)
        assert {entry["last_status"] for entry in said["entries"]} == {503}
        code, said = ledger(database_url, "--replay")
        assert (code, said["replayed"]) == (3, {"replayed": number, "pending": 0, "not_pushed": 0})
        crm.down = False
        assert send(database_url, crm).exit_code == 0
        code, said = ledger(database_url)
        assert (code, said["missing"], said["counts"]["accepted"]) == (0, 0, number)
        assert {entry["last_status"] for entry in said["entries"]} == {200}
        assert ledger(database_url, "--missing")[1]["entries"] == []
    assert set(crm.ids.values()) == {1}


@pytest.mark.parametrize("speed", [None, 40_000.0], ids=["virtual", "scaled"])
def test_a_crm_that_is_down_is_not_hammered_and_no_push_grows_old(tmp_path: Path, out: Path, speed: float | None) -> None:
    """Days pass in a run, and seconds for the CRM: each push is tried once during the run, and three times at its end."""
    later = {"max_attempts": 3, "retry": {"no_answer": "2d", "rejected": "2d"}}
    with Receiver(down=True) as crm:
        folder = make_folder(tmp_path / "campaign", LEADS, bot=crm.bot, campaign=later)
        summary = run(folder, out, allow=crm.address, speed=speed)
        refused = crm.refused
    assert summary.exit_code == 3
    assert datetime.fromisoformat(summary.ended_at) - START > timedelta(days=2)
    assert summary.deliveries["pending"] == summary.attempts
    assert summary.attempts < refused <= 4 * summary.attempts
    with opened(f"sqlite:///{out}/dialler.db") as connection:
        left = [push for push in Records(connection).deliveries if push.kind == "crm_push"]
    assert min(push.expires_at for push in left) - datetime.fromisoformat(summary.ended_at) > timedelta(days=3)


def test_a_crm_that_gives_no_answer_is_left_alone_until_the_end(tmp_path: Path, out: Path) -> None:
    with Receiver() as crm:
        pass  # its port is closed from now on
    summary = run_with(crm, tmp_path, f"sqlite:///{out}/dialler.db")
    with opened(f"sqlite:///{out}/dialler.db") as connection:
        tries = sum(push.attempts for push in Records(connection).deliveries if push.kind == "crm_push")
    assert summary.undelivered == summary.attempts > 8
    assert 0 < tries <= 4 * 7  # some are on their way when the fourth in a row fails


def test_running_again_pushes_what_is_left(tmp_path: Path, out: Path, database_url: str) -> None:
    with Receiver(down=True) as crm:
        first = run_with(crm, tmp_path, database_url)
        crm.down = False
        again = run_with(crm, tmp_path, database_url)
    assert (first.exit_code, again.exit_code, again.attempts) == (3, 0, first.attempts)
    assert crm.ids == dict.fromkeys(pushes(database_url), 1)


def test_a_crm_that_fails_at_first_gets_each_once(tmp_path: Path, out: Path, database_url: str) -> None:
    with Receiver(fail_first=7) as crm:
        summary = run_with(crm, tmp_path, database_url)
    assert (summary.exit_code, summary.undelivered, crm.refused) == (0, 0, 7)
    assert crm.ids == dict.fromkeys(pushes(database_url), 1)


def test_a_crm_that_is_not_there_at_all(tmp_path: Path, out: Path) -> None:
    with Receiver() as crm:
        pass  # its port is closed from now on
    database_url = f"sqlite:///{out}/dialler.db"
    summary = run_with(crm, tmp_path, database_url)
    assert (summary.state, summary.exit_code, summary.undelivered) == ("completed", 3, summary.attempts)
