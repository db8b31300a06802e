"""The digest, in every form in which a trunk asks for it."""

from __future__ import annotations

import hashlib

import pytest

from core.contracts.transport import Answered, Failed
from tests.live.lab import lab, live
from tests.live.sip_peer import Message, SipPeer, sip_peer
from tests.live.sipp import sdp

pytestmark = pytest.mark.needs("sippy")
USER, PASSWORD = "dialler", "s3cret"
ASKS = {401: ("WWW-Authenticate", "authorization"), 407: ("Proxy-Authenticate", "proxy-authorization")}


def right(request: Message, header: str, method: str, algorithm: str = "MD5") -> bool:
    """Whether the digest of a request is that of RFC 7616."""
    given = request.parameters(header)

    def digest(text: str) -> str:
        return (hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5)(text.encode()).hexdigest()

    secret, what = digest(f"{USER}:{given['realm']}:{PASSWORD}"), digest(f"{method}:{given['uri']}")
    middle = f"{given['nc']}:{given['cnonce']}:{given['qop']}:" if "qop" in given else ""
    return given["uri"] == request.uri and given["response"] == digest(f"{secret}:{given['nonce']}:{middle}{what}")


async def refuse(peer: SipPeer, request: Message, status: int, *challenges: str) -> Message:
    """Ask for a digest, and take the ACK. Returns the next INVITE."""
    peer.respond(request, status, "Unauthorized", *(f"{ASKS[status][0]}: Digest {challenge}" for challenge in challenges))
    await peer.request("ACK")
    peer.invite = await peer.request("INVITE")
    return peer.invite


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize(
    ("challenges", "algorithm"),
    [
        (['realm="lab", nonce="n1"'], "MD5"),
        (['realm="lab", nonce="n1", qop="auth", opaque="xyz"'], "MD5"),
        (['realm="lab", nonce="n1", qop="auth-int,auth", algorithm=MD5'], "MD5"),
        (['realm="lab", nonce="n1", qop="auth", algorithm=SHA-256'], "SHA-256"),
        (['realm="lab", nonce="n1", qop="auth", algorithm=AKAv1-MD5', 'realm="lab", nonce="n2", qop="auth", algorithm=MD5'], "MD5"),
    ],
)
def test_forms(status: int, challenges: list[str], algorithm: str) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user=USER, password=PASSWORD) as here:
            leg = await here.call()
            again = await refuse(peer, await peer.invited(), status, *challenges)
            assert right(again, ASKS[status][1], "INVITE", algorithm)
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            bye = await peer.request("BYE")
            peer.respond(bye, status, "Unauthorized", f"{ASKS[status][0]}: Digest {challenges[-1]}")
            bye = await peer.hung_up()
            assert right(bye, ASKS[status][1], "BYE", algorithm)

    live(scenario)


@pytest.mark.parametrize("status", [401, 407])
def test_a_stale_nonce_is_no_wrong_password(status: int) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user=USER, password=PASSWORD) as here:
            leg = await here.call()
            again = await refuse(peer, await peer.invited(), status, 'realm="lab", nonce="n1", qop="auth"')
            again = await refuse(peer, again, status, 'realm="lab", nonce="n2", qop="auth", stale=true')
            assert again.parameters(ASKS[status][1])["nonce"] == "n2"
            assert right(again, ASKS[status][1], "INVITE")
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


def test_a_proxy_and_the_server_behind_it_ask() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user=USER, password=PASSWORD) as here:
            leg = await here.call()
            again = await refuse(peer, await peer.invited(), 407, 'realm="proxy", nonce="n1"')
            again = await refuse(peer, again, 401, 'realm="lab", nonce="n2"')
            assert right(again, "proxy-authorization", "INVITE")
            assert right(again, "authorization", "INVITE")
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


@pytest.mark.parametrize(
    ("password", "challenge", "words"),
    [
        (PASSWORD, 'realm="lab", nonce="n", algorithm=AKAv1-MD5, qop="auth"', "AKAv1-MD5"),
        (None, 'realm="lab", nonce="n"', "no password"),
    ],
)
def test_what_we_cannot_answer_is_said(password: str | None, challenge: str, words: str) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user=USER if password else None, password=password) as here:
            leg = await here.call()
            peer.respond(await peer.invited(), 401, "Unauthorized", f"WWW-Authenticate: Digest {challenge}")
            await peer.request("ACK")
            failed = (await here.events(leg, 1))[0]
            assert isinstance(failed, Failed)
            assert failed.sip_status == 401
            assert words in failed.reason

    live(scenario)


@pytest.mark.parametrize("stale", ["", ", stale=true"])
def test_a_wrong_password_ends_with_its_status(stale: str) -> None:
    """And a trunk that calls every nonce stale is not asked for ever."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user=USER, password=PASSWORD) as here:
            leg = await here.call()
            request, asked = await peer.invited(), 0
            while True:
                asked += 1
                peer.respond(request, 401, "Unauthorized", f'WWW-Authenticate: Digest realm="lab", nonce="n{asked}"{stale}')
                await peer.request("ACK")
                event = await leg.next(1.0)
                if event is not None:
                    break
                request = await peer.request("INVITE")
            assert isinstance(event, Failed)
            assert event.sip_status == 401
            assert asked == (2 if not stale else 3)

    live(scenario)
