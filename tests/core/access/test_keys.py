"""API keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.access.checks import Unauthorized, verify
from core.access.keys import NewKey, create, list_keys, revoke, set_expiry
from core.kernel.database import Database
from tests.conftest import START


def make(database: Database, **more: object) -> NewKey:
    with database.write() as connection:
        return create(connection, **{"key_id": "k1", "name": "CRM", "now": START, **more})  # type: ignore[arg-type]


def test_a_key_opens_and_the_database_does_not_have_it(database: Database) -> None:
    made = make(database)
    assert made.key.startswith("dk_")
    assert made.key not in repr(made)
    with database.write() as connection:
        assert made.key not in str(connection.execute(text("SELECT * FROM api_keys")).all())
        info = verify(connection, made.key, START)
    assert (info.id, info.role, info.prefix) == ("k1", "dialout", made.key[:11])
    assert info.may_use("any")


def test_an_admin_key_is_told_apart_by_its_look(database: Database) -> None:
    made = make(database, role="admin", bots=["a", "b"])
    assert made.key.startswith("da_")
    assert (made.info.role, made.info.bots) == ("admin", ("a", "b"))
    assert made.info.may_use("a")
    assert not made.info.may_use("c")


@pytest.mark.parametrize("header", [None, "", "dk_", "x" * 43, "x" * 100_000, "dk_\xe9", "dk_ABC"])
def test_missing_and_wrong_keys_are_refused_alike(header: str | None, database: Database) -> None:
    make(database)
    with database.write() as connection, pytest.raises(Unauthorized, match="Missing or invalid API key"):
        verify(connection, header, START)


def test_revoked_and_expired_keys_are_refused_with_the_same_words(database: Database) -> None:
    revoked, expired = make(database), make(database, key_id="k2")
    with database.write() as connection:
        assert revoke(connection, "k1", START)
        assert not revoke(connection, "k1", START)
        assert not revoke(connection, "none", START)
        assert set_expiry(connection, "k2", START + timedelta(minutes=5))
        verify(connection, expired.key, START + timedelta(minutes=4))
        for key in (revoked.key, expired.key):
            with pytest.raises(Unauthorized, match="Missing or invalid"):
                verify(connection, key, START + timedelta(minutes=5))
        assert [k.id for k in list_keys(connection)] == ["k1", "k2"]


def test_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    made = make(database)
    noted = []
    for seconds in (0, 30, 59, 60, 61, 125):
        with database.write() as connection:
            verify(connection, made.key, START + timedelta(seconds=seconds))
            used = list_keys(connection)[0].last_used_at
            assert used is not None
            noted.append((used - START).total_seconds())
    assert noted == [0, 0, 0, 60, 60, 125]


def test_keys_are_not_derived_from_anything(database: Database) -> None:
    assert make(database, key_id="a").key != make(database, key_id="b").key


def test_a_signing_secret_written_out_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="must name a secret"):
        make(database, results_url="https://crm.example/", results_secret="whsec_abc")
    with pytest.raises(ValueError, match="dialout, admin or agent"):
        make(database, role="root")
