"""What docs/deliveries.md promises beyond the sender's own tests: signatures, what is kept, that slow CRMs are alone with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Response
from standardwebhooks import Webhook, WebhookVerificationError

from core.bots.config import BotConfig, ResultsWebhook
from core.deliveries.outbox import deliveries_for, enqueue
from core.deliveries.queries import DeliveryFilter, attempts_of, list_deliveries, replay
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.outgoing.client import OutgoingClient
from tests.core.deliveries.support import PUSH, SIGNING, Receiver, add_calls, push_all, result_of, worker_for

InVirtualTime = Callable[..., Any]

SIGNED = PUSH.model_copy(update={"secret": "secret:SIGNING", "key_mapper": {"NAME": "{{crm.name}}", "LONG": "{{call.duration}}"}})


def test_pushes_and_webhooks_of_a_bot_are_verified_by_the_standard_library(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-1")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        webhook = ResultsWebhook(url="http://crm.embedded/whole", secret="secret:SIGNING")
        config = BotConfig(name="Bot", post_call_push=SIGNED, results_webhook=webhook)
        result = result_of("call-1", variables={"name": "Zoë {{call.call_id}}"})
        with database.write() as connection:
            enqueue(connection, deliveries_for(result, config, None, Ids(1), clock.now()))
        assert await worker_for(database, clock, receiver).flush() == 0
        bodies = {path: (raw, headers) for (_, path, headers, _), raw in zip(receiver.seen, receiver.raw, strict=True)}
        raw, headers = bodies["push"]
        assert Webhook(SIGNING).verify(raw, headers) == {"NAME": "Zoë {{call.call_id}}", "LONG": 12.5}
        assert Webhook(SIGNING).verify(*bodies["whole"])["session_id"] == "call-1"
        with pytest.raises(WebhookVerificationError):
            Webhook(SIGNING).verify(raw.replace(b"12.5", b"99.5"), headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SIGNING).verify(raw, {**headers, "webhook-id": "another"})

    in_virtual_time(test)


def test_every_attempt_is_signed_anew_under_the_same_id_also_after_a_replay(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-1")

    async def test(clock: VirtualClock) -> None:
        wall = utc_now()
        receiver = Receiver(clock, answers=[503, 500, 410])
        worker = worker_for(database, clock, receiver, wall=lambda: wall)
        (row,) = push_all(database, clock.now(), "call-1", push=SIGNED)
        for number in range(3):
            wall += timedelta(seconds=number)
            await worker.flush()
        with database.write() as connection:
            assert replay(connection, [row.id], clock.now()) == 1
        assert await worker.flush() == 0
        assert receiver.ids == {row.id: 4}
        stamps = [int(headers["webhook-timestamp"]) for _, _, headers, _ in receiver.seen]
        assert [stamp - stamps[0] for stamp in stamps] == [0, 1, 3, 3]
        for (_, _, headers, _), raw in zip(receiver.seen, receiver.raw, strict=True):
            assert Webhook(SIGNING).verify(raw, headers)

    in_virtual_time(test)


def test_of_each_try_the_moment_status_time_and_the_beginning_of_the_answer_are_kept(
    database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, "call-1")

    async def test(clock: VirtualClock) -> None:
        crm = FastAPI()

        @crm.post("/push")
        async def answer() -> Response:
            return Response("é" * 100_000, 503)

        client = OutgoingClient()
        client.mount("crm.embedded", crm)
        (row,) = push_all(database, clock.now(), "call-1")
        worker = worker_for(database, clock, client=client)
        await worker.flush()
        await clock.sleep(60)
        await worker.flush()
        with database.read() as connection:
            first, second = attempts_of(connection, row.id)
        assert [(try_.status, try_.response) for try_ in (first, second)] == [(503, "é" * 2000)] * 2
        assert (second.at - first.at) == timedelta(seconds=60)
        assert 0 < first.latency_ms < 10_000

    in_virtual_time(test)


def test_fifty_slow_crms_delay_nobody_else(database: Database, in_virtual_time: InVirtualTime) -> None:
    names = [f"call-{n:03}" for n in range(401)]
    add_calls(database, *names)

    async def test(clock: VirtualClock) -> None:
        fast, client = Receiver(clock), OutgoingClient()

        async def dawdle(scope: Any, receive: Any, send: Any) -> None:
            await clock.sleep(20)
            await Response(status_code=503)(scope, receive, send)

        for n in range(50):
            client.mount(f"slow{n}.embedded", dawdle)
            push_all(database, clock.now() - timedelta(seconds=1), *names[n * 8 : n * 8 + 8], url=f"http://slow{n}.embedded/")
        worker = worker_for(database, clock, fast, client)
        push_all(database, clock.now(), names[400])
        began = clock.now()
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(1)
        assert [at for at, *_ in fast.seen] == [began]
        await worker.stop()

    in_virtual_time(test)


def test_what_was_accepted_is_never_sent_again_whatever_is_asked(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-1")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        worker = worker_for(database, clock, receiver)
        (row,) = push_all(database, clock.now(), "call-1")
        await worker.flush()
        with database.write() as connection:
            assert replay(connection, [row.id], clock.now()) == 0
        worker.adopt()
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(10 * 86_400)
        assert receiver.ids == {row.id: 1}
        with database.read() as connection:
            [kept] = list_deliveries(connection, DeliveryFilter())
        assert (kept.state, kept.attempts, isinstance(kept.delivered_at, datetime)) == ("delivered", 1, True)

    in_virtual_time(test)
