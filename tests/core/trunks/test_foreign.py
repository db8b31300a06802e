"""What a trunk cannot do is refused in words when it is asked for."""

from __future__ import annotations

import pytest

from core.transports.line_settings import BadLineSettings
from core.transports.livekit.settings import LiveKitSettings
from core.transports.sip.settings import NO_IPV6, NO_SRTP, NO_TLS, SipSettings, read_settings
from core.trunks.foreign import foreign_option, no_transport


@pytest.mark.parametrize(
    ("transport", "key", "value", "said"),
    [
        ("sip", "srtp", True, NO_SRTP),
        ("sip", "srtp_mode", "mandatory", NO_SRTP),
        ("sip", "media_encryption", "require", NO_SRTP),
        ("sip", "encryption", "yes", NO_SRTP),
        ("sip", "tls", True, NO_TLS),
        ("sip", "TLS-verify", True, NO_TLS),
        ("sip", "sip_transport", "tls", NO_TLS),
        ("sip", "transport", "tcp", NO_TLS),
        ("sip", "ipv6", True, NO_IPV6),
        ("sip", "trunk_id", "ST_1", "it is an option of trunks of LiveKit, and this one is of SIP: leave it out"),
        ("sip", "api_key", "k", "it is an option of trunks of LiveKit, and this one is of SIP: leave it out"),
        ("sip", "media_encryption", "disable", "it is an option of trunks of LiveKit, and this one is of SIP: leave it out"),
        ("livekit", "codecs", ["PCMA"], "it is an option of trunks of SIP, and this one is of LiveKit: leave it out"),
        ("livekit", "register", True, "it is an option of trunks of SIP, and this one is of LiveKit: leave it out"),
        ("sip", "hots", "h", None),
        ("livekit", "media_encryption", "require", None),
        ("sandbox", "srtp", True, None),
    ],
)
def test_options(transport: str, key: str, value: object, said: str | None) -> None:
    assert foreign_option(transport, key, value) == said


def test_what_a_trunk_has_is_never_foreign() -> None:
    for transport, model in (("sip", SipSettings), ("livekit", LiveKitSettings)):
        for name, field in model.model_fields.items():
            assert foreign_option(transport, field.alias or name, "tls") is None


@pytest.mark.parametrize(
    ("written", "known"), [("tls", True), ("TLS", True), ("tcp", True), ("udp", True), ("sips", True), ("smoke", False)]
)
def test_a_transport_of_sip_is_not_a_transport_of_trunks(written: str, known: bool) -> None:
    assert bool(no_transport(written)) == known
    assert (NO_TLS in no_transport(written)) == (known and written != "udp")


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"host": "sips:carrier.example"}, "host", NO_TLS),
        ({"host": "tls://carrier.example"}, "host", NO_TLS),
        ({"host": "carrier.example;transport=TLS"}, "host", NO_TLS),
        ({"host": "sip:carrier.example"}, "host", "write the host alone, without sip: before it and without parameters"),
        ({"host": "carrier.example:5061"}, "host", "write the host alone: its port belongs in `port`"),
        ({"host": "2001:db8::1"}, "host", NO_IPV6),
        ({"host": "[2001:db8::1]"}, "host", NO_IPV6),
        ({"host": "[2001:db8::1]:5060"}, "host", NO_IPV6),
        ({"host": "fe80::1%eth0"}, "host", NO_IPV6),
        ({"host": "::ffff:192.0.2.1"}, "host", NO_IPV6),
        ({"local_address": "::1"}, "local_address", NO_IPV6),
        ({"advertised_address": "2001:db8::1"}, "advertised_address", NO_IPV6),
    ],
)
def test_addresses_that_sip_cannot_use(change: dict[str, str], field: str, said: str) -> None:
    with pytest.raises(BadLineSettings) as error:
        read_settings({"host": "192.0.2.1", **change})
    assert (error.value.field, error.value.detail) == (field, said)
