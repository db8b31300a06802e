"""The request that a bot's pre-fetch would send for one call. Pure; secrets stay references."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.access.secrets import names_in
from core.prefetch.config import PrefetchConfig
from core.templates import render, render_mapping
from core.templates.addresses import url_of
from core.templates.render import Namespaces

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """A request that could be sent.

    Attributes:
        headers: with values filled in; secrets appear as `secret:NAME`.
        body: the JSON body; None for none.
        missing: references in the URL that have no value; then nothing is sent: a URL without its customer's number is somebody else's,
            or everybody's.
    """

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: Any = field(repr=False)
    missing: tuple[str, ...]


def plan(config: PrefetchConfig, namespaces: Namespaces) -> Plan:
    """The request for a call.

    Args:
        config: the bot's pre-fetch.
        namespaces: `crm` (the dialout's variables) and `call`.

    Raises:
        UnusableValue: a value cannot be used in the URL.
    """
    address = render(config.url, namespaces)
    headers = {name: value if names_in(value) else render(value, namespaces).text for name, value in config.headers.items()}
    if config.token:
        headers["Authorization"] = config.token
    body = None if config.method == "GET" else render_mapping(config.body or {}, namespaces)
    missing = (*address.missing, *address.empty)
    return Plan(config.method, url_of(config.url, namespaces, empty_segments=bool(missing)), headers, body, missing)
