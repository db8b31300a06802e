"""What must be kept about a person and forgotten with them: encrypted with a key of that person, which is destroyed when they are erased.

Audit logs and evidence are never rewritten, and backups of them are kept. A value in them that tells who somebody is (a number, a name, a
lead's id) is therefore sealed: `person:ID:CIPHERTEXT`. The key with that ID is in the table `person_keys`, itself encrypted with the
installation's key. Once it is destroyed, the sealed values stay where they are and mean nothing.

A person is a phone number (E.164; an extension does not count). Who is erased and becomes known again gets a new key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.access.tables import PersonKey
from core.kernel.secrets import SecretBox
from core.kernel.statements import Statement, table_of

__all__ = ["ERASED", "PersonKeys", "is_sealed"]

ERASED: Final = "(erased)"
"""What is shown in place of a sealed value whose key was destroyed."""

_keys = table_of(PersonKey)
_PREFIX: Final = "person:"
_PURPOSE: Final = "tags of persons"
_BY_ID = Statement(select(_keys.c.sealed).where(_keys.c.id == bindparam("id")))


def is_sealed(text: str) -> bool:
    """Whether a stored text is a sealed value."""
    return text.startswith(_PREFIX) and text.count(":") == 2


class PersonKeys:
    """The keys of persons.

    Args:
        box: encrypts them.
    """

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._tag_keys = box.derive(_PURPOSE)

    def seal(self, connection: Connection, number: str, text: str, now: datetime) -> str:
        """A text that concerns the person with a number, encrypted with their key, which is made if there is none.

        Args:
            connection: a transaction that may write.
            number: E.164, with or without an extension.
            text: what to keep.
            now: the current time.
        """
        key_id, key = self._find(connection, number) or self._make(connection, number, now)
        return f"{_PREFIX}{key_id}:{Fernet(key).encrypt(text.encode()).decode('ascii')}"

    def reveal(self, connection: Connection, sealed: str) -> str:
        """What was sealed; `ERASED` if the person was erased since. A text that is not sealed is returned as it is.

        Raises:
            core.kernel.secrets.CannotDecrypt: the person's key was encrypted with another key of the installation.
        """
        if not is_sealed(sealed):
            return sealed
        _, key_id, token = sealed.split(":")
        kept = _BY_ID.run(connection, id=key_id).scalar()
        if kept is None:
            return ERASED
        try:
            return Fernet(self._box.decrypt(kept).split(" ")[0]).decrypt(token).decode()
        except InvalidToken:
            return ERASED

    def known(self, connection: Connection, number: str) -> bool:
        """Whether a person has a key: something about them was sealed."""
        return self._find(connection, number) is not None

    def destroy(self, connection: Connection, number: str) -> int:
        """Destroy the key of a person: nothing that was sealed with it can be read again. Returns how many keys there were."""
        if connection.dialect.name == "sqlite":  # overwrite what is deleted, instead of only marking its pages as free
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        return connection.execute(delete(_keys).where(_keys.c.tag.in_(self._tags(number)))).rowcount

    def rotate(self, connection: Connection) -> int:
        """Re-encrypt every key with the installation's first key. Returns how many."""
        rows = connection.execute(select(_keys.c.id, _keys.c.sealed)).all()
        for row in rows:
            number = self._box.decrypt(row.sealed).split(" ")[1]
            new = {"sealed": self._box.rotate(row.sealed), "tag": self._tags(number)[0]}
            connection.execute(update(_keys).where(_keys.c.id == row.id).values(new))
        return len(rows)

    def _tags(self, number: str) -> tuple[str, ...]:
        """By which keys are found without the number being kept: one for each key of the installation, the first for new ones."""
        person = number.partition(";")[0].encode()
        return tuple(hmac.new(key, person, hashlib.sha256).hexdigest() for key in self._tag_keys)

    def _find(self, connection: Connection, number: str) -> tuple[str, str] | None:
        row = connection.execute(select(_keys.c.id, _keys.c.sealed).where(_keys.c.tag.in_(self._tags(number)))).first()
        return None if row is None else (row.id, self._box.decrypt(row.sealed).split(" ")[0])

    def _make(self, connection: Connection, number: str, now: datetime) -> tuple[str, str]:
        key = Fernet.generate_key().decode("ascii")
        sealed = self._box.encrypt(f"{key} {number.partition(';')[0]}")
        add = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(_keys)
        new = {"id": secrets.token_hex(8), "tag": self._tags(number)[0], "sealed": sealed, "created_at": now}
        connection.execute(add.values(new).on_conflict_do_nothing(index_elements=["tag"]))
        made = self._find(connection, number)  # ours, or that of a process that was faster
        assert made is not None
        return made
