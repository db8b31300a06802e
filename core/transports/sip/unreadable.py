"""The answer to a request that cannot be read: 400, 416 or 505, made of those of its lines that an answer must repeat. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["method_of", "plain_answer", "problem_of", "where_to"]

_NAMES: Final = {"v": "via", "f": "from", "t": "to", "i": "call-id"}
_REPEATED: Final = ("via", "from", "to", "call-id", "cseq")
_TITLES: Final = {"via": "Via", "from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
_METHOD = re.compile(r"[A-Za-z0-9!%*_+`'~.-]{1,32}")
_KNOWN: Final = frozenset(
    {"INVITE", "OPTIONS", "BYE", "CANCEL", "REGISTER", "INFO", "UPDATE", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PRACK", "REFER", "PUBLISH"}
)
_SCHEMES: Final = frozenset({"sip", "tel"})
"""Those of a Request-URI that we take. sips: asks for TLS on every hop (RFC 3261, 19.1), which there is not here."""
_LONGEST_LINE: Final = 1000
_MOST_VIAS: Final = 20


def method_of(text: str) -> str:
    """The method of a request, in capitals; empty for an answer, and for what is no SIP at all."""
    first = text.lstrip("\r\n").partition("\n")[0].strip()
    method, _, rest = first.partition(" ")
    if first.upper().startswith("SIP/") or not _METHOD.fullmatch(method):
        return ""
    ours = method.upper() in {*_KNOWN, "ACK"} or re.search(r"\bSIP/[0-9.]+$", rest, re.IGNORECASE)
    return method.upper() if ours else ""


def problem_of(text: str) -> tuple[int, str] | None:
    """What is wrong with the first line and the framing of a request, as the status and phrase of its answer; None: nothing."""
    first = text.partition("\n")[0].split()
    if len(first) != 3:
        return 400, "Bad Request-Line"
    if first[2].upper() != "SIP/2.0":
        return 505, "Version Not Supported"
    scheme, colon, rest = first[1].partition(":")
    if not colon or not rest or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return 400, "Bad Request-URI"
    if scheme.lower() not in _SCHEMES:
        return 416, "Unsupported URI Scheme"
    found = _lines(text)
    for name in _REPEATED:
        if not found[name]:
            return 400, f"{_TITLES[name]} Is Missing"
    method = found["cseq"][0].split()
    if len(method) != 2 or not method[0].isascii() or not method[0].isdigit() or int(method[0][:12]) >= 2**31 or method[1] != first[0]:
        return 400, "Bad CSeq"
    length = re.search(r"^(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", _head(text), re.IGNORECASE | re.MULTILINE)
    if length is not None and not re.fullmatch(r"[0-9]{1,9}", length[1].strip()):
        return 400, "Bad Content-Length"
    return None


def plain_answer(text: str, status: int, phrase: str, source: tuple[str, int], server: str) -> str | None:
    """The answer to a request, in so far as it can be read.

    Args:
        text: the request.
        status: the final status.
        phrase: its reason phrase.
        source: address and port that it came from.
        server: what we call ourselves.

    Returns:
        The answer; None if the request has nothing that an answer could be known by.
    """
    found = _lines(text)
    if not found["via"] or not (found["call-id"] or found["cseq"]):
        return None
    found["via"][0] = _received(found["via"][0], source)
    lines = [f"SIP/2.0 {status} {phrase}"]
    for name in _REPEATED:
        values = found[name][: _MOST_VIAS if name == "via" else 1]
        if name == "to" and values and not re.search(r";\s*tag\s*=", values[0], re.IGNORECASE):
            values = [f"{values[0]};tag={hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]}"]
        lines += [f"{_TITLES[name]}: {value}" for value in values]
    return "\r\n".join([*lines, f"Server: {server}", "Content-Length: 0", "", ""])


def where_to(text: str, source: tuple[str, int]) -> tuple[str, int]:
    """Where the answer goes: to the address that the request came from, at the port of its Via (RFC 3261, 18.2.2; RFC 3581)."""
    via = (_lines(text)["via"] or [""])[0]
    if re.search(r";\s*rport\b", via, re.IGNORECASE):
        return source
    port = re.match(r"[^;]*?\s(?:\[[^\]]*\]|[^\s:;]+)\s*:\s*([0-9]{1,5})\s*(?:;|,|$)", via)
    return (source[0], int(port[1]) if port and 0 < int(port[1]) < 65536 else 5060) if via else source


def _received(via: str, source: tuple[str, int]) -> str:
    via = re.sub(r";\s*rport\s*(?=;|,|$)", f";rport={source[1]}", via, count=1, flags=re.IGNORECASE)
    first, comma, others = via.partition(",")
    host = re.match(r"\S+\s*/\s*\S+\s*/\s*\S+\s+(\[[^\]]*\]|[^\s:;]+)", first)
    if "received=" not in first.lower() and (host is None or host[1] != source[0]):
        first += f";received={source[0]}"
    return first + comma + others


def _head(text: str) -> str:
    head = re.split(r"\r\n\r\n|\n\n|\r\r", text, maxsplit=1)[0]
    return re.sub(r"(?:\r\n|\n|\r)[ \t]+", " ", head)


def _lines(text: str) -> dict[str, list[str]]:
    """The values of the headers that an answer repeats."""
    found: dict[str, list[str]] = {name: [] for name in _REPEATED}
    for line in re.split(r"\r\n|\n|\r", _head(text))[1:]:
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        key = _NAMES.get(key, key)
        value = "".join(letter for letter in value if letter.isprintable()).strip()
        if colon and key in found and value:
            found[key].append(value[:_LONGEST_LINE])
    return found
