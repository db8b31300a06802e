"""The outline: help, the version and completion, without the program behind them."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.kernel.database import Database
from core.kernel.statements import table_of
from core.trunks.store import ensure_sandbox_trunk
from dialler.campaigns.tables import Campaign
from web.cli.main import app
from web.cli.outline import FILE, names_in, outline_app

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
HEAVY = frozenset(
    ("sqlalchemy", "sqlmodel", "fastapi", "pandas", "numpy", "livekit", "phonenumbers", "httpx", "psycopg", "core", "dialler")
)
_WHAT_WAS_LOADED = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("LOADED " + " ".join({name.partition(".")[0] for name in sys.modules})))
sys.argv = ["dialler", *sys.argv[1:]]
from web.cli.entry import main
main()
"""


def entered(*words: str, **environ: str) -> tuple[str, set[str]]:
    """What `dialler` prints in a process of its own, and which packages it loaded."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-c", _WHAT_WAS_LOADED, *words], capture_output=True, text=True, check=False, cwd=ROOT, env={**clean, **environ}
    )
    said, _, loaded = done.stderr.rpartition("LOADED ")
    assert said == "" or not words, said
    return done.stdout, set(loaded.split())


def completed(line: str, **environ: str) -> tuple[list[str], set[str]]:
    """What bash is offered for the last word of a line."""
    words = str(len(line.split(" ")) - 1)
    said, loaded = entered(**{"_DIALLER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": words, **environ})
    return said.split("\n")[:-1] if said.strip() else [], loaded


def test_it_says_what_the_commands_say() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_cli_outline.py"))["outline"]()
    assert FILE.read_text(encoding="utf-8") == written, "run: python scripts/write_cli_outline.py"


@pytest.mark.parametrize("words", [["--help"], ["-h"], [], ["--version"]])
def test_it_shows_what_the_program_shows(words: list[str]) -> None:
    ours, theirs = CliRunner().invoke(outline_app(), words), CliRunner().invoke(app, words)
    assert (ours.stdout, ours.exit_code) == (theirs.stdout, theirs.exit_code)
    assert len(ours.output) > 10


@pytest.mark.parametrize(("words", "expected"), [(["--help"], "suppressions"), (["--version"], "dialler "), ([], "suppressions")])
def test_it_loads_nothing_of_the_program(words: list[str], expected: str) -> None:
    said, loaded = entered(*words)
    assert expected in said
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_words_are_completed_without_the_program() -> None:
    for line, expected in {
        "dialler cam": ["campaigns"],
        "dialler leads re": ["resolve"],
        "dialler deliveries list --state d": ["delivered", "dead"],
        "dialler deliveries send --dea": ["--dead"],
    }.items():
        offered, loaded = completed(line)
        assert offered == expected
        assert not loaded & HEAVY


def fill(database: Database) -> None:
    with database.write() as connection:
        for name in ("reminder", "survey"):
            save_bot(connection, BotConfig(name=name, id=name), NOW)
        ensure_sandbox_trunk(connection, channels=1, calls_per_second=1.0, now=NOW)
        table = table_of(Campaign)
        for name in ("Spring reminders", "Summer's survey"):
            connection.execute(insert(table).values(id=name, name=name, bot_id="reminder", state="draft", settings={}, created_at=NOW))


def test_names_come_from_the_database(database: Database, database_url: str) -> None:
    fill(database)
    assert sorted(names_in("campaign", database_url)) == ["Spring reminders", "Summer's survey"]
    assert names_in("bot", database_url) == ["reminder", "survey"]
    assert names_in("trunk", database_url) == ["sandbox"]


def test_the_shell_is_offered_them(tmp_path: Path, sqlite_template: Path) -> None:
    (tmp_path / "dialler.db").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{tmp_path}/dialler.db"
    database = Database(url)
    fill(database)
    database.close()
    for where in (url, str(tmp_path), f"{tmp_path}/dialler.db"):
        assert completed(f"dialler campaigns show -d {where} Spr")[0] == ["Spring\\ reminders"]
    offered, loaded = completed("dialler bots show s", DIALLER_DATABASE=url)
    assert offered == ["survey"]
    assert not loaded & HEAVY
    assert completed("dialler trunks check ", DIALLER_DATABASE=url)[0] == ["sandbox"]
    assert completed("dialler run spring --trunk s", DIALLER_DATABASE=url)[0] == ["sandbox"]
    assert completed("dialler leads list --campaign Su", DIALLER_DATABASE=url)[0] == ["Summer\\'s\\ survey"]


def test_completion_never_fails_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("not a database")
    for where in (
        f"sqlite:///{tmp_path}/nowhere.db",
        f"{tmp_path}/nowhere.db",
        f"{tmp_path}/broken.db",
        f"{tmp_path}",
        "postgresql://nobody:secret@127.0.0.1:1/x",
        "postgres://%",
        "mysql://x",
        "\0",
    ):
        assert names_in("campaign", where) == []
    assert [path.name for path in tmp_path.iterdir()] == ["broken.db"]
    assert completed(f"dialler campaigns show -d {tmp_path}/broken.db ") == ([], completed("dialler campaigns show -d x ")[1])
