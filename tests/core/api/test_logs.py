"""No key, token, phone number or name in the logs: whatever is asked, in process and over a socket, and whatever fails."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.fernet import Fernet
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.access.secrets import SecretStore
from core.bots.config import BotConfig
from core.calls import finish, run
from core.calls.brains import make_brain
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.contracts.transport import Leg, PlaceOrder
from core.conversation.brain import Brain, Turn
from core.deliveries.outbox import Enqueued, NewDelivery, enqueue
from core.deliveries.worker import DeliveryWorker
from core.kernel.clock import utc_now
from core.kernel.secrets import SecretBox
from core.outgoing.client import OutgoingClient
from tests.core.api.support import BOT, PAYS, STORY, Core

WithCore = Callable[..., Any]

NAME = "Rahul Sharma"


async def ask_everything(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Requests of every kind, with everything in them that must not be logged."""
    variables = {"customer_name": NAME, "phone": PAYS}
    for number in (PAYS, STORY, "+1202555019", "nonsense " + PAYS):
        body = {"bot_id": BOT, "to_number": number, "from_number": None, "variables": variables}
        await http.post("/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": f"{NAME} {number}"} | headers)
        await http.post("/api/v1/sip/dialout", json=body | {"from_number": number}, headers=headers)
        await http.get("/api/v1/calls", params={"to_number": number, "idempotency_key": f"{NAME} {number}"}, headers=headers)
        await http.get(f"/api/v1/calls/{number}", headers=headers)
        await http.delete(f"/api/v1/suppressions/{number}", headers=headers)
        await http.get("/api/v1/suppressions", params={"search": number}, headers=headers)
        await http.get(f"/nowhere/{number}", params={"name": NAME}, headers=headers)
        await http.get("/health/fleet", params={"bot_id": NAME}, headers=headers)
    await http.post("/api/v1/sip/dialout", content=f'{{"to_number": "{PAYS}" oops'.encode(), headers=headers)
    await http.get("/api/v1/calls", params={"to_number": PAYS}, headers={"X-API-Key": f"dk_{NAME}"})


def is_clean(records: list[logging.LogRecord], *keys: str) -> None:
    """Nothing that identifies anyone is in what was logged, nor in its exceptions."""
    plain = logging.Formatter("%(name)s %(message)s")
    text = "\n".join(plain.format(record) for record in records if not record.name.startswith(("httpx", "httpcore")))
    assert "POST /api/v1/sip/dialout 200" in text, "this test sees the log"
    for secret in (NAME, "Rahul", PAYS[1:], STORY[1:], "202555", *keys):
        assert secret not in text


def test_in_process(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    keys = []

    async def test(core: Core) -> None:
        headers = core.key(role="admin")
        keys.append(headers["X-API-Key"])
        await ask_everything(core.http, headers)
        await core.over()

    with caplog.at_level(logging.DEBUG):
        with_core(test)
    is_clean(caplog.records, *keys)


def test_over_a_socket_as_serve_runs_it(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    keys = []

    async def test(core: Core) -> None:
        headers = core.key(role="admin")
        keys.append(headers["X-API-Key"])
        listener = socket.create_server(("127.0.0.1", 0))  # it listens before the server runs
        server = uvicorn.Server(uvicorn.Config(core.app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asking = asyncio.create_task(_ask(url, headers))  # not of the clock: time goes on meanwhile
        asked = core.clock.signal()
        asking.add_done_callback(lambda _: asked.set())
        await asked.wait()
        await asking
        server.should_exit = True
        await serving

    with caplog.at_level(logging.DEBUG):
        with_core(test)
    is_clean(caplog.records, *keys)


async def _ask(url: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        await ask_everything(http, headers)


TOKEN, SIGNING = "tok-0123456789", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BREAKS_OFF, LINE_FAILS, NOT_RECORDED, NEVER_AGAIN = "+12025550101", "+12025550102", "+12025550103", "+12025550112"
FAILING = {BREAKS_OFF, LINE_FAILS, NOT_RECORDED}
RECEIVER = f"http://receiver.embedded/{PAYS}"


def quoting(number: str) -> Exception:
    """What a database says of a row, as psycopg does."""
    return IntegrityError("INSERT", None, Exception(f"DETAIL: Key (phone)=({number}) of {NAME} already exists."))


def break_everything(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of three numbers makes another part of the engine raise, in words that quote a person."""
    place, think, settle = core.network.place, make_brain, enqueue

    def no_line(order: PlaceOrder) -> Leg:
        if order.to_number == LINE_FAILS:
            raise OSError(28, f"no room for {NAME}", order.to_number)
        return place(order)

    def no_brain(engine: Engine, bot: BotConfig, order: PlaceOrder, *more: Any) -> Brain:
        brain = think(engine, bot, order, *more)
        if order.to_number == BREAKS_OFF:
            brain.reply = no_reply  # type: ignore[method-assign]
        return brain

    async def no_reply(heard: str, now: datetime) -> Turn:
        raise ValueError(f"what did {NAME} ({BREAKS_OFF}) mean by {heard}?")

    def no_room(connection: Connection, deliveries: Sequence[NewDelivery], *more: Any, **options: Any) -> Enqueued:
        if any(NOT_RECORDED in str(delivery.body) for delivery in deliveries):
            raise quoting(NOT_RECORDED)
        return settle(connection, deliveries, *more, **options)

    monkeypatch.setattr(core.network, "place", no_line)
    monkeypatch.setattr(run, "make_brain", no_brain)
    monkeypatch.setattr(finish, "enqueue", no_room)


async def unwilling(scope: Any, receive: Any, send: Any) -> None:
    """A receiver that answers with what it was sent, or fails with it."""
    message = await receive()
    headers = dict(scope["headers"])
    if b"authorization" in headers:
        raise RuntimeError(f"{headers[b'authorization']!r} {message['body']!r}")
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def test_calls_that_fail_at_every_turn(with_core: WithCore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    keys = [TOKEN, SIGNING]

    async def test(core: Core) -> None:
        headers = core.key(role="admin", results_url=RECEIVER, results_secret="secret:SIGNING")
        keys.append(headers["X-API-Key"])
        core.bot(
            brain={"kind": "rules", "scenario": "payment_reminder"},
            opening_message="Hello, am I speaking with {{crm.customer_name}}?",
            post_call_push={"url": RECEIVER, "token": "Bearer secret:TOKEN", "key_mapper": {"PHONE": "{{call.to_number}}"}},
        )
        break_everything(core, monkeypatch)
        client = OutgoingClient()
        client.mount("receiver.embedded", unwilling)
        store = SecretStore(SecretBox([Fernet.generate_key().decode()]), {"TOKEN": TOKEN, "SIGNING": SIGNING})
        deliveries = DeliveryWorker(core.db, clock=core.clock, wall=utc_now, client=client, secrets=store, ids=core.engine.ids)
        core.engine.wake_deliveries = deliveries.wake
        sending = core.clock.spawn(deliveries.run(), name="deliveries")
        for number in (PAYS, *sorted(FAILING), NEVER_AGAIN, "+12025550107", "+12025550114", "+12025550119"):
            body = {"bot_id": BOT, "to_number": number, "variables": {"customer_name": NAME, "phone": number}}
            answer = await core.http.post("/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": f"{NAME} {number}"} | headers)
            assert answer.status_code == 200
            await core.over()
        await recover(core.engine)
        await deliveries.stop()
        await core.clock.join(sending)
        await client.aclose()

    with caplog.at_level(logging.DEBUG):
        with_core(test)
    is_clean(caplog.records, *keys)
    failures = "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR)
    for kind in ("OSError", "ValueError", "IntegrityError", "RuntimeError"):
        assert kind in failures, f"this test makes {kind} happen"
