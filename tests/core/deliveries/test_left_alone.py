"""What a process may not send is left alone, in a sender that was told to; and what the log says of endpoints."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.deliveries.claims import claim
from core.deliveries.queries import DeliveryFilter, attempts_of, list_deliveries
from core.kernel.backoff import RetryPolicy
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from core.outgoing.client import OutgoingClient
from core.outgoing.guard import AllowList
from tests.core.deliveries.support import PUSH, Receiver, add_calls, push_all, worker_for

InVirtualTime = Callable[..., Any]


def spent(database: Database) -> list[tuple[str, int, int]]:
    """The state of each delivery, its tries since it was made, and all that ever were."""
    with database.read() as connection:
        found = list_deliveries(connection, DeliveryFilter())
        return sorted((one.state, one.attempts, len(attempts_of(connection, one.id))) for one in found)


@pytest.mark.parametrize(
    ("url", "headers", "why"),
    [
        ("http://127.0.0.1:9/x", {}, "internal address"),
        ("http://[::1]:9/x", {}, "internal address"),
        ("http://localhost:9/x", {}, "internal address"),
        ("other-crm", {}, "neither a URL nor an alias"),
        (PUSH.url, {"Authorization": "Bearer secret:NOT_HERE"}, "no secret NOT_HERE"),
    ],
)
def test_it_is_put_back_with_no_try_counted(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture, url: str, headers: dict[str, str], why: str
) -> None:
    add_calls(database, "a", "b", "c", "d", "e", "f")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        push_all(database, clock.now(), "a", "b", "c", "d", "e", url=url, headers=headers)
        push_all(database, clock.now(), "f")
        worker = worker_for(database, clock, receiver, leave_alone=True)
        task = clock.spawn(worker.run(), "deliveries")
        for _ in range(3):
            assert await worker.flush() == 5
        ((reason, number),) = worker.left_alone().items()
        assert why in reason
        assert number == 5
        assert spent(database) == [("delivered", 1, 1), *[("pending", 0, 0)] * 5]
        await clock.sleep(3600)
        assert spent(database) == [("delivered", 1, 1), *[("pending", 0, 0)] * 5]
        await worker.stop()
        await clock.join(task)
        # who may send them does, at once
        client = OutgoingClient(AllowList.parse("127.0.0.1:9,[::1]:9,localhost:9"))
        client.alias("other-crm", "http://crm.embedded/x")
        client.mount("127.0.0.1", receiver.app())
        client.mount("::1", receiver.app())
        client.mount("localhost", receiver.app())
        allowed = worker_for(database, clock, receiver, client)
        allowed._secrets._environ = {"CRM_TOKEN": "x", "NOT_HERE": "y"}
        assert await allowed.flush() == 0
        assert len(receiver.seen) == 6

    with caplog.at_level(logging.WARNING):
        in_virtual_time(test)
    assert caplog.text == ""


def test_in_a_sender_that_is_responsible_it_is_a_failed_try(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "a")

    async def test(clock: VirtualClock) -> None:
        push_all(database, clock.now(), "a", url="http://127.0.0.1:9/x")
        assert await worker_for(database, clock).flush() == 1
        assert spent(database) == [("pending", 1, 1)]

    in_virtual_time(test)


def test_what_another_process_holds_is_left_alone_and_counted(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "a", "b")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock)
        push_all(database, clock.now(), "a", "b")
        wall = utc_now()
        with database.write() as connection:
            until = wall + timedelta(minutes=1)
            assert claim(connection, "crm.embedded:80", due_by=clock.now(), wall_now=wall, lease_until=until, lease_token="theirs", limit=1)
        worker = worker_for(database, clock, receiver, leave_alone=True, wall=lambda: wall)
        assert await worker.flush() == 1
        assert worker.left_alone() == {"another process is sending it just now": 1}
        assert spent(database) == [("delivered", 1, 1), ("pending", 0, 0)]

    in_virtual_time(test)


def test_a_crm_that_fails_and_recovers_is_two_warnings_whatever_the_number_of_pushes(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"call-{n}" for n in range(30)]
    add_calls(database, *names)

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, down_until=clock.now() + timedelta(minutes=30))
        push_all(database, clock.now(), *names)
        task = clock.spawn((worker := worker_for(database, clock, receiver)).run(), "deliveries")
        await clock.sleep(7200)
        assert {state for state, *_ in spent(database)} == {"delivered"}
        await worker.stop()
        await clock.join(task)

    with caplog.at_level(logging.WARNING):
        in_virtual_time(test)
    fails, works = (record.getMessage() for record in caplog.records)
    assert fails.startswith("pushes to crm.embedded:80 fail: it answered with status 503")
    assert works.startswith("pushes to crm.embedded:80 work again, after ")


@pytest.mark.parametrize(("answer", "fails"), [(410, "status 410"), (422, "status 422"), (500, "status 500")])
def test_pushes_that_are_given_up_are_one_warning(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture, answer: int, fails: str
) -> None:
    add_calls(database, "a", "b", "c")

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[answer] * 1000)
        push_all(database, clock.now(), "a", "b", "c")
        policy = RetryPolicy(max_age=timedelta(days=1))
        task = clock.spawn((worker := worker_for(database, clock, receiver, policy=policy)).run(), "deliveries")
        await clock.sleep(5 * 86_400)
        assert {state for state, *_ in spent(database)} == {"dead"}
        await worker.stop()
        await clock.join(task)

    with caplog.at_level(logging.WARNING):
        in_virtual_time(test)
    first, second = (record.getMessage() for record in caplog.records)
    assert fails in first
    assert "one was given up" in second
