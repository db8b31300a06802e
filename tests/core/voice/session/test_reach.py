"""What the HTTP client of a call's speech provider connects to, against servers on the loopback interface."""

from __future__ import annotations

import aiohttp
import pytest

from core.outgoing.guard import AllowList
from tests.core.outgoing.servers import raw, serving

pytest.importorskip("livekit.agents", reason="the extra `voice` is not installed")

from core.voice.session.reach import aiohttp_session

pytestmark = pytest.mark.asyncio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_an_internal_address_is_never_connected_to_in_any_spelling(host: str) -> None:
    async with serving(raw(OK)) as server, aiohttp_session(AllowList()) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"http://{host}:{server.port}/")
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_listed_one_answers(host: str) -> None:
    async with (
        serving(raw(OK)) as server,
        aiohttp_session(AllowList(frozenset({(host, server.port)}))) as session,
        session.post(f"http://{host}:{server.port}/") as answer,
    ):
        assert await answer.text() == "ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_leads_to_no_other_internal_address(status: int, host: str) -> None:
    async with serving(raw(OK)) as inner:
        to = f"HTTP/1.1 {status} Go\r\nLocation: http://{host}:{inner.port}/\r\nContent-Length: 0\r\n\r\n"
        async with serving(raw(to.encode())) as listed, aiohttp_session(AllowList(frozenset({("127.0.0.1", listed.port)}))) as session:
            with pytest.raises(aiohttp.ClientError, match="internal address"):
                await session.post(listed.url, data=b"sound")
    assert (listed.connections, inner.connections) == (1, 0)


async def test_a_listed_name_lets_its_address_in_at_its_port_only() -> None:
    async with (
        serving(raw(OK)) as server,
        serving(raw(OK)) as other,
        aiohttp_session(AllowList(frozenset({("localhost", server.port)}))) as session,
    ):
        async with session.get(f"http://localhost:{server.port}/") as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientError, match="internal address"):
            await session.get(other.url)
    assert other.connections == 0
