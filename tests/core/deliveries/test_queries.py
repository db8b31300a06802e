"""Deliveries for people."""

from __future__ import annotations

from datetime import timedelta

from core.deliveries.claims import record
from core.deliveries.queries import DeliveryFilter, attempts_of, count, count_by_state, list_deliveries, replay, replay_dead
from core.kernel.backoff import Dead, Delivered
from core.kernel.database import Database
from tests.conftest import START
from tests.core.deliveries.support import add_calls, push_all
from tests.core.deliveries.test_claims import FAILED, OK, take

LATER = START + timedelta(days=10)


def prepare(database: Database) -> tuple[str, str, str]:
    """A delivered one, a dead one, a pending one: oldest first."""
    add_calls(database, "a", "b", "c")
    for minutes, call_id in enumerate("abc"):
        push_all(database, START + timedelta(minutes=minutes), call_id)
    first, second = take(database, due_by=START + timedelta(minutes=1))
    with database.write() as connection:
        record(connection, first, OK, Delivered())
        record(connection, second, FAILED, Dead("it was tried until its time was up"))
        ids = [d.id for d in list_deliveries(connection, DeliveryFilter())]
    return ids[2], ids[1], ids[0]


def test_list_and_count(database: Database) -> None:
    delivered, dead, pending = prepare(database)
    with database.read() as connection:
        newest = list_deliveries(connection, DeliveryFilter(), limit=2)
        assert [d.id for d in newest] == [pending, dead]
        assert [d.id for d in list_deliveries(connection, DeliveryFilter(), before=(newest[-1].created_at, newest[-1].id))] == [delivered]
        assert [d.id for d in list_deliveries(connection, DeliveryFilter(call_id="b", state="dead", kind="crm_push"))] == [dead]
        assert count_by_state(connection, DeliveryFilter()) == {"pending": 1, "delivered": 1, "dead": 1, "skipped": 0}
        assert count(connection, DeliveryFilter(bot_id="bot")) == 3
        assert count(connection, DeliveryFilter(bots=())) == 0
        (shown,) = list_deliveries(connection, DeliveryFilter(state="dead"))
        assert (shown.last_status, shown.attempts) == (503, 1)
        assert shown.last_error == "it was tried until its time was up; the receiver answered with status 503"
        assert [(a.status, a.response) for a in attempts_of(connection, delivered)] == [(200, "thanks")]


def test_only_dead_ones_are_replayed_with_all_their_time_before_them(database: Database) -> None:
    delivered, dead, pending = prepare(database)
    with database.write() as connection:
        assert replay(connection, [delivered, dead, pending, "none"], LATER) == 1
        (again,) = list_deliveries(connection, DeliveryFilter(call_id="b"))
        assert (again.state, again.attempts, again.next_attempt_at) == ("pending", 0, LATER)
        assert again.expires_at == LATER + timedelta(days=3)
        assert len(attempts_of(connection, dead)) == 1  # what happened stays on record
        assert replay(connection, [], LATER) == 0


def test_all_dead_ones_are_replayed_by_filter(database: Database) -> None:
    prepare(database)
    with database.write() as connection:
        assert replay_dead(connection, DeliveryFilter(bot_id="other"), LATER) == 0
        assert replay_dead(connection, DeliveryFilter(), LATER) == 1
        assert replay_dead(connection, DeliveryFilter(), LATER) == 0
