"""`dialler keys rotate`, as its user has it."""

from __future__ import annotations

from core.kernel.database import Database
from tests.web.cli.conftest import Dialler, json_of


def test_a_key_is_rotated(dialler: Dialler, database_url: str, database: Database) -> None:
    where = ("--database", database_url)
    first = json_of(dialler("keys", "create", "crm", "--json", *where))
    second = json_of(dialler("keys", "rotate", "crm", "--overlap", "1h", "--json", *where))
    assert (second["id"], second["key"] != first["key"]) == (first["id"], True)
    assert second["previous_until"] is not None
    assert second["key"] not in dialler("keys", "list", *where).stdout
    assert "--overlap" in dialler("keys", "rotate", "crm", "--overlap", "soon", *where, code=2).stderr
    dialler("keys", "revoke", "crm", *where)
    assert "before" in dialler("keys", "rotate", "crm", *where, code=1).stderr
    assert "no key 'cmr'" in dialler("keys", "rotate", "cmr", *where, code=2).stderr
