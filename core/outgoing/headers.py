"""The headers of a request that a bot sends, built from its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.secrets import names_in
from core.outgoing.reach import Reach
from core.templates import render
from core.templates.render import Namespaces

__all__ = ["headers_of"]


def headers_of(reach: Reach, headers: Mapping[str, str], namespaces: Namespaces) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers with secrets and values filled in, and those secrets, so that they can be masked in any reply.

    A header that names a secret takes no templates, so a value of a lead can never name a secret.

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
