"""Where a callee is sent by a transfer: as the trunk dials."""

from __future__ import annotations

import pytest

from core.transports.sip.referral import Route


@pytest.mark.parametrize(
    ("prefix", "destination", "uri"),
    [
        ("+", "+12025550199", "sip:+12025550199@sip.carrier.example:5080"),
        ("", "+12025550199", "sip:12025550199@sip.carrier.example:5080"),
        ("00", "tel:+1-202-555-0199", "sip:0012025550199@sip.carrier.example:5080"),
        ("9991#", "TEL:+1 (202) 555.0199;ext=7", "sip:9991#12025550199;ext=7@sip.carrier.example:5080"),
        ("00", "tel:7042;phone-context=example.com", "sip:7042;phone-context=example.com@sip.carrier.example:5080"),
        ("00", "sip:agents@pbx.example.com", "sip:agents@pbx.example.com"),
        ("00", "SIP:agents@pbx.example.com:5070;user=phone", "SIP:agents@pbx.example.com:5070;user=phone"),
    ],
)
def test_a_transfer_is_dialled_like_a_call(prefix: str, destination: str, uri: str) -> None:
    assert Route("sip.carrier.example", 5080, prefix).uri_of(destination) == uri
