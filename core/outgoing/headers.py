"""The headers of a request that a bot sends, from its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.secrets import names_in
from core.outgoing.reach import Reach
from core.templates import render
from core.templates.render import Namespaces

__all__ = ["headers_of"]


def headers_of(reach: Reach, headers: Mapping[str, str], namespaces: Namespaces) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers with secrets and values in them, and those secrets, to be masked in whatever comes back.

    A header that names a secret is no template, so that a value of a lead can never name one.

    Raises:
        SecretError, SecretBoxError: as `Reach` says.
    """
    filled: dict[str, str] = {}
    hidden: list[str] = []
    for name, value in headers.items():
        if referred := names_in(value):
            filled[name] = reach.secret(value).get_secret_value()
            hidden += (reach.secret(f"secret:{secret}").get_secret_value() for secret in referred)
        else:
            filled[name] = render(value, namespaces).text
    return filled, tuple(hidden)
