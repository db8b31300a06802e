from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.cli.conftest import Dialler, json_of
from web.cli.main import app

GROUPS = {
    "campaigns": ["list", "export", "show", "pause", "resume", "stop", "delete"],
    "people": ["show", "export", "erase"],
    "db": ["status", "upgrade", "backup", "restore"],
    "leads": ["list", "show", "held", "resolve"],
    "suppressions": ["add", "remove", "list", "import", "lists", "check", "export", "remove-list"],
    "keys": ["create", "list", "revoke", "rotate"],
    "bots": ["add", "list", "show", "export", "preview"],
    "secrets": ["set", "list", "delete"],
    "deliveries": ["list", "send", "replay", "ledger"],
    "desk": ["add", "agents", "state", "remove", "queue"],
    "trunks": ["list", "show", "add", "remove", "number", "apply", "sync", "check", "reset"],
    "websocket": ["list", "token", "revoke", "open", "close"],
    "workers": ["list", "drain"],
    "rules": ["show"],
}
COMMANDS = [["run"], ["check"], ["serve"], ["report"], ["why"], ["audit"], ["sample-leads"], ["sample-crm"]]
COMMANDS += [[group, command] for group, commands in GROUPS.items() for command in commands]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(dialler: Dialler, command: list[str]) -> None:
    text = dialler(*command, "--help").stdout
    assert "Usage: " in text
    body = text.split("Usage: ", 1)[1].split("\n", 1)[1].split("─", 1)[0].strip()
    assert len(body) > 20, "it has no text of its own"


def test_no_command_was_forgotten() -> None:
    named = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert named == {words[0] for words in COMMANDS if len(words) == 1}
    for group in app.registered_groups:
        found = {command.name or command.callback.__name__ for command in group.typer_instance.registered_commands if command.callback}  # type: ignore[union-attr]
        assert found == set(GROUPS[str(group.name)])


@pytest.mark.parametrize("words", [[group, "list"] for group in GROUPS if "list" in GROUPS[group]] + [["leads", "held"]], ids=" ".join)
def test_every_list_is_empty_at_first_and_has_json(dialler: Dialler, words: list[str]) -> None:
    dialler("suppressions", "add", "+12125550199", "-d", "new.db")  # makes the database
    dialler("suppressions", "remove", "+12125550199", "-d", "new.db")
    assert json_of(dialler(*words, "--json", "-d", "new.db")) == []
    assert dialler(*words, "-d", "new.db").stdout.strip()


def test_version(dialler: Dialler) -> None:
    assert dialler("--version").stdout.startswith("dialler ")


def test_a_wrong_command_is_answered_with_the_right_one(dialler: Dialler) -> None:
    assert "campaigns" in dialler("campagns", code=2).stderr


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("nowhere.db", "There is no database nowhere.db"),
        ("mysql://x/y", "not mysql://"),
        ("sqlite", "There is no database sqlite"),
        ("postgresql://nobody:secret-word@127.0.0.1:1/none", "does not answer"),
        ("://", "not the URL"),
    ],
)
def test_a_wrong_database_is_said_in_words(dialler: Dialler, database: str, said: str) -> None:
    error = dialler("campaigns", "list", "--database", database, code=1 if "postgresql" in database else 2).stderr
    assert said in error
    assert "Traceback" not in error
    assert "secret-word" not in error


def test_a_file_that_is_no_database(dialler: Dialler, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, " * 100)
    assert "not an SQLite database" in dialler("campaigns", "list", "-d", "text.db", code=1).stderr


def test_the_environment_names_the_database(dialler: Dialler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIALLER_DATABASE", f"sqlite:///{tmp_path}/here.db")
    dialler("suppressions", "add", "+12125550199")
    assert (tmp_path / "here.db").exists()
    assert [row["number"] for row in json_of(dialler("suppressions", "list", "--json"))] == ["+12125550199"]


def test_as_a_user_runs_it() -> None:
    """From a shell: no traceback, messages on standard error, the exit code."""
    done = subprocess.run([sys.executable, "-m", "web.cli.main", "run", "nowhere"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere is not a folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_completion_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_DIALLER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "dialler camp")
    monkeypatch.setenv("COMP_CWORD", "1")
    done = subprocess.run([Path(sys.executable).parent / "dialler"], capture_output=True, text=True, check=False)
    assert "campaigns" in done.stdout
