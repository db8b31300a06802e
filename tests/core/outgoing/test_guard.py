"""Which addresses may be connected to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outgoing.guard import AllowList, is_public

INTERNAL = [
    "127.0.0.1", "127.8.8.8",
    "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.0.8", "198.18.0.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "203.0.113.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254",    "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::7f00:1",
    "192.88.99.1", "3fff::1", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INTERNAL)
def test_internal(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_in_every_dress(address: ipaddress.IPv4Address) -> None:
    expected = is_public(str(address))
    assert is_public(f"::ffff:{address}") == expected
    assert is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(address)))) == expected
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not expected


def test_the_allow_list_allows_exactly_what_stands_in_it() -> None:
    allow = AllowList.parse(" crm.internal:8443 ,CRM2:80, [::1]:8080,").plus("127.0.0.1", 9000)
    assert allow.allows("crm.internal", 8443)
    assert allow.allows("CRM.internal.", 8443)
    assert allow.allows("crm2", 80)
    assert allow.allows("::1", 8080)
    assert allow.allows("127.0.0.1", 9000)
    assert not allow.allows("crm.internal", 443)
    assert not allow.allows("localhost", 9000)
    assert not AllowList().allows("crm2", 80)


@pytest.mark.parametrize("text", ["crm", "crm:", ":80", "crm:http", "crm:0", "crm:70000", "http://crm:80", "::1:80", "a:1 b:2"])
def test_an_entry_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        AllowList.parse(text)
