"""Addresses in SIP headers: `"Name" <uri>;parameters`, in every form that carriers write, and who is meant by them. Pure.

A URI may be sip:, sips:, tel: (RFC 3966), or of a scheme that we do not know; its scheme is in any case of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

__all__ = ["BadAddress", "Diversion", "WrittenAddress", "asserted_users", "diversions", "read_address", "split_list", "user_of_uri"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MOST: Final = 10
_LONGEST: Final = 8192


class BadAddress(ValueError):
    """It cannot be read as an address."""


@dataclass(frozen=True)
class WrittenAddress:
    """An address of a header.

    Attributes:
        name: the display name as it was written, without its quotes; None: there is none.
        quoted: whether the display name stood in quotes.
        uri: the URI as it was written.
        parameters: those of the header, not of the URI, in their order; None: one without a value.
        bracketed: whether the URI stood in angle brackets.
    """

    name: str | None
    quoted: bool
    uri: str
    parameters: tuple[tuple[str, str | None], ...]
    bracketed: bool = True

    def parameter(self, name: str) -> str:
        """A parameter's value in small letters, without quotes; empty if there is none."""
        return next(((value or "").strip().strip('"').lower() for key, value in self.parameters if key.lower() == name), "")


def read_address(text: str) -> WrittenAddress:
    """One address.

    Raises:
        BadAddress: there is no URI in it, or a bracket or a quote is not closed.
    """
    rest, name, quoted = text.strip(), None, False
    if rest.startswith('"'):
        closing = re.match(r'"((?:[^"\\]|\\.)*)"\s*', rest, re.DOTALL)
        if closing is None:
            raise BadAddress("a quote is not closed")
        name, quoted, rest = closing[1], True, rest[closing.end() :]
    if not quoted and "<" in rest:
        before, _, after = rest.partition("<")
        name, rest = before.strip() or None, f"<{after}"
    if rest.startswith("<"):
        uri, closed, rest = rest[1:].partition(">")
        if not closed:
            raise BadAddress("a bracket is not closed")
        bracketed = True
    else:
        uri, semicolon, rest = rest.partition(";")
        rest, bracketed = semicolon + rest, False
    uri = uri.strip()
    if not _SCHEME.match(uri) or re.search(r"\s", uri):
        raise BadAddress("there is no URI in it")
    return WrittenAddress(name, quoted, uri, tuple(_parameters(rest)), bracketed)


def _parameters(text: str) -> Iterator[tuple[str, str | None]]:
    for part in _split(text, ";"):
        key, equals, value = part.partition("=")
        if key.strip():
            yield key.strip(), value.strip() if equals else None


def split_list(text: str) -> list[str]:
    """The parts of a header between its commas: not those in quotes or brackets."""
    return [part for part in (part.strip() for part in _split(text, ",")) if part]


def _split(text: str, at: str) -> list[str]:
    parts, quoted, depth, begin, skip = [], False, 0, 0, False
    for position, letter in enumerate(text[:_LONGEST]):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = depth == 0
        elif letter in "<>":
            depth = 1 if letter == "<" else 0
        elif letter == at and depth == 0:
            parts.append(text[begin:position])
            begin = position + 1
    return [*parts, text[begin:_LONGEST]]


def user_of_uri(uri: str) -> str:
    """The user of a URI, escapes resolved, with its own parameters: `7042;phone-context=+1202`. Empty if it has none."""
    scheme, _, rest = uri.strip().partition(":")
    match scheme.lower():
        case "tel":
            return unquote(rest)
        case "sip" | "sips":
            user, at, _ = rest.partition("@")
            return unquote(re.sub(r":.*", "", user, flags=re.DOTALL)) if at else ""
    return ""


def _addresses(headers: Iterable[str]) -> list[WrittenAddress]:
    found = []
    for header in headers:
        for part in split_list(header)[:_MOST]:
            try:
                found.append(read_address(part))
            except BadAddress:
                continue
    return found[:_MOST]


def asserted_users(asserted: Iterable[str], remote_party: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Who calls, as the carrier's network says, and whether they want that kept from the callee.

    Args:
        asserted: the P-Asserted-Identity headers (RFC 3325).
        remote_party: the Remote-Party-ID headers (draft-ietf-sip-privacy): those of the calling party count.
    """
    parties = [one for one in _addresses(remote_party) if one.parameter("party") in {"", "calling"}]
    users = [user_of_uri(one.uri) for one in (*_addresses(asserted), *parties)]
    private = any({"full", "uri"} & set(re.split(r"[\s,]+", one.parameter("privacy"))) for one in parties)
    return tuple(user for user in users if user), private


@dataclass(frozen=True)
class Diversion:
    """A call was diverted: from whom, as the carrier wrote it, and why (`unconditional`, `user-busy`, ...; empty: not said)."""

    user: str
    reason: str = ""


def diversions(diversion: Iterable[str], history: Iterable[str] = ()) -> tuple[Diversion, ...]:
    """Who a call was diverted from, the latest first.

    Args:
        diversion: the Diversion headers (RFC 5806).
        history: the History-Info headers (RFC 7044), which are read if there is no Diversion: the last entry is who it goes to now.
    """
    found = [Diversion(user_of_uri(one.uri), one.parameter("reason")) for one in _addresses(diversion)]
    if not found:
        entries = [user_of_uri(one.uri.partition("?")[0]) for one in _addresses(history)]
        found = [Diversion(user) for user in reversed(entries[:-1]) if user != entries[-1]]
    return tuple(one for one in found if one.user)
