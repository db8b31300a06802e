"""What a trunk needs to be reached over SIP. Checked as it is written, kept as JSON in the trunk's record."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.transports.line_settings import Headers, Misfit, Networks, SecretReference, read_line_settings
from core.transports.sip.codec_names import Codec

__all__ = ["NO_IPV6", "NO_SRTP", "NO_TLS", "SipSettings", "read_settings"]

NO_TLS: Final = (
    "A trunk of the transport sip speaks SIP over UDP only, without TLS or TCP: ask the carrier for UDP, "
    "or use the transport livekit with sip_transport: tls"
)
NO_SRTP: Final = (
    "A trunk of the transport sip sends sound as plain RTP only, without SRTP: ask the carrier to allow that, "
    "or use the transport livekit with media_encryption: require"
)
NO_IPV6: Final = "A trunk of the transport sip speaks IPv4 only: name an IPv4 address, or a host that has one"

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[?[0-9A-Fa-f:]{2,45}\]?")
_OWN_HEADERS = frozenset(
    {"via", "from", "to", "call-id", "cseq", "contact", "route", "record-route", "max-forwards", "content-type", "content-length"}
    | {"authorization", "proxy-authorization", "expires", "supported", "require", "session-expires", "v", "f", "t", "i", "m", "c", "l"}
)

_FEWEST_INBOUND, _MOST_INBOUND = 5.0, 50.0
"""Of calls that come in, in a second, where the trunk's record does not say: more than 50 would be felt by those in progress."""


def _is_ipv6(value: str) -> bool:
    """Whether it is an IPv6 address, in brackets or not, with a zone or a port or without."""
    bare = re.sub(r"^\[([^\]]*)\](?::[0-9]+)?$", r"\1", value.strip()).partition("%")[0]
    try:
        return ipaddress.ip_address(bare).version == 6
    except ValueError:
        return value.count(":") > 1


class SipSettings(BaseModel):
    """How a trunk is reached over SIP. `password` is a reference to a secret, `secret:NAME`, never the password itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(max_length=255, description="The carrier's SIP server: a name or an IP address.")
    port: int = Field(default=5060, ge=1, le=65535, description="Its UDP port.")
    user: str | None = Field(default=None, max_length=128, description="The user of the digest; left out: the trunk knows our address.")
    password: SecretReference | None = Field(default=None, description="A reference to a stored secret: secret:NAME.")
    from_domain: str | None = Field(default=None, max_length=255, description="The domain behind the caller ID; else our own address.")
    codecs: tuple[Codec, ...] = Field(default=("PCMU", "PCMA"), min_length=1, description="In order of preference.")
    local_address: str = Field(default="0.0.0.0", description="The address of this machine that is used.")  # noqa: S104 - chosen by route
    local_port: int = Field(default=0, ge=0, le=65535, description="The local UDP port for SIP; 0: any that is free.")
    advertised_address: str | None = Field(default=None, description="Our address as the carrier sees it, behind a NAT.")
    rtp_first: int = Field(default=30000, ge=1024, le=65534, description="The lowest UDP port for sound.")
    rtp_last: int = Field(default=39999, ge=1025, le=65535, description="The highest one.")
    accept_from: Networks = Field(default=(), description="Addresses or networks beside the host from which SIP of this trunk may come.")
    register_: bool = Field(default=False, alias="register", description="Register with the host, so that inbound calls find us.")
    number_prefix: str = Field(default="+", max_length=16, pattern=r"^[0-9+*#]*$", description="What stands before the digits of a callee.")
    headers: Headers = Field(default_factory=dict, description="Headers of every INVITE; {from} and {to} are put in.")
    media_timeout: int = Field(
        default=60, ge=0, le=3600, description="Seconds without any sound from the callee's side after which a call is ended; 0: never."
    )
    inbound_per_second: float | None = Field(
        default=None,
        ge=0.1,
        le=1000,
        description="New calls that the carrier may bring in a second; those above get 503. Left out: calls_per_second, from 5 to 50.",
    )
    lab: bool = Field(default=False, description="A test line on this machine: fictional numbers may be dialled. Loopback only.")

    @field_validator("host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        if re.match(r"(?:sips|tls|wss?|tcp|https?):", value, re.IGNORECASE) or re.search(r";\s*transport=(?!udp)", value, re.IGNORECASE):
            raise ValueError(NO_TLS)
        if re.match(r"(?:sip|udp):", value, re.IGNORECASE) or ";" in value:
            raise ValueError("write the host alone, without sip: before it and without parameters")
        if _is_ipv6(value):
            raise ValueError(NO_IPV6)
        if re.fullmatch(r"[^:]+:[0-9]+", value):
            raise ValueError("write the host alone: its port belongs in `port`")
        if not _HOST.fullmatch(value):
            raise ValueError("it is not the name of a host, and not an IP address")
        return value

    @field_validator("from_domain")
    @classmethod
    def _is_domain(cls, value: str | None) -> str | None:
        if value is not None and not _DOMAIN.fullmatch(value):
            raise ValueError("it is not the name of a host, and not an IP address")
        return value

    @field_validator("local_address", "advertised_address")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if _is_ipv6(value):
            raise ValueError(NO_IPV6)
        return str(ipaddress.ip_address(value))

    @field_validator("user")
    @classmethod
    def _is_plain(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or '"' in value or not value):
            raise ValueError("it must not be empty, nor hold quotes or control characters")
        return value

    @field_validator("headers")
    @classmethod
    def _are_not_ours(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name!r} cannot be set as a header")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if found := self.misfits():
            raise ValueError("; ".join(text for _, text in found))
        return self

    def misfits(self) -> list[Misfit]:
        """What does not fit together, though each setting by itself can be."""
        found: list[Misfit] = []
        if self.rtp_last <= self.rtp_first:
            found.append((("rtp_last", "rtp_first"), "rtp_last must be above rtp_first"))
        if (self.user is None) != (self.password is None):
            found.append((("user", "password"), "user and password belong together: give both, or neither"))
        if self.register_ and self.user is None:
            found.append((("register", "user"), "to register, a user and a password are needed"))
        if self.lab and not self._loopback():
            text = "a lab trunk must be on this machine: its host and local_address must be 127.0.0.1"
            found.append((("lab", "host", "local_address"), text))
        return found

    def _loopback(self) -> bool:
        try:
            return all(ipaddress.ip_address(address).is_loopback for address in (self.host, self.local_address))
        except ValueError:
            return False

    def invites_per_second(self, calls_per_second: float) -> float:
        """New calls that the trunk may bring in a second; `calls_per_second` is what may be dialled on it."""
        if self.inbound_per_second is not None:
            return self.inbound_per_second
        return min(max(calls_per_second, _FEWEST_INBOUND), _MOST_INBOUND)

    def record(self) -> dict[str, Any]:
        """As kept in a trunk's record: what is not the default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def read_settings(document: Mapping[str, Any]) -> SipSettings:
    """The settings in a document.

    Raises:
        BadLineSettings: the first thing that is wrong with it.
    """
    return read_line_settings(SipSettings, document, "sip")
