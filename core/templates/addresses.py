"""Templates in the address of a request."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from core.templates.render import Namespaces, render
from core.templates.syntax import Reference, parse

__all__ = ["UnusableValue", "address_of", "complaint_about_places", "has_references", "url_of"]

_VALUE: Final = "\0"
"""Stands before each value while the segments of a path are looked at; no address can hold it."""


class UnusableValue(ValueError):
    """A value cannot stand in the address. The message names fields, never values."""


def url_of(template: str, namespaces: Namespaces, *, empty_segments: bool = True) -> str:
    """The address with its values in it, each percent-encoded whole: a value never becomes a host, a path or a parameter of its own.

    Args:
        template: an address; references stand after its host.
        namespaces: what they show.
        empty_segments: let a value leave a segment of the path empty: for an address that is shown, and asked only if nothing is missing.

    Raises:
        UnusableValue: a segment of the path would be `.` or `..`, or empty for want of a value: that is another address.
    """
    texts: list[str] = []
    for part in parse(template):
        if isinstance(part, str):
            texts.append(part)
            continue
        shown = render(f"{{{{{part.source}}}}}", namespaces).text
        texts.append(_VALUE + quote(shown, safe="", errors="replace"))
    marked = "".join(texts)
    path = marked.partition("#")[0].partition("?")[0]
    for segment in path.split("/"):
        plain = segment.replace(_VALUE, "")
        if unquote(plain) in (".", ".."):
            raise UnusableValue("A value cannot stand in the address: a part of its path would be . or ..")
        if segment and not unquote(plain).strip() and not empty_segments:
            raise UnusableValue("A value cannot stand in the address: it is empty, and so would be a part of the path.")
    return marked.replace(_VALUE, "")


def address_of(template: str, namespaces: Namespaces) -> str:
    """The address of a push: as `url_of`, and every reference needs a value or a default.

    Raises:
        UnusableValue: as `url_of`; or a reference shows nothing, so that the push would reach somebody else's record.
    """
    rendered = render(template, namespaces)
    if lacking := (*rendered.missing, *rendered.empty):
        raise UnusableValue(f"the address lacks a value for {', '.join(dict.fromkeys(lacking))}")
    return url_of(template, namespaces, empty_segments=False)


def has_references(template: str) -> bool:
    """Whether an address has values to be filled in."""
    return any(isinstance(part, Reference) for part in parse(template))


def complaint_about_places(url: str) -> tuple[str, str] | None:
    """What is wrong with the places where references stand in an address, and what to do; None if nothing is."""
    literal = ""
    for part in parse(url):
        if isinstance(part, str):
            literal += part
            continue
        scheme, separator, rest = literal.partition("://")
        if not (scheme and separator and rest.strip("/?#\\") and any(sign in rest for sign in "/?#")):
            return "a template stands in the host", "Write scheme, host and port out: values may stand after them only."
        if "#" in literal:
            return "a template stands after the #, which is never sent", "Put the value into the path or the query."
        literal += "x"
    return None
