"""The secret store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from core.access.secrets import BadSecretName, SecretMissing, SecretStore, names_in
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from tests.conftest import START

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_value_is_stored_encrypted_and_found_inside_a_text(database: Database) -> None:
    store = SecretStore(SecretBox([OLD]), {})
    with database.write() as connection:
        store.set(connection, "CRM_TOKEN", "first\n", START)
        store.set(connection, "CRM_TOKEN", "tok-123\n", START + timedelta(hours=1))
        assert "tok-123" not in str(connection.execute(text("SELECT * FROM secrets")).all())
        assert store.resolve(connection, "Bearer secret:CRM_TOKEN").get_secret_value() == "Bearer tok-123"
        assert store.resolve(connection, "no reference").get_secret_value() == "no reference"
        assert [(s.name, s.updated_at) for s in store.names(connection)] == [("CRM_TOKEN", START + timedelta(hours=1))]
        assert store.delete(connection, "CRM_TOKEN")
        assert not store.delete(connection, "CRM_TOKEN")


def test_a_resolved_text_shows_nothing_of_itself(database: Database) -> None:
    store = SecretStore(SecretBox([OLD]), {"A": "tok-1"})
    with database.read() as connection:
        value = store.resolve(connection, "secret:A")
        assert "tok-1" not in f"{value!r} {value} {store!r} {store.filled(connection, 'secret:A')}"


def test_the_environment_comes_before_the_store(database: Database) -> None:
    store = SecretStore(SecretBox([OLD]), {"A": "from environment", "B": "  "})
    with database.write() as connection:
        store.set(connection, "A", "from store", START)
        store.set(connection, "B", "from store", START)
        assert store.resolve(connection, "secret:A, secret:B").get_secret_value() == "from environment, from store"


def test_a_missing_secret_is_named_in_the_error(database: Database) -> None:
    with database.read() as connection, pytest.raises(SecretMissing, match="environment variable CRM_TOKEN"):
        SecretStore(SecretBox([OLD]), {}).resolve(connection, "Bearer secret:CRM_TOKEN")


@pytest.mark.parametrize("name", ["DIALLER_ENCRYPTION_KEY", "dialler_x", "1A", "A-B", ""])
def test_names_that_cannot_be_secrets(name: str, database: Database) -> None:
    store = SecretStore(SecretBox([OLD]), {"DIALLER_ENCRYPTION_KEY": OLD})
    with database.write() as connection, pytest.raises(BadSecretName):
        store.set(connection, name, "x", START)


def test_the_products_own_settings_cannot_be_sent_out(database: Database) -> None:
    with database.read() as connection, pytest.raises(BadSecretName, match="own settings"):
        SecretStore(SecretBox([OLD]), {"DIALLER_ENCRYPTION_KEY": OLD}).resolve(connection, "secret:DIALLER_ENCRYPTION_KEY")


def test_rotation_encrypts_everything_anew(database: Database) -> None:
    with database.write() as connection:
        SecretStore(SecretBox([OLD]), {}).set(connection, "A", "tok", START)
        assert SecretStore(SecretBox([NEW, OLD]), {}).rotate(connection) == 1
        assert SecretStore(SecretBox([NEW]), {}).resolve(connection, "secret:A").get_secret_value() == "tok"


def test_names_in() -> None:
    assert names_in("Bearer secret:A x secret:B_2; nosecret:C secret: D") == ("A", "B_2")
