"""Plaintext credentials that arrive over the API are put into the secret store and replaced by a reference.

The integration guide sends `"token": "Bearer your-token"`. The configuration stores `Bearer secret:NAME`, under a name made for its owner,
so nothing that can be read back holds a credential.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from core.access.secrets import names_in

__all__ = ["Sealed", "seal", "secret_name"]

_SCHEME = re.compile(r"([A-Za-z]+) +(\S+)")


@dataclass(frozen=True)
class Sealed:
    """The text to keep, and the value to store as a secret; None if the text held no credential."""

    text: str
    value: str | None = field(default=None, repr=False)


def seal(text: str, name: str) -> Sealed:
    """Replace the credential in a token by `secret:name`. Pure; an authorization scheme (`Bearer`) stays readable.

    Args:
        text: what was sent; an empty text or a reference is left unchanged.
        name: the name under which to store its value.
    """
    text = text.strip()
    if not text or names_in(text):
        return Sealed(text)
    if scheme := _SCHEME.fullmatch(text):
        return Sealed(f"{scheme[1]} secret:{name}", scheme[2])
    return Sealed(f"secret:{name}", text)


def secret_name(kind: str, owner_id: str, what: str) -> str:
    """The name of one owner's secret: `BOT_LOAN_REMINDER_5B1F77AD_PUSH_TOKEN`. The hash keeps `a-b` and `a_b` apart."""
    plain = re.sub("[^A-Z0-9]+", "_", owner_id.upper())[:40].strip("_")
    return f"{kind}_{plain}_{hashlib.sha256(owner_id.encode()).hexdigest()[:8].upper()}_{what}"
