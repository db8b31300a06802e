"""Keys of the phone in a SIP INFO, as gateways without telephone events send them. Pure.

application/dtmf-relay               `Signal=5` with a Duration: Cisco, and most others; the key alone: some
application/vnd.nortelnetworks.digits  `d=5`: Nortel
application/dtmf                     the key alone: Asterisk, 3CX
audio/telephone-event                the key alone, or `Event=5`: Audiocodes, some softswitches
message/dtmf                         the key alone
text/plain                           the key alone, as one character; any other text is not accepted (415)

A key is written as itself or as its event code (RFC 4733: 10 is *, 11 is #, 12 to 15 are A to D; 16 is the hook flash, no key).
"""

from __future__ import annotations

import re
from typing import Final

from core.transports.sip.dtmf import KEYS

__all__ = ["KEY_TYPES", "keys_in_info"]

_NORTEL: Final = "application/vnd.nortelnetworks.digits"
KEY_TYPES: Final = ("application/dtmf-relay", "application/dtmf", _NORTEL, "audio/telephone-event", "message/dtmf")
"""The media types of a body that tells a key, in small letters; one character as `text/plain` does, too."""
_CHARACTERS: Final = frozenset(KEYS)
_LONGEST: Final = 200
_NAMED = re.compile(
    r"^[ \t]*(?:signal|event|digit|d)[ \t]*[=:][ \t]*\"?([0-9A-D*#]{1,2})\"?[ \t]*(?:[;,].*)?$", re.IGNORECASE | re.MULTILINE
)
_ALONE = re.compile(r"[ \t]*\"?([0-9A-D*#]{1,2})\"?[ \t]*", re.IGNORECASE)


def keys_in_info(content_type: str, body: str) -> str | None:
    """The key that an INFO tells.

    Args:
        content_type: its Content-Type, parameters included.
        body: its body, with lines of any ending.

    Returns:
        The key; empty if there is none in it that we know; None if a body of this type tells no keys (415).
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/plain":
        alone = body.strip().upper()
        return alone if alone in _CHARACTERS else None
    if kind not in KEY_TYPES:
        return None
    text = re.sub(r"\r\n?", "\n", body[:_LONGEST]).strip()
    found = _NAMED.search(text)
    if found is None and kind != _NORTEL:
        found = _ALONE.fullmatch(text.partition("\n")[0])
    return _key(found[1].upper()) if found else ""


def _key(written: str) -> str:
    if len(written) == 1:
        return written
    return KEYS[int(written)] if written.isdigit() and int(written) < len(KEYS) else ""
