"""`dialler desk`, as its user has it."""

from __future__ import annotations

from core.kernel.database import Database
from tests.web.cli.conftest import Dialler, json_of


def test_agents_come_work_and_go(dialler: Dialler, database_url: str, database: Database) -> None:
    where = ("--database", database_url)
    made = json_of(dialler("desk", "add", "Mira", "--address", "+1 202 555 0190", "--queue", "support", "--json", *where))
    assert (made["key"][:3], made["address"], made["state"]) == ("dp_", "+12025550190", "offline")
    shown = dialler("desk", "agents", *where).stdout
    assert "Mira" in shown
    assert made["key"] not in shown
    assert "is available" in dialler("desk", "state", "Mira", "available", *where).stdout
    assert json_of(dialler("desk", "agents", "--json", *where))[0]["state"] == "available"
    assert json_of(dialler("desk", "queue", "--json", *where)) == []
    assert "Nobody waits" in dialler("desk", "queue", "--all", *where).stdout
    assert "Did you mean 'Mira'" in dialler("desk", "state", "Mirra", "busy", *where, code=2).stderr
    assert "address" in dialler("desk", "add", "Jo", "--address", "kitchen", *where, code=2).stderr
    dialler("desk", "remove", made["id"], *where)
    assert json_of(dialler("desk", "agents", "--json", *where)) == []
    assert json_of(dialler("keys", "list", "--json", *where))[0]["valid"] is False
