"""What a call needs to send requests: the HTTP client, and the secrets that its requests name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from core.outgoing.client import OutgoingClient

__all__ = ["Reach"]


@dataclass(frozen=True)
class Reach:
    """`secret` replaces every `secret:NAME` in a text by its value, outside of any transaction; it raises
    `core.access.secrets.SecretError` or `core.kernel.secrets.SecretBoxError` when it cannot."""

    client: OutgoingClient
    secret: Callable[[str], SecretStr] = field(repr=False)
