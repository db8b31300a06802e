"""The keys that sign links to recordings.

Links are signed with a key derived from the installation's encryption key. A seeded run must repeat exactly, including its links, on any
installation: so links to *sandbox* calls of a seeded process are signed with a key derived from the seed. Anyone who knows the seed can
make such links, and hears a synthesized conversation. That key is stored (encrypted) in the run's database, so that later processes on it,
which do not know the seed, accept those links as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from core.access.secrets import SecretMissing, SecretStore
from core.kernel.secrets import CannotDecrypt, SecretBox

__all__ = ["LinkKeys", "link_keys", "seed_key"]

_PURPOSE = "links to recordings"
_KEPT = "SANDBOX_LINK_KEYS"
_MOST_KEPT = 16


@dataclass(frozen=True)
class LinkKeys:
    """Keys for real and for sandbox calls. The first signs, all are accepted."""

    real: tuple[bytes, ...] = field(repr=False)
    sandbox: tuple[bytes, ...] = field(repr=False)

    def of(self, transport: str) -> tuple[bytes, ...]:
        """The keys for calls of a transport."""
        return self.sandbox if transport == "sandbox" else self.real


def seed_key(seed: int) -> bytes:
    """The key of a seeded sandbox run."""
    return hashlib.sha256(f"{_PURPOSE}: seed {seed}".encode()).digest()


def link_keys(connection: Connection, secrets: SecretStore, box: SecretBox, seed: int | None, now: datetime) -> LinkKeys:
    """The keys of this process; stores that of its seed for later processes."""
    real = box.derive(_PURPOSE)
    kept = _kept(connection, secrets)
    if seed is None:
        return LinkKeys(real, (*real, *kept))
    mine = seed_key(seed)
    others = tuple(key for key in kept if key != mine)
    if kept[:1] != (mine,):
        keys = (mine, *others)[:_MOST_KEPT]
        secrets.set(connection, _KEPT, " ".join(key.hex() for key in keys), now)
    return LinkKeys(real, (mine, *real, *others))


def _kept(connection: Connection, secrets: SecretStore) -> tuple[bytes, ...]:
    try:
        text = secrets.resolve(connection, f"secret:{_KEPT}").get_secret_value()
        return tuple(bytes.fromhex(part) for part in text.split())
    except (SecretMissing, CannotDecrypt):
        return ()
