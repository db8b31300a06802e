"""The encryption key, held against the secrets that are stored already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.access.installation import KeyLost, open_box
from core.access.secrets import SecretStore, forget_all
from core.kernel.database import Database
from core.kernel.secrets import ENVIRONMENT_NAME, KEY_FILE, UnusableKey
from tests.conftest import START

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def keep(db: Database, folder: Path, name: str = "CRM_TOKEN", environ: dict[str, str] | None = None) -> None:
    with db.write() as connection:
        SecretStore(open_box(connection, folder, environ or {}), {}).set(connection, name, "tok", START)


def opened(db: Database, folder: Path, environ: dict[str, str] | None = None, replacing: str | None = None) -> str:
    with db.read() as connection:
        box = open_box(connection, folder, environ or {}, replacing=replacing)
        return SecretStore(box, {}).resolve(connection, "secret:CRM_TOKEN").get_secret_value()


def test_the_first_start_makes_a_key_and_the_next_finds_it(database: Database, tmp_path: Path) -> None:
    keep(database, tmp_path)
    assert opened(database, tmp_path) == "tok"


def test_a_missing_key_beside_stored_secrets_is_refused_and_none_is_made(database: Database, tmp_path: Path) -> None:
    keep(database, tmp_path)
    key = (tmp_path / KEY_FILE).read_text()
    (tmp_path / KEY_FILE).unlink()
    for environ in ({}, {ENVIRONMENT_NAME: "  "}):
        with pytest.raises(KeyLost) as caught:
            opened(database, tmp_path, environ)
        for said in ("1 encrypted secret (CRM_TOKEN)", str(tmp_path / KEY_FILE), ENVIRONMENT_NAME, "dialler secrets delete --all"):
            assert said in str(caught.value)
        assert str(caught.value).count(". ") == 0, "one sentence"
    assert not (tmp_path / KEY_FILE).exists()
    assert opened(database, tmp_path, {ENVIRONMENT_NAME: key}) == "tok"


@pytest.mark.parametrize("where", ["file", "environment"])
def test_another_key_is_refused(database: Database, tmp_path: Path, where: str) -> None:
    keep(database, tmp_path, environ={ENVIRONMENT_NAME: OLD})
    environ = {ENVIRONMENT_NAME: NEW} if where == "environment" else {}
    if where == "file":
        (tmp_path / KEY_FILE).touch(0o600)
        (tmp_path / KEY_FILE).write_text(NEW)
    with pytest.raises(KeyLost, match=r"is not the one that encrypted 1 secret of the database \(CRM_TOKEN\)") as caught:
        opened(database, tmp_path, environ)
    assert (ENVIRONMENT_NAME if where == "environment" else str(tmp_path / KEY_FILE)) in str(caught.value)
    assert NEW not in str(caught.value)
    assert isinstance(caught.value, UnusableKey), "the command line says it in words, and ends with 2"


def test_a_rotation_keeps_both_keys(database: Database, tmp_path: Path) -> None:
    keep(database, tmp_path, environ={ENVIRONMENT_NAME: OLD})
    assert opened(database, tmp_path, {ENVIRONMENT_NAME: f"{NEW},{OLD}"}) == "tok"


def test_one_secret_under_another_key_is_named_and_can_be_stored_anew(database: Database, tmp_path: Path) -> None:
    keep(database, tmp_path, "CRM_TOKEN", {ENVIRONMENT_NAME: OLD})
    with database.write() as connection:
        SecretStore(open_box(connection, tmp_path, {ENVIRONMENT_NAME: f"{NEW},{OLD}"}), {}).set(connection, "ODD", "x", START)
    with pytest.raises(KeyLost, match=r"1 secret of the database \(ODD\)"):
        opened(database, tmp_path, {ENVIRONMENT_NAME: OLD})
    assert opened(database, tmp_path, {ENVIRONMENT_NAME: OLD}, replacing="ODD") == "tok"


def test_without_stored_secrets_a_lost_key_costs_nothing(database: Database, tmp_path: Path) -> None:
    keep(database, tmp_path)
    (tmp_path / KEY_FILE).unlink()
    with database.write() as connection:
        assert forget_all(connection) == 1
    keep(database, tmp_path)
    assert opened(database, tmp_path) == "tok"


def test_processes_that_start_together_for_the_first_time_agree(database: Database, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: keep(database, tmp_path, f"SECRET_{number}"), range(12)))
    with database.read() as connection:
        store = SecretStore(open_box(connection, tmp_path, {}), {})
        assert {store.resolve(connection, f"secret:{row.name}").get_secret_value() for row in store.names(connection)} == {"tok"}
        assert len(store.names(connection)) == 12
