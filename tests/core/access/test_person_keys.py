"""Keys of persons: what is sealed can be read until they are erased, and never after."""

from __future__ import annotations

import re

from cryptography.fernet import Fernet
from sqlalchemy import text

from core.access.person_keys import ERASED, PersonKeys, is_sealed
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from tests.conftest import START

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ANN, BEN = "+12025550109", "+12025550128"


def test_what_is_sealed_can_be_read_and_does_not_show_itself(database: Database) -> None:
    keys = PersonKeys(SecretBox([OLD]))
    with database.write() as connection:
        first = keys.seal(connection, ANN, "Ann Archer", START)
        again = keys.seal(connection, f"{ANN};ext=12", ANN, START)
        assert is_sealed(first)
        assert "Archer" not in first
        assert first.split(":")[1] == again.split(":")[1]  # one key a person, whatever the extension
        assert keys.reveal(connection, first) == "Ann Archer"
        assert keys.reveal(connection, again) == ANN
        assert keys.reveal(connection, "not sealed") == "not sealed"
        assert "2025550109" not in str(connection.execute(text("SELECT * FROM person_keys")).all())


def test_an_erased_person_is_unreadable_and_others_are_not(database: Database) -> None:
    keys = PersonKeys(SecretBox([OLD]))
    with database.write() as connection:
        ann, ben = (keys.seal(connection, number, "a value", START) for number in (ANN, BEN))
        assert keys.destroy(connection, ANN) == 1
        assert keys.destroy(connection, ANN) == 0
        assert (keys.reveal(connection, ann), keys.reveal(connection, ben)) == (ERASED, "a value")
        assert not keys.known(connection, ANN)
        later = keys.seal(connection, ANN, "a lead again", START)  # known again: by a new key
        assert keys.reveal(connection, later) == "a lead again"
        assert keys.reveal(connection, ann) == ERASED


def test_the_installations_key_can_be_rotated(database: Database) -> None:
    with database.write() as connection:
        sealed = PersonKeys(SecretBox([OLD])).seal(connection, ANN, "a value", START)
        both = PersonKeys(SecretBox([NEW, OLD]))
        assert both.seal(connection, ANN, "x", START).split(":")[1] == sealed.split(":")[1]  # found by the old tag
        assert both.rotate(connection) == 1
        new = PersonKeys(SecretBox([NEW]))
        assert new.reveal(connection, sealed) == "a value"
        assert new.known(connection, ANN)


def test_nothing_of_the_key_is_left_in_the_file(database: Database) -> None:
    keys = PersonKeys(SecretBox([OLD]))
    with database.write() as connection:
        keys.seal(connection, ANN, "a value", START)
        kept = connection.execute(text("SELECT sealed FROM person_keys")).scalar_one()
    with database.write() as connection:
        keys.destroy(connection, ANN)
    if database.is_postgresql:
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = re.sub("^sqlite:///", "", database.url)
    with open(path, "rb") as file:
        assert kept.encode() not in file.read()
