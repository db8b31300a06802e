"""Every setting of a trunk, as it is seen on the wire."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from core.contracts.transport import Answered
from core.transports.sip.sdp import parse_sdp
from tests.live.lab import CALLEE, CALLER, lab, live, until
from tests.live.sip_peer import Message, sip_peer
from tests.live.sipp import free_port, sdp

pytestmark = pytest.mark.needs("sippy")


def invited(**settings: Any) -> Message:
    """The INVITE of a trunk with these settings; the call is refused."""
    found: list[Message] = []

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, **settings) as here:
            leg = await here.call()
            found.append(await peer.invited())
            peer.respond(peer.invite, 486, "Busy Here")
            await peer.request("ACK")
            await here.events(leg, 1)

    live(scenario)
    return found[0]


def test_as_it_is_without_any() -> None:
    invite = invited()
    assert invite.uri.startswith(f"sip:{CALLEE}@127.0.0.1")
    assert f"sip:{CALLER}@127.0.0.1" in invite["from"]
    assert f"sip:{CALLER}@" in invite["contact"] or "sip:127.0.0.1" in invite["contact"]
    assert [codec for _, codec in parse_sdp(invite.body).codecs] == ["PCMU", "PCMA"]
    assert parse_sdp(invite.body).events == 101
    assert 30000 <= parse_sdp(invite.body).port < 40000
    assert invite["x-attempt-id"] == "attempt-1"


@pytest.mark.parametrize("codecs", [("PCMA", "PCMU"), ("PCMA",), ("PCMU",)])
def test_codecs_in_their_order(codecs: tuple[str, ...]) -> None:
    assert tuple(codec for _, codec in parse_sdp(invited(codecs=codecs).body).codecs) == codecs


@pytest.mark.parametrize(("prefix", "user"), [("", CALLEE[1:]), ("00", "00" + CALLEE[1:]), ("9*", "9*" + CALLEE[1:])])
def test_number_prefix(prefix: str, user: str) -> None:
    invite = invited(number_prefix=prefix)
    assert invite.uri.startswith(f"sip:{user}@")
    assert f"sip:{user}@" in invite["to"]


def test_headers_and_from_domain() -> None:
    written = {
        "P-Asserted-Identity": "<sip:{from}@carrier.example>",
        "X-Tenant": 'a "quoted" value; with=signs',
        "Diversion": "<sip:{to}@carrier.example>",
    }
    invite = invited(headers=written, from_domain="tenant.carrier.example")
    assert invite["p-asserted-identity"] == f"<sip:{CALLER}@carrier.example>"
    assert invite["diversion"] == f"<sip:{CALLEE}@carrier.example>"
    assert invite["x-tenant"] == written["X-Tenant"]
    assert f"sip:{CALLER}@tenant.carrier.example" in invite["from"]
    assert f"sip:{CALLEE}@tenant.carrier.example" in invite["to"]


def test_what_the_carrier_sees_behind_a_nat() -> None:
    """Via, Contact and the session description name the address of outside; the ports are ours."""
    local, first = free_port(), 31000 + 2 * (free_port() % 4000)
    invite = invited(advertised_address="203.0.113.7", local_port=local, rtp_first=first, rtp_last=first + 3)
    assert f"203.0.113.7:{local}" in invite["via"]
    assert f"203.0.113.7:{local}" in invite["contact"]
    media = parse_sdp(invite.body)
    assert media.address == "203.0.113.7"
    assert media.port in {first, first + 2}


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def test_a_range_of_ports_that_is_used_up() -> None:
    """The call does not leave, and says why; the port of a call that has ended is used again."""

    async def scenario() -> None:
        first = 35000 + 2 * (free_port() % 2000)
        async with sip_peer() as peer, lab(peer.port, rtp_first=first, rtp_last=first + 1) as here:
            leg = await here.call()
            await peer.invited()
            with pytest.raises(AssertionError):  # no leg that speaks: it is one that failed
                await here.call()
            peer.respond(peer.invite, 486, "Busy Here")
            await peer.request("ACK")
            await here.events(leg, 1)
            await until(lambda: _free(first), "the port is free again")
            await here.events(await here.call(), 0)
            await peer.invited()
            peer.respond(peer.invite, 486, "Busy Here")
            await peer.request("ACK")

    live(scenario)


@pytest.mark.parametrize("accepted", [False, True])
def test_sip_of_a_call_from_another_address(accepted: bool) -> None:
    """A carrier whose calls are ended by another of its machines: heard if the trunk says so."""

    async def scenario() -> None:
        more: dict[str, Any] = {"accept_from": ("127.0.0.2/32",)} if accepted else {}
        async with sip_peer() as peer, sip_peer("127.0.0.2") as other, lab(peer.port, **more) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            other.them, other.invite = peer.them, peer.invite
            other.ask("BYE")
            if accepted:
                assert (await other.response("BYE")).status == 200
                assert len(await here.events(leg, 1)) == 1
            else:
                assert (await peer.asked("OPTIONS")).status == 200  # it came later, and the call is there
                await leg.hang_up()
                await peer.hung_up()

    live(scenario)
