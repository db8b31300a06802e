"""Which addresses a trunk may speak from."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import pytest

from core.transports.sip.settings import SipSettings
from core.transports.sip.signalling import SipUnavailable
from core.transports.sip.transport import TrunkLine, look_up

LINE = TrunkLine("lab", SipSettings(host="127.0.0.1", local_address="127.0.0.1", accept_from=("192.0.2.0/24",)), 10, 5.0)


def test_an_address_that_the_name_has_no_more_is_let_in_while_calls_are_up() -> None:
    former = [ipaddress.ip_network(f"198.51.100.{last}") for last in range(200)]
    alone, with_calls = asyncio.run(look_up(LINE)), asyncio.run(look_up(LINE, former))
    assert [str(network) for network in alone.accept_from] == ["127.0.0.1/32", "192.0.2.0/24"]
    assert [str(network) for network in with_calls.accept_from[:2]] == ["127.0.0.1/32", "198.51.100.0/32"]
    assert str(with_calls.accept_from[-1]) == "192.0.2.0/24"
    assert len(with_calls.accept_from) == 65, "not more and more of them"
    assert alone.address == with_calls.address == ("127.0.0.1", 5060)


def test_a_name_without_an_ipv4_address_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(self: object, host: str, port: int, *, family: int, **_: object) -> list[object]:
        if family == socket.AF_INET:
            raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")
        return [(family, None, None, "", ("2001:db8::1", port, 0, 0))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    line = TrunkLine("carrier", SipSettings(host="sip6.carrier.example"), 10, 5.0)
    with pytest.raises(SipUnavailable, match=r"'sip6.carrier.example' of the trunk 'carrier' has only IPv6 addresses.*IPv4 only"):
        asyncio.run(look_up(line))
