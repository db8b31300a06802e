"""Calls over WebSockets: a real server, the reference client, real time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets

from core.access.keys import create
from core.kernel.clock import utc_now
from tests.live.lab import live, speech, until
from tests.live.sockets import BOT, CUSTOMER, DID, closed, example, served

pytestmark = pytest.mark.needs("websockets")

SILENCE = b""


async def talk(call: Any, sound: bytes = SILENCE, until_event: str | None = None) -> list[tuple[float, dict[str, Any]]]:
    """Speak and listen to the end of the call, or to an event; what came, and when."""
    came: list[tuple[float, dict[str, Any]]] = []
    speaking = asyncio.create_task(call.speak(sound))
    try:
        async for message in call.messages():
            came.append((time.monotonic(), message))
            if message["event"] == until_event:
                break
    except websockets.ConnectionClosed:
        pass
    finally:
        speaking.cancel()
        with contextlib.suppress(asyncio.CancelledError, websockets.ConnectionClosed):
            await speaking
    return came


def test_the_bot_speaks_in_time_and_hangs_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        silence = {"after_seconds": 1, "re_engagements": 0, "goodbye": "bye"}
        async with served(tmp_path, silence=silence, recording={"enabled": True}) as here, here.call(customer_name="Asha") as call:
            came = await talk(call)
            media = [(at, message) for at, message in came if message["event"] == "reverse-media"]
            first = media[0][1]
            assert set(first) == {
                "event", "chunk", "did", "payload", "timestamp", "streamId", "callerId", "chunk_durn_ms", "callDirection", "encoding",
                "RevMediaQ", "source",
            }  # fmt: skip
            assert (first["chunk"], first["chunk_durn_ms"], first["streamId"], first["callerId"]) == (1, 20, "stream-1", CUSTOMER)
            assert [message["chunk"] for _, message in media] == list(range(1, len(media) + 1))
            opening = media[: round(8 * 0.38 / 0.02)]
            assert 2.6 < opening[-1][0] - opening[0][0] < 3.8, "three seconds of sound take three seconds"
            assert np.abs(np.frombuffer(bytes(call.heard), dtype="<i2")).max() > 5000
            assert [message["event"] for _, message in came[-2:]] == ["reverse-media-stop", "reverse-hangup-call"]
            assert (call.socket.close_code, call.socket.close_reason) == (1000, "The call is over.")
            result = await here.result()
            assert (result["disconnected_by"], result["transport"], result["direction"]) == ("RNR", "websocket", "inbound")
            assert (result["caller_id"], result["from_number"]) == (CUSTOMER, DID)
            assert result["connected_event"]["customer_name"] == "Asha"
            assert result["recording_url"], "it was recorded"

    live(scenario)


def test_a_customer_who_breaks_in_stops_the_bot(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path, opening_message="word " * 40) as here, here.call() as call:
            began = time.monotonic()
            came = await talk(call, bytes(16000) + speech(600, 1.0).tobytes(), until_event="reverse-media-stop")
            stopped, spoken = came[-1][0], began + 1.0
            assert 0 < stopped - spoken < 0.6, f"it stopped {stopped - spoken:.2f} s after the customer spoke up"
            assert came[-1][1] == {"event": "reverse-media-stop", "streamId": "stream-1", "callerId": CUSTOMER}
            await call.send("hangup-call", disconnectedBy="customer")
            assert (await closed(call.socket))[0] == 1000
            result = await here.result()
            assert (result["disconnected_by"], result["end_reason"]) == ("customer", "customer_hangup")
            assert result["transcript"][0]["text"].count("word") < 10

    live(scenario)


def test_bursts_and_gaps_of_the_client_do_not_move_the_bots_sound(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path, opening_message="word " * 12) as here, here.call() as call:
            times: list[float] = []

            async def listen() -> None:
                nonlocal times
                async for message in call.messages():
                    times += [time.monotonic()] if message["event"] == "reverse-media" else []

            listening = asyncio.create_task(listen())
            for _ in range(3):
                for _ in range(50):
                    await call.send("media", payload="AAAA" * 106 + "AAA=")
                await asyncio.sleep(1)
            listening.cancel()
            gaps = np.diff(times)
            assert len(times) > 130
            assert 0.019 < gaps.mean() < 0.021
            assert np.percentile(gaps, 90) < 0.04

    live(scenario)


def test_a_connection_that_breaks_and_one_that_closes_end_the_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as here:
            async with here.call(stream_id="broken") as call:
                await call.socket.recv()
                call.socket.transport.abort()
            assert (await here.result())["disconnected_by"] == "customer"
            async with here.call(stream_id="closed") as call:
                await call.socket.recv()
            assert (await here.result())["disconnected_by"] == "customer"
            assert len(here.rows()) == 2
            with here.whole.db.read() as connection:
                from core.calls.store import events_of

                said = [
                    event.data["reason"]
                    for row in here.rows()
                    for event in events_of(connection, row.call_id)
                    if event.kind == "line_ended"
                ]
            assert [why.split(" (")[0] for why in said] == ["the connection was lost", "the connection was closed without hangup-call"]

    live(scenario)


def test_twenty_calls_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(
            tmp_path, opening_message="one two three four", silence={"after_seconds": 1, "re_engagements": 0, "goodbye": "bye"}
        ) as here:

            async def one(number: int) -> list[tuple[float, dict[str, Any]]]:
                async with here.call(stream_id=f"s{number}", caller_id=f"+120255501{number:02d}") as call:
                    return await talk(call)

            all_came = await asyncio.gather(*(one(number) for number in range(20)))
            for came in all_came:
                assert came[-1][1]["event"] == "reverse-hangup-call"
                assert sum(message["event"] == "reverse-media" for _, message in came) > 70
            await here.result()
            results = [row.result for row in here.rows()]
            assert len(results) == 20
            assert {result["disconnected_by"] for result in results} == {"RNR"}
            assert len({result["caller_id"] for result in results}) == 20
            assert here.whole.sockets is not None
            assert here.whole.sockets.transport._legs == set()

    live(scenario)


def test_a_client_that_does_not_read_is_hung_up_on_and_costs_little(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path, opening_message="word " * 300, max_call_duration_seconds=120) as here:
            _reader, writer = await _raw(here)
            try:
                for message in (
                    {"event": "connected", "callerId": CUSTOMER, "did": DID, "streamId": "s"},
                    {"event": "start", "streamId": "s"},
                    {"event": "answer"},
                ):
                    writer.write(_masked(json.dumps(message)))
                transport = here.whole.sockets.transport  # type: ignore[union-attr]
                await until(lambda: bool(transport._legs), "the call has begun")
                leg = next(iter(transport._legs))
                most = 0

                def over() -> bool:
                    nonlocal most
                    most = max(most, leg._connection.waiting)
                    return bool(leg.over.is_set())

                await until(over, "the call was ended", 30)
                assert 200 < most <= 250
                result = await here.result()
                assert (result["disconnected_by"], leg.closing.code) == ("error", 4408)
                await until(lambda: not here.server.server_state.connections, "the connection is gone", 20)
            finally:
                writer.transport.abort()
                for _ in range(3):
                    await asyncio.sleep(0.01)

    live(scenario)


async def _raw(here: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose client reads nothing but the answer to its upgrade."""
    import socket as sockets

    sock = sockets.socket()
    sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    sock.setblocking(False)
    port = int(here.url.rsplit(":", 1)[1])
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
    writer.write(
        f"GET /ws/{BOT}?token={here.token} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return reader, writer


def _masked(text: str) -> bytes:
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def test_a_token_in_the_query_stands_in_no_log(tmp_path: Path) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level

    async def scenario() -> None:
        async with served(tmp_path) as here:
            root.setLevel(logging.DEBUG)
            root.addHandler(handler)
            logging.getLogger("websockets.client").setLevel(logging.WARNING)  # the test's own side
            async with websockets.connect(f"{here.url}/ws/{BOT}?token={here.token}", compression=None) as socket:
                call = example.Call(socket, "s")
                await call.shake_hands(CUSTOMER, DID, "incoming", {})
                await socket.recv()
                await call.send("hangup-call", disconnectedBy="customer")
                await closed(socket)
            async with websockets.connect(f"{here.url}/ws/{BOT}?token=x{here.token}", compression=None) as socket:
                assert (await closed(socket))[0] == 4401
            await here.result()
            assert here.token not in written.getvalue()
            assert "WS /ws/{bot_id} 4401" in written.getvalue()

    try:
        live(scenario)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_a_connection_that_asks_for_nothing_is_closed_and_a_call_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.serve.listening._FIRST_REQUEST_SECONDS", 0.5)

    async def scenario() -> None:
        async with served(tmp_path, opening_message="word " * 40) as here:
            port = int(here.url.rsplit(":", 1)[1])
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            for _, writer in idle[:10]:
                writer.write(b"GET /ws/nobody HTTP/1.1\r\nHost: here\r\n")
            async with here.call() as call:
                await call.socket.recv()
                for reader, writer in idle:
                    with contextlib.suppress(ConnectionError):
                        assert await asyncio.wait_for(reader.read(), 10) == b""
                    writer.close()
                assert len(here.server.server_state.connections) == 1
                await call.socket.recv()
                await call.send("hangup-call", disconnectedBy="customer")
                assert (await closed(call.socket))[0] == 1000

    live(scenario)


def test_a_message_that_is_too_large_and_a_server_that_stops(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as here:
            async with here.socket() as socket:
                await socket.send("x" * 70_000)
                assert (await closed(socket))[0] == 1009
            async with here.call() as call:
                await call.socket.recv()
                hanging_up = asyncio.create_task(here.whole.sockets.hang_up(5))  # type: ignore[union-attr]
                came = await talk(call)
                await hanging_up
                assert came[-1][1]["message"] == "The server is stopping"
                assert call.socket.close_code == 1001
            result = await here.result()
            assert (result["disconnected_by"], result["end_reason"]) == ("error", "worker_stopped")
            async with here.socket() as socket:
                assert (await closed(socket))[0] == 1001

    live(scenario)


def _closed_today() -> dict[str, Any]:
    """Active hours that do not begin before the day after tomorrow (UTC)."""
    return {"windows": [{"days": [(utc_now() + timedelta(days=3)).strftime("%a").lower()], "start": "09:00", "end": "10:00"}]}


def test_a_bot_outside_its_hours_turns_the_call_away_and_keeps_a_result(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path, active_hours=_closed_today(), time_zone="UTC") as here, here.call(customer_name="Asha") as call:
            code, reason = await closed(call.socket)
            assert code == 4480
            assert "active hours" in reason
            result = await here.result()
            assert (result["disconnected_by"], result["end_reason"], result["transport"]) == (
                "outside_hours",
                "outside_active_hours",
                "websocket",
            )
            assert (result["caller_id"], result["connected_event"]["customer_name"]) == (CUSTOMER, "Asha")
            assert datetime.fromisoformat(result["started_at"]) <= datetime.fromisoformat(result["ended_at"])
            assert [row.state for row in here.rows()] == ["done"]

    live(scenario)


def test_without_a_free_seat_the_call_is_turned_away_and_the_one_that_has_it_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path, seats=1, opening_message="word " * 40) as here, here.call(stream_id="first") as first:
            await first.socket.recv()
            async with here.call(stream_id="second", caller_id="+12025550143") as second:
                code, reason = await closed(second.socket)
            assert code == 4486
            assert "seat" in reason
            await first.socket.recv()
            await first.send("hangup-call", disconnectedBy="customer")
            await closed(first.socket)
            await here.result()
            results = {row.result["caller_id"]: row.result for row in here.rows()}
            refused, held = results["+12025550143"], results[CUSTOMER]
            assert (refused["disconnected_by"], refused["end_reason"]) == ("outside_hours", "no_capacity")
            assert held["disconnected_by"] == "customer"

    live(scenario)


def test_an_unknown_bot_and_a_wrong_token_leave_no_record(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with served(tmp_path) as here:
            with here.whole.db.write() as connection:
                key = create(connection, key_id="k", name="all bots", now=here.whole.clock.now()).key
            closings = {}
            for name, path, token in (
                ("no such bot", "/ws/nobody", key),
                ("no such bot, a stranger asks", "/ws/nobody", "dw_wrong"),
                ("wrong token", f"/ws/{BOT}", "dw_wrong"),
                ("no token", f"/ws/{BOT}", ""),
            ):
                async with here.socket(path, token) as socket:
                    closings[name] = (await closed(socket))[0]
            assert closings == {"no such bot": 4404, "no such bot, a stranger asks": 4401, "wrong token": 4401, "no token": 4401}
            assert here.rows() == []

    live(scenario)
