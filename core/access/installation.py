"""The encryption key of an installation, checked against the secrets that its database already holds.

A new key is created only where nothing is encrypted yet. Beside stored secrets, a new key would make all of them useless, and nobody would
notice before a push failed.

    UnusableKey (core.kernel.secrets)
    └── KeyLost      the key that encrypted the stored secrets is not there
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from core.access.tables import Secret
from core.kernel.secrets import ENVIRONMENT_NAME, KEY_FILE, CannotDecrypt, SecretBox, UnusableKey
from core.kernel.statements import table_of
from core.kernel.words import counted

__all__ = ["KeyLost", "open_box"]

_secrets = table_of(Secret)
_NAMED = 5
_WAY_OUT = "or, if that key is lost, delete them with `dialler secrets delete --all` and store them again."


class KeyLost(UnusableKey):
    """The key that encrypted the stored secrets is missing, or another one is in its place."""


def open_box(connection: Connection, folder: Path, environ: Mapping[str, str], *, replacing: str | None = None) -> SecretBox:
    """Open the box of an installation (`SecretBox.open`), and check that it decrypts every stored secret.

    Args:
        connection: a transaction.
        folder: the data folder, where the key is kept unless the environment has it.
        environ: the environment.
        replacing: the name of a secret that is about to be replaced: it need not be decryptable.

    Raises:
        KeyLost: secrets are stored, and their key is missing or another one is in its place. No key is created.
        UnusableKey: the key is malformed, or other users can read its file.
    """
    # Read the rows first and the key after them: a process that starts at the same time creates its key before it encrypts with it.
    query = select(_secrets.c.name, _secrets.c.ciphertext).where(_secrets.c.name != (replacing or "")).order_by(_secrets.c.name)
    stored = connection.execute(query).all()
    if not stored:
        return SecretBox.open(folder, environ)
    path = folder / KEY_FILE
    if not environ.get(ENVIRONMENT_NAME, "").strip() and not path.exists():
        raise KeyLost(
            f"The database holds {counted(len(stored), 'encrypted secret')} ({_listed([row.name for row in stored])}), but the key that "
            f"encrypted them is missing: put {path} back or set {ENVIRONMENT_NAME}, {_WAY_OUT}"
        )
    box = SecretBox.open(folder, environ)
    if closed := [row.name for row in stored if not _opens(box, row.ciphertext)]:
        where = ENVIRONMENT_NAME if environ.get(ENVIRONMENT_NAME, "").strip() else str(path)
        raise KeyLost(
            f"The encryption key in {where} is not the one that encrypted {counted(len(closed), 'secret')} of the database "
            f"({_listed(closed)}): put the old key back (alone, or after the new one, separated by a comma), {_WAY_OUT}"
        )
    return box


def _opens(box: SecretBox, token: str) -> bool:
    try:
        box.decrypt(token)
    except CannotDecrypt:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
