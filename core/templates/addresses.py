"""Templates in the address of a request."""

from __future__ import annotations

import re
from urllib.parse import quote

from core.templates.render import Namespaces, render
from core.templates.syntax import parse

__all__ = ["UnusableValue", "url_of"]


class UnusableValue(ValueError):
    """A value cannot stand in the address."""


def url_of(template: str, namespaces: Namespaces) -> str:
    """The address with its values in it, each percent-encoded whole: a value never becomes a host, a path or a parameter of its own.

    Raises:
        UnusableValue: a value would be `.` or `..` between slashes.
    """
    texts: list[str] = []
    for part in parse(template):
        if isinstance(part, str):
            texts.append(part)
            continue
        shown = render(f"{{{{{part.source}}}}}", namespaces).text
        texts.append(quote(shown, safe=""))
    url = "".join(texts)
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    if any(segment in (".", "..") for segment in path.split("/")):
        raise UnusableValue("A value cannot stand in the address.")
    return url
