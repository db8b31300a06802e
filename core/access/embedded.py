"""The API key of the dialler in the same process: created once, stored encrypted, always under the same id.

The id must not change: an Idempotency-Key is scoped to an API key, so a repeated dialout under another id would place a second call.
"""

from __future__ import annotations

import secrets as random_bytes
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete

from core.access.checks import Unauthorized, verify
from core.access.keys import create, list_keys
from core.access.secrets import SecretMissing, SecretStore
from core.access.tables import ApiKey
from core.kernel.secrets import CannotDecrypt
from core.kernel.statements import table_of

__all__ = ["EMBEDDED_KEY_ID", "RESULTS_SECRET", "embedded_key", "results_secret"]

EMBEDDED_KEY_ID = "embedded-dialler"
RESULTS_SECRET = "EMBEDDED_RESULTS_SECRET"  # noqa: S105 - a name, not a secret
_KEY_SECRET = "EMBEDDED_DIALLER_KEY"  # noqa: S105 - a name, not a secret

_keys = table_of(ApiKey)


def embedded_key(connection: Connection, secrets: SecretStore, results_url: str, now: datetime) -> str:
    """The embedded dialler's API key; created at the first start, with the secret that signs its results."""
    results_secret(connection, secrets, now)
    try:
        key = secrets.resolve(connection, f"secret:{_KEY_SECRET}").get_secret_value()
        if verify(connection, key, now).results_url == results_url:
            return key
    except (SecretMissing, CannotDecrypt, Unauthorized):
        pass
    if any(info.id == EMBEDDED_KEY_ID for info in list_keys(connection)):
        return _renewed(connection, secrets, results_url, now)
    return _stored(connection, secrets, results_url, now, EMBEDDED_KEY_ID)


def results_secret(connection: Connection, secrets: SecretStore, now: datetime) -> str:
    """The secret (`whsec_...`) that signs the embedded dialler's results; created at the first start."""
    return _secret(connection, secrets, RESULTS_SECRET, lambda: "whsec_" + b64encode(random_bytes.token_bytes(32)).decode(), now)


def _secret(connection: Connection, secrets: SecretStore, name: str, make: Callable[[], str], now: datetime) -> str:
    try:
        return secrets.resolve(connection, f"secret:{name}").get_secret_value()
    except (SecretMissing, CannotDecrypt):
        value = make()
        secrets.set(connection, name, value, now)
        return value


def _stored(connection: Connection, secrets: SecretStore, results_url: str, now: datetime, key_id: str) -> str:
    new = create(
        connection, key_id=key_id, name="embedded dialler", now=now, results_url=results_url, results_secret=f"secret:{RESULTS_SECRET}"
    )
    secrets.set(connection, _KEY_SECRET, new.key, now)
    return new.key


def _renewed(connection: Connection, secrets: SecretStore, results_url: str, now: datetime) -> str:
    """The stored key cannot be decrypted (another encryption key): give the same id a new key."""
    spare = f"{EMBEDDED_KEY_ID}-new"
    key = _stored(connection, secrets, results_url, now, spare)
    row = connection.execute(_keys.select().where(_keys.c.id == spare)).one()
    connection.execute(delete(_keys).where(_keys.c.id == spare))
    connection.execute(
        _keys.update()
        .where(_keys.c.id == EMBEDDED_KEY_ID)
        .values(key_hash=row.key_hash, prefix=row.prefix, revoked_at=None, expires_at=None, results_url=results_url)
    )
    return key
