"""Signed links to recordings, valid until a given time. Pure.

    {public_base_url}/recordings/{call_id}?expires=SECONDS&signature=TEXT

The signature is HMAC-SHA256 over call and expiry, in URL-safe base64 without padding. The same link always has the same signature, which
reveals nothing about the call.

    LinkRefused
    ├── LinkForged     the signature does not match call and expiry
    └── LinkExpired    the signature is valid, but the link has expired
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

__all__ = ["LinkExpired", "LinkForged", "LinkRefused", "check_link", "make_link", "sign"]


class LinkRefused(Exception):
    """The link does not open the recording."""


class LinkForged(LinkRefused):
    """The link was not made by us, or was altered."""


class LinkExpired(LinkRefused):
    """The link is valid but has expired."""


def sign(key: bytes, call_id: str, expires: int) -> str:
    """The signature of a link; `expires` is in seconds since 1970."""
    mac = HMAC(key, SHA256())
    mac.update(f"recording\n{expires}\n{call_id}".encode())
    return urlsafe_b64encode(mac.finalize()).rstrip(b"=").decode("ascii")


def make_link(base_url: str, key: bytes, call_id: str, expires_at: datetime) -> str:
    """The link to the recording of a call. The expiry is cut to whole seconds."""
    expires = int(expires_at.timestamp())
    query = urlencode({"expires": expires, "signature": sign(key, call_id, expires)})
    return f"{base_url.rstrip('/')}/recordings/{quote(call_id, safe='')}?{query}"


def check_link(keys: Sequence[bytes], call_id: str, expires: str, signature: str, now: datetime) -> None:
    """Accept a link that one of the keys signed and that has not expired.

    Args:
        keys: the keys that may have signed it.
        call_id: the call in the link.
        expires: as given in the link.
        signature: as given in the link.
        now: the clock's time.

    Raises:
        LinkForged, LinkExpired: see there.
    """
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
        raise LinkForged("This link was not made by us, or was altered.")
    given = signature.encode()
    # every key is tried, so that the response time does not reveal which one fits
    fits = [bytes_eq(sign(key, call_id, int(expires)).encode(), given) for key in keys]
    if not any(fits) or expires != str(int(expires)):
        raise LinkForged("This link was not made by us, or was altered.")
    if now.timestamp() >= int(expires):
        raise LinkExpired("This link has expired. Anyone with an API key can make a new one.")
