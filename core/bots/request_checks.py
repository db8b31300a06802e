"""Checks of a request that a bot sends, which a schema cannot express: its URL, and credentials in its headers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from core.kernel.config_problems import KeyPath
from core.templates.addresses import complaint_about_places
from core.templates.syntax import parse

__all__ = ["IN_THE_OPEN", "is_reference", "of_headers", "of_templated_url", "of_url"]

Complaint = tuple[KeyPath, str, str]

_REFERENCE: Final = re.compile(r"(?<![\w:])secret:[A-Za-z_]\w{0,127}")
_KEY_HEADER: Final = re.compile(r"auth|token|secret|cookie|password|(^|[-_])key$", re.IGNORECASE)

IN_THE_OPEN: Final = (
    "the file contains a credential",
    "Keep it in the environment or the secret store under a name, and write `secret:NAME` here.",
)
"""Problem and advice."""


def is_reference(text: str) -> bool:
    """Whether a text is `secret:NAME` and nothing else."""
    return _REFERENCE.fullmatch(text) is not None


def of_headers(path: KeyPath, headers: Mapping[str, Any]) -> Iterator[Complaint]:
    """Problems with headers: a secret and a template in one header, and plaintext credentials."""
    for name, value in headers.items():
        if not isinstance(value, str):
            continue
        refers = _REFERENCE.search(value) is not None
        if refers and "{{" in value:
            yield (*path, name), "one header has both a secret and a template", "Send them in two headers."
        elif not refers and _KEY_HEADER.search(name) and "{{" not in value:
            yield (*path, name), *IN_THE_OPEN


def of_templated_url(path: KeyPath, url: str) -> Iterator[Complaint]:
    """As `of_url`; templates may follow the host, since a value must never choose which host is asked."""
    if (complaint := complaint_about_places(url)) is not None:
        yield path, *complaint
    else:
        yield from of_url(path, "".join(part if isinstance(part, str) else "x" for part in parse(url)))


def of_url(path: KeyPath, url: str) -> Iterator[Complaint]:
    """Problems with a URL: not http(s), a missing or impossible host, an invalid port, a credential in it."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine, parts = False, None
    if parts is not None and (parts.username is not None or parts.password is not None):
        yield path, "the URL contains a credential", "Take it out, and send it as `secret:NAME`."
    elif parts is None or not fine:
        yield path, "it is not an http or https URL", "Write https://HOST/PATH."
    elif not _is_port(parts):
        yield path, "its port does not exist", "Write a port from 1 to 65535, or none."
    elif not _is_host(parts.hostname or ""):
        yield (
            path,
            f"no host can be called {(parts.hostname or '')[:80]}",
            "Write its name, as in crm.example.com, or its whole IP address.",
        )


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    """Whether a host name is well-formed: an IP address, or labels of 1 to 63 characters (RFC 1035) in any script (RFC 5890)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        try:
            encoded = [label if label.isascii() else label.encode("idna").decode() for label in labels]
        except UnicodeError:
            return False
        fits = len(".".join(encoded)) <= 253 and all(re.fullmatch(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", label) for label in encoded)
        return fits and not encoded[-1].isdigit()  # all digits: an incomplete IP address
    return True
