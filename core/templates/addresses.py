"""Templates in the URL of a request."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from core.templates.render import Namespaces, render
from core.templates.syntax import Reference, parse

__all__ = ["UnusableValue", "address_of", "complaint_about_places", "has_references", "url_of"]

_VALUE: Final = "\0"
"""Marks each value while the segments of a path are checked; no URL can contain it."""


class UnusableValue(ValueError):
    """A value cannot be used in the URL. The message names fields, never values."""


def url_of(template: str, namespaces: Namespaces, *, empty_segments: bool = True) -> str:
    """The URL with its values, each percent-encoded whole: a value never becomes a host, a path or a parameter of its own.

    Args:
        template: a URL; references come after its host.
        namespaces: the values.
        empty_segments: allow a value to leave a path segment empty: for a URL that is only shown.

    Raises:
        UnusableValue: a path segment would be `.`, `..` or empty: that is another URL.
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
            raise UnusableValue("A value cannot be used in the address: a part of its path would be . or ..")
        if segment and not unquote(plain).strip() and not empty_segments:
            raise UnusableValue("A value cannot be used in the address: it is empty, and so would be a part of the path.")
    return marked.replace(_VALUE, "")


def address_of(template: str, namespaces: Namespaces) -> str:
    """The URL of a push: as `url_of`, but every reference needs a value or a default.

    Raises:
        UnusableValue: as `url_of`; or a reference has no value, so the push would reach somebody else's record.
    """
    rendered = render(template, namespaces)
    if lacking := (*rendered.missing, *rendered.empty):
        raise UnusableValue(f"the address lacks a value for {', '.join(dict.fromkeys(lacking))}")
    return url_of(template, namespaces, empty_segments=False)


def has_references(template: str) -> bool:
    """Whether a URL contains templates."""
    return any(isinstance(part, Reference) for part in parse(template))


def complaint_about_places(url: str) -> tuple[str, str] | None:
    """The problem with where templates are placed in a URL, and the advice; None if there is none."""
    literal = ""
    for part in parse(url):
        if isinstance(part, str):
            literal += part
            continue
        scheme, separator, rest = literal.partition("://")
        if not (scheme and separator and rest.strip("/?#\\") and any(sign in rest for sign in "/?#")):
            return "a template is in the host", "Write scheme, host and port out: values are allowed only after them."
        if "#" in literal:
            return "a template is after the #, which is never sent", "Put the value into the path or the query."
        literal += "x"
    return None
