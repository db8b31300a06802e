"""A receiver that answers 410 gets no more, until somebody replays a push to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.deliveries.closed import WHY
from core.deliveries.queries import DeliveryFilter, count_by_state, list_deliveries, replay, replay_dead
from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from tests.core.deliveries.support import PUSH, Receiver, add_calls, push_all, worker_for

InVirtualTime = Callable[..., Any]
_FIRST, _LATER = ("call-1", "call-2", "call-3"), ("call-4", "call-5")


def test_410_closes_the_url_for_what_waits_and_for_what_comes(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *_FIRST, *_LATER)
    elsewhere = PUSH.model_copy(update={"url": "http://crm.embedded/elsewhere"})

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[410])
        worker = worker_for(database, clock, receiver, per_destination=1)
        task = clock.spawn(worker.run(), "deliveries")
        push_all(database, clock.now(), *_FIRST)
        worker.wake()
        await clock.sleep(1)
        assert len(receiver.seen) == 1
        assert _states(database) == {"pending": 0, "delivered": 0, "dead": 3, "skipped": 0}

        push_all(database, clock.now(), "call-4")
        push_all(database, clock.now(), "call-5", push=elsewhere)
        worker.wake()
        await clock.sleep(3600)
        assert [path for _, path, _, _ in receiver.seen] == ["push", "elsewhere"]
        with database.read() as connection:
            errors = [row.last_error for row in list_deliveries(connection, DeliveryFilter(state="dead"))]
        assert sorted(error == WHY for error in errors) == [False, True, True, True]

        with database.write() as connection:
            assert replay_dead(connection, DeliveryFilter(), clock.now()) == 4
        worker.wake()
        await clock.sleep(1)
        assert _states(database) == {"pending": 0, "delivered": 5, "dead": 0, "skipped": 0}
        await worker.stop()
        await clock.join(task)

    in_virtual_time(test)


def test_one_replay_opens_the_url_and_another_410_closes_it_anew(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, *_FIRST)

    async def test(clock: VirtualClock) -> None:
        receiver = Receiver(clock, answers=[410, 410])
        worker = worker_for(database, clock, receiver)
        task = clock.spawn(worker.run(), "deliveries")
        (first,) = push_all(database, clock.now(), "call-1")
        worker.wake()
        await clock.sleep(1)
        for call_id in _FIRST[1:]:
            with database.write() as connection:
                assert replay(connection, [first.id], clock.now()) == 1
            worker.wake()
            await clock.sleep(1)
            push_all(database, clock.now(), call_id)
            worker.wake()
            await clock.sleep(1)
        assert _states(database) == {"pending": 0, "delivered": 2, "dead": 1, "skipped": 0}
        assert len(receiver.seen) == 4
        await worker.stop()
        await clock.join(task)

    in_virtual_time(test)


def _states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return count_by_state(connection, DeliveryFilter())
