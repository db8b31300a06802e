"""More calls than a trunk may bring: an INVITE above its limit is refused before anybody reads it, and nothing is kept of it. Pure.

What such an INVITE costs is what is left for the sound of the calls in progress, so the 503 is made of the datagram's own lines, without
a transaction: its ACK is told by its tag and dropped, and an INVITE that is sent again is refused again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

from core.kernel.rate import Throttle

__all__ = ["RETRY_AFTER", "InviteLimit", "begins_a_call", "is_ack_of_refusal", "refusal"]

RETRY_AFTER: Final = 5
"""Seconds."""
_TAG: Final = b"too-many-calls"
_REMEMBERED: Final = 4096
_COMPACT: Final = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id"}
_COPIED: Final = (b"via", b"from", b"to", b"call-id", b"cseq")
_BURST_SECONDS: Final = 2.0


class InviteLimit:
    """The limit of the INVITEs from one trunk. Times are seconds of one clock; INVITEs that are sent again are admitted again.

    Args:
        rate: INVITEs a second.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._throttle = Throttle(rate, max(rate * _BURST_SECONDS, 1.0))
        self._admitted: OrderedDict[int, None] = OrderedDict()

    def admit(self, now: float, datagram: bytes) -> bool:
        """Whether this INVITE is within the limit; it is counted then."""
        known = hash(datagram)
        if known in self._admitted:
            return True
        if not self._throttle.admit(now):
            return False
        self._admitted[known] = None
        if len(self._admitted) > _REMEMBERED:
            self._admitted.popitem(last=False)
        return True


def begins_a_call(datagram: bytes) -> bool:
    """Whether it is an INVITE outside of any call. One whose To cannot be found is taken for one, and so is one behind empty lines."""
    if not _begun(datagram).startswith(b"INVITE "):
        return False
    return not any(name == b"to" and re.search(rb";\s*tag\s*=", value, re.IGNORECASE) for name, value in _headers(datagram))


def is_ack_of_refusal(datagram: bytes) -> bool:
    """Whether it is an ACK of a refusal of ours: there is no transaction that waits for it."""
    return _begun(datagram).startswith(b"ACK ") and _TAG in datagram


def refusal(datagram: bytes, address: tuple[str, int]) -> bytes | None:
    """The 503 to an INVITE from this address; None if it lacks what an answer needs."""
    copied = [(name, value) for name, value in _headers(datagram) if name in _COPIED]
    if {name for name, _ in copied} != set(_COPIED):
        return None
    lines = [b"SIP/2.0 503 Service Unavailable"]
    first_via = True
    for name, value in copied:
        said = value
        if name == b"via" and first_via:
            first_via = False
            where = b";received=%s;rport=%d" % (address[0].encode(), address[1])
            said = re.sub(rb";\s*rport(?=\s*(;|,|$))", where, said, count=1)
        elif name == b"to":
            said = value + b";tag=" + _TAG
        lines.append(name.title() + b": " + said)
    lines += [b"Retry-After: %d" % RETRY_AFTER, b"Content-Length: 0", b"", b""]
    return b"\r\n".join(lines)


def _begun(datagram: bytes) -> bytes:
    """From its first line on: empty lines before it are ignored (RFC 3261, 7.5), by the stack as well."""
    return datagram.strip() if datagram[:1].isspace() else datagram


def _headers(datagram: bytes) -> list[tuple[bytes, bytes]]:
    """The headers with their long names, in small letters; folded lines are joined."""
    head = re.split(rb"\r?\n\r?\n", _begun(datagram), maxsplit=1)[0]
    lines = re.sub(rb"\r?\n[ \t]+", b" ", head).splitlines()[1:]
    found = []
    for line in lines:
        name, colon, value = line.partition(b":")
        short = name.strip().lower()
        if colon:
            found.append((_COMPACT.get(short, short), value.strip()))
    return found
