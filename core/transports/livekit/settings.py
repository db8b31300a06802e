"""What a trunk needs to be reached by LiveKit. Checked as it is written, kept as JSON in the trunk's record."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.transports.line_settings import Headers, Misfit, Networks, SecretReference, read_line_settings

__all__ = ["LiveKitSettings", "read_livekit_settings"]

_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}(:[0-9]{1,5})?")


class LiveKitSettings(BaseModel):
    """How a trunk is reached by LiveKit. Secrets are references, `secret:NAME`, never the secrets themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(max_length=255, description="The LiveKit server: wss://HOST, ws://, https:// or http://.")
    api_key: str = Field(min_length=1, max_length=128, description="Its API key.")
    api_secret: SecretReference = Field(description="A reference to a stored secret: secret:NAME.")
    address: str = Field(max_length=255, description="The carrier's SIP server as LiveKit calls it: HOST or HOST:PORT.")
    user: str | None = Field(default=None, max_length=128, description="The user of the carrier's digest.")
    password: SecretReference | None = Field(default=None, description="A reference to a stored secret: secret:NAME.")
    sip_transport: Literal["auto", "udp", "tcp", "tls"] = Field(default="auto", description="What SIP goes by.")
    media_encryption: Literal["disable", "allow", "require"] = Field(default="disable", description="SRTP with the carrier.")
    headers: Headers = Field(default_factory=dict, description="Headers of every INVITE.")
    ring_seconds: int = Field(
        default=75, ge=5, le=78, description="The longest that LiveKit lets a phone ring, unless the bot gives up first."
    )
    max_call_seconds: int = Field(default=3600, ge=30, le=86_400, description="LiveKit ends a call after so long, whatever became of us.")
    inbound: bool = Field(default=True, description="Calls to the trunk's numbers reach their bots.")
    accept_from: Networks = Field(default=(), description="Addresses from which inbound SIP may come; empty: any.")
    lab: bool = Field(default=False, description="A test line on this machine: fictional numbers may be dialled. Loopback only.")

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"ws", "wss", "http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("it must be like wss://HOST, without a user, a query or a fragment")
        return value.rstrip("/")

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("it must be HOST or HOST:PORT, without sip: before it")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if found := self.misfits():
            raise ValueError("; ".join(text for _, text in found))
        return self

    def misfits(self) -> list[Misfit]:
        """What does not fit together, though each setting by itself can be."""
        found: list[Misfit] = []
        if (self.user is None) != (self.password is None):
            found.append((("user", "password"), "user and password belong together: give both, or neither"))
        if self.lab and not self._loopback():
            found.append((("lab", "url", "address"), "a lab trunk must be on this machine: url and address must be of 127.0.0.1"))
        plain = urlsplit(self.url).scheme in {"ws", "http"}
        if plain and not _is_loopback(urlsplit(self.url).hostname or ""):
            found.append((("url",), "the url must be wss:// or https://, but on this machine: tokens and sound go over it"))
        return found

    def _loopback(self) -> bool:
        return all(_is_loopback(host) for host in (urlsplit(self.url).hostname or "", self.address.partition(":")[0]))

    def record(self) -> dict[str, Any]:
        """As kept in a trunk's record: what is not the default."""
        return self.model_dump(mode="json", exclude_defaults=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_livekit_settings(document: Mapping[str, Any]) -> LiveKitSettings:
    """The settings in a document.

    Raises:
        BadLineSettings: the first thing that is wrong with it.
    """
    return read_line_settings(LiveKitSettings, document, "livekit")
