"""Bodies of the trunks API: trunks and numbers as they are to be made or changed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.api.bodies import StrictBody
from core.trunks.foreign import foreign_option
from core.trunks.pacing import SLOWEST

__all__ = ["LiveKitBody", "NumberBody", "NumberChangeBody", "SipBody", "TrunkBody", "TrunkChangeBody"]

Number = Annotated[str, Field(max_length=64, description="E.164.")]
Bot = Annotated[str | None, Field(max_length=64, description="The bot that an inbound call to it reaches.")]
Label = Annotated[str, Field(max_length=200)]
Channels = Annotated[int, Field(ge=1, le=100_000, description="Most calls at once.")]
Rate = Annotated[float, Field(ge=SLOWEST, le=10_000, description="Most new calls a second (CPS); below 1 for less than one.")]


class NumberBody(StrictBody):
    """A number of ours (DID)."""

    number: Number
    bot_id: Bot = None
    label: Label = ""


class NumberChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    bot_id: Bot = None
    label: Label = ""


def _only_its_own(transport: str, data: Any) -> Any:
    """Raises ValueError for an option that trunks of this transport do not have, in words."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if (why := foreign_option(transport, str(key), value)) is not None:
            raise ValueError(f"{str(key)[:64]}: {why}")
    return data


class SipBody(StrictBody):
    """How a trunk of the transport `sip` is reached: docs/transport-sip.md. In a change, what is left out stays; null is the default."""

    host: str | None = Field(default=None, max_length=255, description="The carrier's SIP server: a name or an IP address.")
    port: int | None = Field(default=None, description="Its UDP port; 5060.")
    user: str | None = Field(default=None, max_length=128, description="The user of the digest; left out: the trunk knows our address.")
    password: str | None = Field(
        default=None, max_length=256, description="Its password, which is encrypted and never returned; or a stored secret: secret:NAME."
    )
    from_domain: str | None = Field(default=None, max_length=255, description="The domain behind the caller ID; our own address.")
    codecs: list[str] | None = Field(default=None, max_length=2, description="In order of preference; PCMU, PCMA.")
    local_address: str | None = Field(default=None, max_length=64, description="The address of this machine that is used; any.")
    local_port: int | None = Field(default=None, description="The local UDP port for SIP; 0, any that is free.")
    advertised_address: str | None = Field(default=None, max_length=64, description="Our address as the carrier sees it, behind a NAT.")
    rtp_first: int | None = Field(default=None, description="The lowest UDP port for sound; 30000.")
    rtp_last: int | None = Field(default=None, description="The highest one; 39999.")
    accept_from: list[str] | None = Field(
        default=None, max_length=100, description="Addresses or networks beside the host that SIP comes from."
    )
    register_: bool | None = Field(default=None, alias="register", description="Register with the host, so that inbound calls find us.")
    number_prefix: str | None = Field(default=None, max_length=16, description="What stands before the digits of a callee; +.")
    headers: dict[str, str] | None = Field(default=None, description="Headers of every INVITE; {from} and {to} are put in.")
    media_timeout: int | None = Field(
        default=None, description="Seconds without any sound from the callee's side after which a call is ended; 60. 0: never."
    )
    inbound_per_second: float | None = Field(
        default=None, description="New calls that the carrier may bring in a second; calls_per_second, from 5 to 50. Those above get 503."
    )
    lab: bool | None = Field(default=None, description="A test line on this machine: fictional numbers may be dialled. Loopback only.")

    @model_validator(mode="before")
    @classmethod
    def _own(cls, data: Any) -> Any:
        return _only_its_own("sip", data)


class LiveKitBody(StrictBody):
    """How a trunk of LiveKit is reached: docs/transport-livekit.md. In a change, what is left out stays; null is the default."""

    url: str | None = Field(default=None, max_length=255, description="The LiveKit server: wss://HOST.")
    api_key: str | None = Field(default=None, max_length=128, description="Its API key.")
    api_secret: str | None = Field(
        default=None, max_length=256, description="Its API secret, which is encrypted and never returned; or a stored secret: secret:NAME."
    )
    address: str | None = Field(
        default=None, max_length=255, description="The carrier's SIP server as LiveKit calls it: HOST or HOST:PORT."
    )
    user: str | None = Field(default=None, max_length=128, description="The user of the carrier's digest.")
    password: str | None = Field(
        default=None, max_length=256, description="Its password, which is encrypted and never returned; or a stored secret: secret:NAME."
    )
    sip_transport: Literal["auto", "udp", "tcp", "tls"] | None = Field(default=None, description="What SIP goes by; auto.")
    media_encryption: Literal["disable", "allow", "require"] | None = Field(default=None, description="SRTP with the carrier; disable.")
    headers: dict[str, str] | None = Field(default=None, description="Headers of every INVITE.")
    ring_seconds: int | None = Field(default=None, description="The longest that LiveKit lets a phone ring, 5 to 78; 75.")
    max_call_seconds: int | None = Field(default=None, description="LiveKit ends a call after so long, whatever became of us; 3600.")
    inbound: bool | None = Field(default=None, description="Calls to the trunk's numbers reach their bots; true.")
    accept_from: list[str] | None = Field(default=None, max_length=100, description="Addresses from which inbound SIP may come; any.")
    lab: bool | None = Field(default=None, description="A test line on this machine: fictional numbers may be dialled. Loopback only.")

    @model_validator(mode="before")
    @classmethod
    def _own(cls, data: Any) -> Any:
        return _only_its_own("livekit", data)


class TrunkBody(StrictBody):
    """A trunk to be made. The first number is its default one, unless `default_number` names another."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", description="Small letters, digits, - and _.")
    transport: str = Field(max_length=64, description="What carries its calls: one that runs here.")
    channels: Channels
    calls_per_second: Rate
    numbers: list[NumberBody] = Field(default=[], max_length=10_000)
    default_number: Number | None = None
    is_default: bool = Field(default=False, description="Calls without a `from_number` go out on the default trunk.")
    sip: SipBody | None = Field(default=None, description="How it is reached; for the transport `sip` only.")
    livekit: LiveKitBody | None = Field(default=None, description="How it is reached; for the transport `livekit` only.")


class TrunkChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    channels: Channels | None = None
    calls_per_second: Rate | None = None
    default_number: Number | None = None
    is_default: bool | None = None
    sip: SipBody | None = None
    livekit: LiveKitBody | None = None
