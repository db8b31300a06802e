"""The outgoing client against real servers on the loopback interface, and a resolver that lies."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request

from core.outgoing.client import OutgoingClient, TimeLimits
from core.outgoing.errors import BadRequest, Blocked, ConnectFailed, ConnectionLost, NameNotFound, TimedOut, TlsFailed, TooLarge
from core.outgoing.guard import AllowList
from tests.core.outgoing.servers import Server, raw, serving

pytestmark = pytest.mark.asyncio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def client_for(*servers: Server, **more: Any) -> OutgoingClient:
    allow = AllowList(frozenset(("127.0.0.1", server.port) for server in servers))
    return OutgoingClient(allow, **more)


async def test_a_listed_server_answers() -> None:
    async with serving(raw(OK)) as server, client_for(server) as client:
        reply = await client.request("PUT", server.url + "x?y=1", headers={"X-Test": "1"}, content=b"{}")
    assert (reply.status, reply.text, reply.truncated) == (200, "ok", False)
    assert server.requests[0].startswith(b"PUT /x?y=1 HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"{}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_an_internal_address_is_refused_in_every_spelling_and_never_connected_to(host: str) -> None:
    async with serving(raw(OK)) as server, OutgoingClient() as client:
        with pytest.raises((Blocked, NameNotFound), match=r"DIALLER_ALLOW_INTERNAL|unknown"):
            await client.request("GET", f"http://{host}:{server.port}/")
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_refusal_names_the_entry_that_would_allow_it(host: str) -> None:
    async with OutgoingClient() as client:
        with pytest.raises(Blocked) as refused:
            await client.request("GET", f"http://{host}:9/")
    entry = str(refused.value).rpartition(" as ")[2]
    assert AllowList.parse(entry).allows(host.strip("[]"), 9)


async def test_listing_one_port_does_not_open_another() -> None:
    async with serving(raw(OK)) as listed, serving(raw(OK)) as other, client_for(listed) as client:
        await client.request("GET", listed.url)
        with pytest.raises(Blocked):
            await client.request("GET", other.url)
    assert other.connections == 0


class Resolver:
    """Answers each question with the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def test_a_name_that_changes_its_address_between_check_and_connection_gains_nothing() -> None:
    """It is resolved once a connection, and the address that was judged is the one that is connected to."""
    resolver = Resolver(["192.0.2.1"], ["127.0.0.1"])
    async with serving(raw(OK)) as server, OutgoingClient(resolve=resolver) as client:
        with pytest.raises(Blocked):
            await client.request("GET", f"http://rebind.example:{server.port}/")
        with pytest.raises(Blocked):
            await client.request("GET", f"http://rebind.example:{server.port}/")
    assert (server.connections, resolver.asked) == (0, 2)


async def test_the_connection_goes_to_the_judged_address(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Network:
        async def connect_tcp(self, host: str, *_: Any, **__: Any) -> Any:
            seen.append(host)
            raise OSError("unreachable in this test")

    async with OutgoingClient(resolve=Resolver(["10.0.0.1", "93.184.216.34"], ["127.0.0.1"])) as client:
        monkeypatch.setattr(client._backend, "_network", Network())
        with pytest.raises(OSError, match="unreachable in this test"):
            await client.request("GET", "http://mixed.example/")
    assert seen == ["93.184.216.34"]  # the internal one of the two was left out


async def test_a_listed_name_is_reached_at_an_internal_address() -> None:
    async with serving(raw(OK), keep_open=True) as server:
        allow = AllowList.parse(f"crm.internal:{server.port}")
        async with OutgoingClient(allow, resolve=Resolver(["127.0.0.1"])) as client:
            assert (await client.request("GET", f"http://CRM.internal:{server.port}/")).status == 200


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with serving(raw(OK)) as inside:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {inside.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(raw(moved)) as server, client_for(server, inside) as client:
            reply = await client.request("POST", server.url, content=b"{}")
        assert reply.status == 302
        assert inside.connections == 0


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(hang) as server:
        for limits in (TimeLimits(read=0.05), TimeLimits(total=0.05)):
            async with client_for(server, limits=limits) as client:
                with pytest.raises(TimedOut, match="gave no answer"):
                    await client.request("GET", server.url)


async def test_a_status_that_arrived_counts_even_if_its_body_drips_for_ever() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        await writer.drain()
        await asyncio.Event().wait()

    async with serving(drip) as server, client_for(server, limits=TimeLimits(total=0.1)) as client:
        reply = await client.request("GET", server.url)
    assert (reply.status, reply.text, reply.truncated) == (200, "abc", True)


async def test_no_more_than_64_kib_of_a_body_is_read() -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100_000):
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()
            sent += 0x4000

    async with serving(flood) as server, client_for(server) as client:
        reply = await client.request("GET", server.url)
    assert (len(reply.body), reply.truncated) == (64 * 1024, True)
    assert sent < 100_000 * 0x4000


async def test_a_content_length_that_promises_too_much() -> None:
    async with serving(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort")) as server, client_for(server) as client:
        reply = await client.request("GET", server.url)
    assert (reply.status, reply.text, reply.truncated) == (200, "short", True)


async def test_a_content_length_that_promises_too_little() -> None:
    lie = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n"
    async with serving(raw(lie)) as server, client_for(server) as client:
        assert (await client.request("GET", server.url)).text == "ok"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_what_does_not_speak_http_is_a_lost_connection(answer: bytes) -> None:
    async with serving(raw(answer)) as server, client_for(server) as client:
        with pytest.raises(ConnectionLost, match="did not answer in HTTP"):
            await client.request("GET", server.url)


async def test_nobody_there() -> None:
    async with serving(raw(OK)) as server:
        pass
    async with client_for(server) as client:
        with pytest.raises(ConnectFailed, match="is the service up"):
            await client.request("GET", server.url)


async def test_a_name_that_nobody_knows() -> None:
    async def fails(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    async with OutgoingClient(resolve=fails) as client:
        with pytest.raises(NameNotFound, match=r"crm\.example is unknown"):
            await client.request("GET", "https://crm.example/")


def self_signed(folder: Path) -> ssl.SSLContext:
    """What a server with a certificate that nobody vouches for needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2099, 1, 1))
    (folder / "pem").write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


async def test_certificates_are_verified(tmp_path: Path) -> None:
    async with serving(raw(OK), tls=self_signed(tmp_path)) as server, client_for(server) as client:
        with pytest.raises(TlsFailed, match="certificate"):
            await client.request("GET", server.url.replace("http", "https"))
    assert server.requests == []


async def test_a_server_without_tls_behind_https() -> None:
    async with serving(raw(OK), after_any_byte=True) as server, client_for(server) as client:
        with pytest.raises(TlsFailed):
            await client.request("GET", server.url.replace("http", "https"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://crm.example/",
        "file:///etc/passwd",
        "sample-crm",
        "",
        "http://",
        "https:///x",
        "http://[::1",
        "https://u:p@crm.example/",
        "/x",
    ],
)
async def test_addresses_that_cannot_be_reached_at_all(url: str) -> None:
    async with OutgoingClient() as client:
        with pytest.raises(BadRequest) as caught:
            await client.request("GET", url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "pass\u00e9\u0100", "a\x00b"])
async def test_a_header_that_http_does_not_allow_never_leaves(value: str) -> None:
    async with serving(raw(OK)) as server, client_for(server) as client:
        with pytest.raises(BadRequest) as caught:
            await client.request("GET", server.url, headers={"Authorization": value})
    assert value not in str(caught.value)
    assert server.requests == []


async def test_connections_are_used_again_but_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n"
    async with serving(raw(answer), keep_open=True) as server, client_for(server) as client:
        await client.request("GET", server.url)
        await client.request("GET", server.url)
    assert server.connections == 1
    assert b"cookie" not in server.requests[1].lower()


async def test_no_proxy_and_no_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(raw(OK)) as proxy, serving(raw(OK)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with client_for(server) as client:
            await client.request("GET", server.url)
    assert (proxy.connections, server.connections) == (0, 1)


async def test_an_alias_is_looked_up_when_it_is_used() -> None:
    async with serving(raw(OK)) as server, OutgoingClient() as client:
        with pytest.raises(BadRequest, match="neither a URL nor an alias"):
            await client.request("POST", "sample-crm")
        client.alias("sample-crm", server.url + "api", internal=True)
        assert (await client.request("POST", "sample-crm")).status == 200
    assert server.requests[0].startswith(b"POST /api ")


async def test_an_alias_by_itself_opens_no_internal_address() -> None:
    async with serving(raw(OK)) as server, OutgoingClient() as client:
        client.alias("crm", server.url)
        with pytest.raises(Blocked):
            await client.request("POST", "crm")


async def test_an_app_in_this_process_answers_for_its_host_alone(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()

    @app.post("/results")
    async def results(request: Request) -> dict[str, Any]:
        return {"got": await request.json()}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a bug")

    async with OutgoingClient(resolve=Resolver(["127.0.0.1"])) as client:
        client.mount("dialler.embedded", app)
        reply = await client.request("POST", "http://dialler.embedded/results", content=b'{"a":1}')
        assert (reply.status, reply.text) == (200, '{"got":{"a":1}}')
        assert (await client.request("GET", "http://dialler.embedded/broken")).status == 500
        with pytest.raises(Blocked):
            await client.request("POST", "http://not.dialler.embedded/results")
    assert "the app at dialler.embedded failed" in caplog.text


async def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(raw(OK)) as server, client_for(server) as client:
        await client.request("GET", server.url + "?to=+12025550123", headers={"Authorization": "Bearer tok-9"})
    assert "2025550123" not in caplog.text
    assert "tok-9" not in caplog.text


async def read_all(client: OutgoingClient, url: str, limits: TimeLimits | None = None) -> bytes:
    async with client.stream("POST", url, content=b"{}", limits=limits) as reply:
        assert reply.status == 200
        return b"".join([part async for part in reply.parts])


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


async def test_a_stream_is_read_as_it_comes_under_the_same_guard() -> None:
    went_on = asyncio.Event()

    async def bit_by_bit(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + b"one")
        await writer.drain()
        await went_on.wait()
        writer.write(b"two")

    async with serving(bit_by_bit) as server, client_for(server) as client, OutgoingClient() as shut:
        async with client.stream("GET", server.url) as reply:
            assert await anext(reply.parts) == b"one"  # before the rest was sent
            went_on.set()
            assert await anext(reply.parts) == b"two"
        with pytest.raises(Blocked):
            await read_all(shut, server.url)
    assert server.connections == 1


async def test_a_stream_is_bounded_in_time_and_size() -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + b"one")
        await writer.drain()
        await asyncio.Event().wait()

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM)
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with serving(hang) as server, client_for(server) as client:
        for limits in (TimeLimits(total=0.05), TimeLimits(read=0.05)):
            with pytest.raises(TimedOut):
                await read_all(client, server.url, limits)
    async with serving(pour) as server, client_for(server) as client:
        with pytest.raises(TooLarge):
            await read_all(client, server.url)


async def test_a_stream_that_breaks_off_says_so() -> None:
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
    async with serving(raw(broken)) as server, client_for(server) as client:
        with pytest.raises(ConnectionLost):
            await read_all(client, server.url)


async def test_a_stream_left_early_drops_its_connection() -> None:
    async with serving(raw(STREAM + b"x" * 100_000)) as server, client_for(server) as client:
        async with client.stream("GET", server.url) as reply:
            await anext(reply.parts)
        assert (await client.request("GET", server.url)).status == 200
