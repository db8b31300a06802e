"""What a bot's pre-fetch would request for one call. Pure; secrets stay references."""

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
        headers: with values in them; secrets stand as `secret:NAME`.
        body: the JSON body; None for none.
        missing: references of the address without which nothing is asked: an address that lacks its customer's number is
            that of somebody else, or of everybody.
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
        UnusableValue: a value cannot stand in the address.
    """
    address = render(config.url, namespaces)
    headers = {name: value if names_in(value) else render(value, namespaces).text for name, value in config.headers.items()}
    if config.token:
        headers["Authorization"] = config.token
    body = None if config.method == "GET" else render_mapping(config.body or {}, namespaces)
    missing = (*address.missing, *address.empty)
    return Plan(config.method, url_of(config.url, namespaces, empty_segments=bool(missing)), headers, body, missing)
