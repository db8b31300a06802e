"""`dialler websocket`, as its user has it."""

from __future__ import annotations

from pathlib import Path

from core.access.sockets import Opener, may_open
from core.kernel.clock import utc_now
from core.kernel.database import Database
from tests.web.cli.conftest import Dialler, json_of


def _opener(database: Database, token: str) -> Opener | None:
    with database.read() as connection:
        try:
            return may_open(connection, "reminder", [token], [], utc_now())
        except Exception:
            return None


def test_tokens_of_a_bot(dialler: Dialler, folder: Path, database_url: str, database: Database) -> None:
    where = ("--database", database_url)
    assert "There is no bot yet" in dialler("websocket", "list", *where).output
    dialler("bots", "add", folder / "bot.yaml", *where)
    shown = dialler("websocket", "token", "reminder", *where)
    first = shown.stdout.split()[0]
    assert "/ws/reminder" in shown.output
    assert _opener(database, first) == Opener()
    second = json_of(dialler("websocket", "token", "reminder", "--overlap", "0s", "--json", *where))
    assert second["token"] != first
    assert (_opener(database, first), _opener(database, second["token"])) == (None, Opener())
    listed = dialler("websocket", "list", *where).stdout
    assert second["prefix"] in listed
    assert second["token"] not in listed
    dialler("websocket", "revoke", "reminder", *where)
    assert _opener(database, second["token"]) is None
    assert "has no token" in dialler("websocket", "revoke", "reminder", *where, code=1).stderr


def test_a_bot_is_opened_and_closed(dialler: Dialler, folder: Path, database_url: str, database: Database) -> None:
    where = ("--database", database_url)
    dialler("bots", "add", folder / "bot.yaml", *where)
    assert "open to everybody" in dialler("websocket", "open", "reminder", *where).output
    assert _opener(database, "") == Opener(is_anybody=True)
    assert json_of(dialler("websocket", "list", "--json", *where))[0]["is_open"] is True
    assert json_of(dialler("websocket", "close", "reminder", "--json", *where)) == {"bot_id": "reminder", "is_open": False}
    assert _opener(database, "") is None


def test_what_is_wrong_is_said(dialler: Dialler, folder: Path, database_url: str) -> None:
    where = ("--database", database_url)
    dialler("bots", "add", folder / "bot.yaml", *where)
    for word in ("token", "revoke", "open", "close"):
        assert "reminder" in dialler("websocket", word, "remindr", *where, code=2).stderr, "it suggests the right one"
    assert "--overlap" in dialler("websocket", "token", "reminder", "--overlap", "soon", *where, code=2).stderr
