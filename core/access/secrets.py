"""The secret store: values under names, encrypted in the database; configuration refers to them as `secret:NAME`.

`resolve` looks for a name in the environment first, then in the store. Values leave this module only inside a
`SecretStr`, whose `repr` is masked; they are unwrapped where a request is built and nowhere else.

    SecretError
    ├── SecretMissing      no such secret in the environment or the store
    └── BadSecretName      the name cannot be one
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.access.tables import Secret
from core.kernel.database import Database
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.secrets import SecretBox
from core.kernel.statements import Statement, table_of

__all__ = ["BadSecretName", "SecretError", "SecretMissing", "SecretName", "SecretStore", "forget", "forget_all", "names_in", "stored_names"]

_secrets = table_of(Secret)
_CIPHERTEXT = Statement(select(_secrets.c.ciphertext).where(_secrets.c.name == bindparam("wanted")))

_TRUSTED_SECONDS = 5.0
"""How long, in real time, `filled_lately` goes by a value that was read."""
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_REFERENCE = re.compile(rf"(?<![\w:])secret:({_NAME})")
_RESERVED = "DIALLER_"  # settings of the product itself, including its encryption key


class SecretError(Exception):
    """A secret cannot be used."""


class SecretMissing(SecretError):
    """There is no secret of this name, in the environment or the store."""


class BadSecretName(SecretError):
    """A name of a secret is of letters, digits and underscores, and does not begin with DIALLER_."""


@dataclass(frozen=True)
class SecretName:
    """A stored secret without its value."""

    name: str
    updated_at: datetime


def names_in(text: str) -> tuple[str, ...]:
    """The names that a text refers to: `Bearer secret:CRM_TOKEN` -> `("CRM_TOKEN",)`."""
    return tuple(_REFERENCE.findall(text))


def stored_names(connection: Connection) -> list[SecretName]:
    """The stored secrets by name, without values. Needs no encryption key."""
    rows = connection.execute(select(_secrets.c.name, _secrets.c.updated_at).order_by(_secrets.c.name))
    return [SecretName(row.name, row.updated_at) for row in rows]


def forget(connection: Connection, name: str) -> bool:
    """Delete a secret. Returns whether it existed. Needs no encryption key."""
    return connection.execute(delete(_secrets).where(_secrets.c.name == name)).rowcount > 0


def forget_all(connection: Connection) -> int:
    """Delete every stored secret. Returns how many. The product's own are created again at the next start."""
    return connection.execute(delete(_secrets)).rowcount


class SecretStore:
    """Secrets of one installation.

    Args:
        box: what encrypts them.
        environ: the environment, looked at before the store.
    """

    def __init__(self, box: SecretBox, environ: Mapping[str, str]) -> None:
        self._box, self._environ = box, environ
        self._lately: dict[str, tuple[float, str]] = {}
        """Stored values that were read not long ago, with the moment of that."""

    def __repr__(self) -> str:
        return "SecretStore(...)"

    def set(self, connection: Connection, name: str, value: str, now: datetime) -> None:
        """Store a value under a name, replacing any earlier one.

        Raises:
            BadSecretName: see there.
        """
        _check(name)
        self.forget_lately()
        values = {"ciphertext": self._box.encrypt(value), "updated_at": now}
        if not connection.execute(update(_secrets).where(_secrets.c.name == name).values(values)).rowcount:
            connection.execute(insert(_secrets).values(name=name, **values))

    def delete(self, connection: Connection, name: str) -> bool:
        """Forget a secret. Returns whether there was one."""
        self.forget_lately()
        return forget(connection, name)

    def names(self, connection: Connection) -> list[SecretName]:
        """The stored secrets by name, without values."""
        return stored_names(connection)

    def resolve(self, connection: Connection, text: str) -> SecretStr:
        """The text with every `secret:NAME` in it replaced by its value, stripped of surrounding whitespace.

        Raises:
            SecretMissing, BadSecretName: see there.
            core.kernel.secrets.CannotDecrypt: when it was stored under another encryption key.
        """
        return SecretStr(_REFERENCE.sub(lambda match: self._value(connection, match[1]), text))

    def filled(self, connection: Connection, text: str) -> tuple[SecretStr, tuple[SecretStr, ...]]:
        """As `resolve`, and also returns the values it filled in, so that they can be masked wherever they come back."""
        values: list[SecretStr] = []

        def value(match: re.Match[str]) -> str:
            found = self._value(connection, match[1])
            values.append(SecretStr(found))
            return found

        return SecretStr(_REFERENCE.sub(value, text)), tuple(values)

    def filled_lately(self, db: Database, text: str) -> tuple[SecretStr, tuple[SecretStr, ...]]:
        """`filled`, by stored values that were read up to five seconds ago; what is older is read in a transaction of its own.

        For what is sent often. If it is refused, `forget_lately`: the secret may have been changed by another process.
        """
        values: list[SecretStr] = []

        def value(match: re.Match[str]) -> str:
            found = self._value_lately(db, match[1])
            values.append(SecretStr(found))
            return found

        return SecretStr(_REFERENCE.sub(value, text)), tuple(values)

    def forget_lately(self) -> None:
        """Read every stored secret anew from now on."""
        self._lately.clear()

    def resolver(self, db: Database) -> Callable[[str], SecretStr]:
        """As `resolve`, without a connection: each look-up is a short transaction of its own. Do not call it inside another transaction.

        While the database does not answer, what it gave last is used: a conversation goes on without it.
        """
        last: dict[str, SecretStr] = {}

        def resolve(text: str) -> SecretStr:
            try:
                with db.read() as connection:
                    last[text] = self.resolve(connection, text)
            except DATABASE_FAILURES:
                if text not in last:
                    raise
            return last[text]

        return resolve

    def rotate(self, connection: Connection) -> int:
        """Re-encrypt every stored secret with the first key. Returns how many."""
        rows = connection.execute(select(_secrets.c.name, _secrets.c.ciphertext)).all()
        for row in rows:
            connection.execute(update(_secrets).where(_secrets.c.name == row.name).values(ciphertext=self._box.rotate(row.ciphertext)))
        return len(rows)

    def _value_lately(self, db: Database, name: str) -> str:
        read_at, value = self._lately.get(name, (0.0, ""))
        if name not in self._environ and value and time.monotonic() - read_at < _TRUSTED_SECONDS:
            return value
        with db.read() as connection:
            value = self._value(connection, name)
        if name not in self._environ:
            self._lately[name] = (time.monotonic(), value)
        return value

    def _value(self, connection: Connection, name: str) -> str:
        _check(name)
        if (given := self._environ.get(name, "").strip()) != "":
            return given
        token = _CIPHERTEXT.run(connection, wanted=name).scalar()
        if token is None:
            raise SecretMissing(
                f"there is no secret {name}: set the environment variable {name}, or store a secret under that name (docs/keys.md)"
            )
        return self._box.decrypt(token).strip()


def _check(name: str) -> None:
    if not re.fullmatch(_NAME, name):
        raise BadSecretName("the name of a secret has up to 128 letters, digits and underscores, and does not begin with a digit")
    if name.upper().startswith(_RESERVED):
        raise BadSecretName(f"{name} cannot be used as a secret: names that begin with {_RESERVED} are the product's own settings")
