"""The sender of deliveries, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from standardwebhooks import Webhook

from core.access.secrets import SecretStore
from core.bots.config import BotConfig
from core.deliveries import worker as worker_module
from core.deliveries.claims import claim, next_due
from core.deliveries.outbox import deliveries_for, enqueue
from core.deliveries.queries import DeliveryFilter, attempts_of, count, count_by_state, list_deliveries, replay_dead
from core.deliveries.worker import DeliveryWorker
from core.kernel.backoff import RetryPolicy, gap
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.outgoing.client import OutgoingClient
from tests.conftest import START
from tests.core.deliveries.support import BOX, NUMBER, PUSH, SIGNING, TOKEN, Receiver, add_calls, push_all, result_of, worker_for
from tests.core.outgoing.servers import raw, serving

InVirtualTime = Callable[..., Any]


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return count_by_state(connection, DeliveryFilter())


def the_one(database: Database) -> Any:
    with database.read() as connection:
        (delivery,) = list_deliveries(connection, DeliveryFilter())
        return delivery


def calls(number: int) -> list[str]:
    return [f"call-{i:03}" for i in range(number)]


def test_what_is_written_is_sent_at_once_with_its_token(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(10))

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        worker = worker_for(database, clock, receiver)
        task = clock.spawn(worker.run(), "deliveries")
        await clock.sleep(5)
        push_all(database, clock.now(), *calls(10))
        worker.wake()
        await clock.sleep(1)
        assert len(receiver.seen) == 10
        at, path, headers, body = receiver.seen[0]
        assert (at, path) == (START + timedelta(seconds=5), "push")
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert headers["content-type"].startswith("application/json")
        assert body == {"CUSTOMER_ID": "C1", "DISPOSITION": "PTP", "CALL_DURATION": 12.5}
        assert states(database) == {"pending": 0, "delivered": 10, "dead": 0, "skipped": 0}
        await worker.stop()
        await clock.join(task)

    in_virtual_time(test)


def test_what_another_process_wrote_is_found_by_the_slow_timer(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        clock.spawn(worker_for(database, clock, receiver).run(), "deliveries")
        await clock.sleep(1)
        push_all(database, clock.now(), "call-000")
        await clock.sleep(60)
        assert len(receiver.seen) == 1

    in_virtual_time(test)


def test_a_signature_that_the_standard_library_accepts(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        (row,) = push_all(database, clock.now(), "call-000", signing_secret="secret:SIGNING", body={"name": "Zoë", "n": 1.5})
        assert await worker_for(database, clock, receiver).flush() == 0
        headers = receiver.seen[0][2]
        assert Webhook(SIGNING).verify(receiver.raw[0], headers) == {"name": "Zoë", "n": 1.5}
        assert headers["webhook-id"] == row.id

    in_virtual_time(test)


def test_a_crm_that_is_down_for_a_day_loses_nothing_and_gets_everything_once(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(12))

    async def test(clock: VirtualClock) -> None:
        up_at = START + timedelta(days=1)
        receiver = Receiver(clock, down_until=up_at)
        worker = worker_for(database, clock, receiver, poll=3600)
        rows = push_all(database, clock.now(), *calls(12))
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep_until(up_at)
        assert states(database)["pending"] == 12
        await clock.sleep(2 * 3600)
        assert states(database) == {"pending": 0, "delivered": 12, "dead": 0, "skipped": 0}
        taken = [headers["webhook-id"] for at, _, headers, _ in receiver.seen if at >= up_at]
        assert sorted(taken) == sorted(row.id for row in rows)
        before = len(receiver.seen)
        await clock.sleep(7 * 86_400)
        assert len(receiver.seen) == before

    in_virtual_time(test)


def test_gaps_grow_and_a_delivery_is_given_up_after_three_days_and_can_be_replayed(
    database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, down_until=START + timedelta(days=4))
        worker = worker_for(database, clock, receiver, poll=86_400)
        push_all(database, clock.now(), "call-000")
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(4 * 86_400)
        assert all(
            0.79 * middle <= gap <= 1.21 * middle for gap, middle in zip(receiver.gaps, [10, 30, 90, 270, 810, 2430, 3600], strict=False)
        )
        assert receiver.seen[-1][0] <= START + timedelta(days=3)
        dead = the_one(database)
        assert (dead.state, dead.last_status) == ("dead", 503)
        assert "until its time was up" in dead.last_error
        with database.write() as connection:
            assert replay_dead(connection, DeliveryFilter(), clock.now()) == 1
            assert len(attempts_of(connection, dead.id)) == len(receiver.seen)
        worker.wake()
        await clock.sleep(1)
        assert the_one(database).state == "delivered"
        assert len(receiver.ids) == 1

    in_virtual_time(test)


@pytest.mark.parametrize(("status", "attempts"), [(410, 1), (404, 6), (401, 6), (302, 6)])
def test_refusals_die_after_a_few_attempts(status: int, attempts: int, database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[status] * 50, answer_headers={"location": "http://crm.embedded/other"})
        push_all(database, clock.now(), "call-000")
        clock.spawn(worker_for(database, clock, receiver, poll=86_400).run(), "deliveries")
        await clock.sleep(86_400)
        assert len(receiver.seen) == attempts
        assert (the_one(database).state, the_one(database).last_status) == ("dead", status)

    in_virtual_time(test)


def test_retry_after_is_honoured(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[429], answer_headers={"retry-after": "300"})
        push_all(database, clock.now(), "call-000")
        clock.spawn(worker_for(database, clock, receiver).run(), "deliveries")
        await clock.sleep(1000)
        assert receiver.gaps == [300]

    in_virtual_time(test)


def test_a_slow_receiver_delays_nobody_else(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(40))

    async def test(clock: VirtualClock) -> None:
        fast, slow = Receiver(clock), Receiver(clock)
        slow_app = slow.app()
        at_once = most = 0

        async def dawdle(scope: Any, receive: Any, send: Any) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await clock.sleep(100)
            await slow_app(scope, receive, send)
            at_once -= 1

        client = OutgoingClient()
        client.mount("slow.embedded", dawdle)
        worker = worker_for(database, clock, fast, client)
        push_all(database, clock.now() - timedelta(seconds=1), *calls(20), url="http://slow.embedded/")
        push_all(database, clock.now(), *calls(40)[20:])
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(1)
        assert len(fast.seen) == 20
        assert {at for at, *_ in fast.seen} == {START}
        await clock.sleep(600)
        assert len(slow.seen) == 20
        assert most == 4

    in_virtual_time(test)


def test_a_sender_that_dies_between_sending_and_recording_leaves_it_to_be_sent_again_under_the_same_id(
    database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        app = receiver.app()

        async def take_and_kill_the_sender(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)
            if len(receiver.seen) == 1:
                task = asyncio.current_task()  # the app runs in the task that sends
                assert task is not None
                task.cancel()
                await asyncio.sleep(0)

        client = OutgoingClient()
        client.mount("crm.embedded", take_and_kill_the_sender)
        push_all(database, clock.now(), "call-000")
        dead = worker_for(database, clock, client=client)
        assert await dead.flush() == 1
        wall = utc_now()
        heir = worker_for(database, clock, client=client, wall=lambda: wall)
        assert await heir.flush() == 1  # the lease of the dead one still holds
        assert len(receiver.seen) == 1
        wall += timedelta(seconds=61)
        assert await heir.flush() == 0
        assert list(receiver.ids.values()) == [2]
        assert the_one(database).state == "delivered"
        assert await heir.flush() == 0
        assert len(receiver.seen) == 2

    in_virtual_time(test)


def test_the_only_process_may_adopt_what_a_dead_one_left(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        push_all(database, clock.now(), "call-000")
        worker = worker_for(database, clock, receiver)
        with database.write() as connection:
            assert claim(
                connection,
                "crm.embedded:80",
                due_by=START,
                wall_now=utc_now(),
                lease_until=utc_now() + timedelta(hours=1),
                lease_token="dead",
                limit=1,
            )
        assert await worker.flush() == 1
        assert worker.adopt() == 1
        assert await worker.flush() == 0

    in_virtual_time(test)


def test_whoever_lost_the_lease_changes_nothing_and_says_so(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        wall = utc_now()
        receiver = Receiver(clock, answers=[200, 500])
        app = receiver.app()

        async def slow_at_first(scope: Any, receive: Any, send: Any) -> None:
            first = not receiver.seen
            await app(scope, receive, send)
            if first:
                await clock.sleep(30)

        client = OutgoingClient()
        client.mount("crm.embedded", slow_at_first)
        push_all(database, clock.now(), "call-000")
        late = worker_for(database, clock, client=client, wall=lambda: wall)
        task = clock.spawn(late.flush(), "late")
        await clock.sleep(1)
        wall += timedelta(minutes=2)
        assert await worker_for(database, clock, client=client, wall=lambda: wall).flush() == 1
        await clock.join(task)
        delivery = the_one(database)
        assert (delivery.state, delivery.last_status, delivery.attempts) == ("pending", 500, 1)
        assert "lease was lost" in caplog.text

    in_virtual_time(test)


def test_flush_tries_everything_once_more_whenever_it_is_due_and_says_how_many_are_left(
    database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, *calls(10))

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[503] * 10)
        worker = worker_for(database, clock, receiver)
        push_all(database, clock.now(), *calls(10))
        assert await worker.flush() == 10
        receiver.answers = [503] * 3
        assert await worker.flush() == 3
        assert len(receiver.seen) == 20
        assert clock.now() == START
        assert await worker.flush(until=clock.now()) == 3  # no time to try

    in_virtual_time(test)


def test_flush_beside_a_running_sender(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(20))

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, down_until=START + timedelta(seconds=100))
        worker = worker_for(database, clock, receiver)
        push_all(database, clock.now(), *calls(20))
        task = clock.spawn(worker.run(), "deliveries")
        await clock.sleep(101)
        assert await worker.flush(until=clock.now() + timedelta(seconds=60)) == 0
        assert clock.now() == START + timedelta(seconds=101)
        await worker.stop()
        await clock.join(task)
        assert states(database)["delivered"] == 20

    in_virtual_time(test)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"headers": {"Authorization": "Bearer secret:NOT_THERE"}}, "there is no secret NOT_THERE"),
        ({"signing_secret": "secret:CRM_TOKEN"}, "not of the form whsec_"),
        ({"url": "sample-crm"}, "neither a URL nor an alias"),
        ({"url": "http://127.0.0.1:1/"}, "internal address"),
    ],
)
def test_what_cannot_be_sent_says_why_and_waits(
    changes: dict[str, Any], complaint: str, database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        push_all(database, clock.now(), "call-000", **changes)
        assert await worker_for(database, clock, receiver).flush() == 1
        assert complaint in the_one(database).last_error
        assert the_one(database).next_attempt_at > clock.now()
        assert receiver.seen == []

    in_virtual_time(test)


def test_a_real_request_keeps_virtual_time_still(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(8))

    async def test(clock: VirtualClock) -> None:
        answer = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        async with serving(answer, keep_open=True) as server, OutgoingClient() as client:
            client.alias("sample-crm", server.url + "api/call-result", internal=True)
            worker = worker_for(database, clock, client=client)
            push_all(database, clock.now(), *calls(8), push=PUSH.model_copy(update={"url": "sample-crm"}))
            task = clock.spawn(worker.run(), "deliveries")
            while states(database)["pending"]:
                await clock.sleep(0.001)
            assert clock.now() - START < timedelta(seconds=1)
            await worker.stop()
            await clock.join(task)
        assert len(server.requests) == 8
        assert all(request.startswith(b"POST /api/call-result ") for request in server.requests)
        assert states(database)["delivered"] == 8

    in_virtual_time(test)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_sender(
    database: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        worker = worker_for(database, clock, receiver)
        away = True

        def sometimes(*arguments: Any) -> dict[str, datetime]:
            if away:
                raise OperationalError("", {}, Exception("away"))
            return next_due(*arguments)

        monkeypatch.setattr(worker_module, "next_due", sometimes)
        push_all(database, clock.now(), "call-000")
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(1)
        away = False
        await clock.sleep(60)
        assert len(receiver.seen) == 1
        assert "deliveries wait" in caplog.text

    in_virtual_time(test)


def test_no_token_key_or_number_is_logged_and_none_is_kept_from_an_answer(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    add_calls(database, "call-000", "call-001")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[500, 200])
        push = PUSH.model_copy(update={"key_mapper": {"phone": "{{call.to_number}}"}})
        push_all(database, clock.now(), "call-000", push=push, signing_secret="secret:SIGNING")
        push_all(database, clock.now(), "call-001", push=push, url="http://127.0.0.1:1/")
        worker = worker_for(database, clock, receiver)
        await worker.flush()
        await worker.flush()
        assert receiver.seen[0][3] == {"phone": NUMBER}  # or there would be nothing to leak
        with database.read() as connection:
            assert count(connection, DeliveryFilter(state="delivered")) == 1
            (delivered,) = list_deliveries(connection, DeliveryFilter(state="delivered"))
            kept = attempts_of(connection, delivered.id)
        assert [a.response for a in kept] == ["thanks Bearer ***", "thanks Bearer ***"]

    in_virtual_time(test)
    assert "delivery" in caplog.text
    for word in (TOKEN, SIGNING, SIGNING.removeprefix("whsec_"), NUMBER, NUMBER[1:]):
        assert word not in caplog.text


def test_attempts_fall_at_moments_that_the_seed_alone_decides(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(5))

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, down_until=START + timedelta(minutes=10))
        rows = push_all(database, clock.now(), *calls(5))
        clock.spawn(worker_for(database, clock, receiver, ids=Ids(42)).run(), "deliveries")
        await clock.sleep(3600)
        for row in rows:
            at, moments = START, [START]
            while at < START + timedelta(minutes=10):
                at += gap(RetryPolicy(), len(moments), Ids(42).stream("delivery gap", row.id, len(moments)).random())
                moments.append(at)
            assert [seen_at for seen_at, _, headers, _ in receiver.seen if headers["webhook-id"] == row.id] == moments

    in_virtual_time(test)


def written_by(worker: DeliveryWorker, database: Database, clock: VirtualClock, *call_ids: str, key: str | None = None) -> int:
    """Write the CRM push of each call as the process does in which it ended. Returns how many were claimed with that."""
    config = BotConfig(name="Bot", post_call_push=PUSH)
    begun = 0
    for call_id in call_ids:
        with database.write() as connection:
            new = deliveries_for(result_of(call_id), config, None, Ids(1), clock.now())
            enqueued = enqueue(connection, new, worker, key)
        worker.begin(enqueued.claimed)
        begun += len(enqueued.claimed)
        if enqueued.waiting:
            worker.wake()
    return begun


def test_what_ends_here_is_claimed_as_it_is_written_within_the_limits(
    database: Database, in_virtual_time: InVirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_calls(database, *calls(10))

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        worker = worker_for(database, clock, receiver)
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(1)
        claims: list[str] = []
        monkeypatch.setattr(worker_module, "claim", lambda *given, **more: claims.append(given[1]) or claim(*given, **more))  # type: ignore[func-returns-value]
        assert written_by(worker, database, clock, *calls(3)) == 3
        await clock.sleep(1)
        assert (states(database)["delivered"], claims) == (3, [])
        assert written_by(worker, database, clock, *calls(10)[3:]) == worker.per_destination, "the others wait for a place"
        await clock.sleep(1)
        assert states(database) == {"pending": 0, "delivered": 10, "dead": 0, "skipped": 0}
        assert set(receiver.ids.values()) == {1}
        assert claims, "and were claimed as ever"

    in_virtual_time(test)


def test_what_it_may_not_or_cannot_send_at_once_is_left_unclaimed(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(3))

    async def test(clock: VirtualClock) -> None:
        worker = worker_for(database, clock, Receiver(clock), takes=lambda key: key == "ours")
        assert written_by(worker, database, clock, "call-000", key="ours") == 0, "nobody sends yet"
        clock.spawn(worker.run(), "deliveries")
        await clock.sleep(1)
        assert written_by(worker, database, clock, "call-001", key="theirs") == 0
        await clock.sleep(1)
        await worker.stop()
        assert written_by(worker, database, clock, "call-002", key="ours") == 0, "it sends no more"
        assert states(database)["pending"] == 1

    in_virtual_time(test)


def test_who_dies_before_it_sends_what_it_claimed_at_birth_leaves_it_to_others_when_the_lease_is_over(
    database: Database, in_virtual_time: InVirtualTime
) -> None:
    add_calls(database, "call-000")
    wall = [utc_now()]

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        dead = worker_for(database, clock, wall=lambda: wall[0])
        clock.spawn(dead.run(), "dead")
        await clock.sleep(1)
        config = BotConfig(name="Bot", post_call_push=PUSH)
        with database.write() as connection:
            assert enqueue(connection, deliveries_for(result_of("call-000"), config, None, Ids(1), clock.now()), dead).claimed
        await dead.stop()
        heir = worker_for(database, clock, receiver, wall=lambda: wall[0])
        clock.spawn(heir.run(), "heir")
        await clock.sleep(600)
        assert receiver.seen == []
        wall[0] += timedelta(seconds=61)
        await clock.sleep(61)
        assert list(receiver.ids.values()) == [1]
        assert states(database)["delivered"] == 1

    in_virtual_time(test)


def test_a_secret_that_was_changed_is_read_again_after_a_refusal(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *calls(2))
    theirs = SecretStore(BOX, {})
    with database.write() as connection:
        theirs.set(connection, "CRM_TOKEN", "old", START)

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        worker = worker_for(database, clock, receiver, secrets=SecretStore(BOX, {}))
        clock.spawn(worker.run(), "deliveries")
        push_all(database, clock.now(), "call-000")
        worker.wake()
        await clock.sleep(1)
        with database.write() as connection:
            theirs.set(connection, "CRM_TOKEN", "new", START)
        receiver.answers = [401]
        push_all(database, clock.now(), "call-001")
        worker.wake()
        await clock.sleep(60)
        assert receiver.seen[-1][2]["authorization"] == "Bearer new"

    in_virtual_time(test)


def test_a_lease_shorter_than_a_request_is_refused(database: Database, in_virtual_time: InVirtualTime) -> None:
    async def test(clock: VirtualClock) -> None:
        with pytest.raises(ValueError, match="lease"):
            worker_for(database, clock, lease=timedelta(seconds=30))

    in_virtual_time(test)


def test_an_address_that_lacks_a_value_is_never_asked_not_even_by_a_replay(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-000")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        push_all(database, clock.now(), "call-000", url="http://crm.embedded/{{crm.nobody}}", destination="crm.embedded:80")
        await worker_for(database, clock, receiver).flush()
        assert receiver.seen == []
        assert "lacks a value of this call" in the_one(database).last_error

    in_virtual_time(test)
