"""Claims: leases, fences, several senders at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import text

from core.deliveries.claims import Attempt, Claimed, bring_forward, claim, next_due, record, release_every_lease
from core.deliveries.queries import attempts_of
from core.kernel.backoff import Dead, Delivered, Retry
from core.kernel.database import Database
from tests.conftest import START
from tests.core.deliveries.support import add_calls, push_all

WALL = START + timedelta(days=400)  # leases know nothing of the clock
CRM = "crm.embedded:80"
OK = Attempt(at=START, status=200, latency_ms=1.5, response="thanks")
FAILED = Attempt(at=START, status=503, latency_ms=1.5, error="the receiver answered with status 503")


def take(
    database: Database, *, token: str = "t", wall: datetime = WALL, due_by: datetime = START, limit: int = 10, destination: str = CRM
) -> list[Claimed]:
    with database.write() as connection:
        return claim(
            connection,
            destination,
            due_by=due_by,
            wall_now=wall,
            lease_until=wall + timedelta(seconds=60),
            lease_token=token,
            limit=limit,
        )


def calls(number: int) -> list[str]:
    return [f"call-{i:03}" for i in range(number)]


def test_what_is_claimed_is_claimed_once_longest_due_first(database: Database) -> None:
    add_calls(database, *calls(5))
    for minutes, call_id in enumerate(reversed(calls(5))):
        push_all(database, START - timedelta(minutes=minutes), call_id)
    first, second, third = (take(database, limit=2) for _ in range(3))
    assert [c.call_id for c in first + second + third] == calls(5)
    assert take(database) == []


def test_what_is_not_due_and_what_goes_elsewhere_is_left_alone(database: Database) -> None:
    add_calls(database, *calls(2))
    push_all(database, START + timedelta(seconds=1), "call-000")
    push_all(database, START, "call-001", url="http://other.embedded/")
    assert take(database) == []
    assert [c.call_id for c in take(database, destination="other.embedded:80")] == ["call-001"]
    assert [c.call_id for c in take(database, due_by=START + timedelta(seconds=1))] == ["call-000"]


def test_a_dead_senders_claim_is_retaken_when_its_lease_has_run_out_and_it_can_record_no_more(database: Database) -> None:
    add_calls(database, "call-000")
    push_all(database, START, "call-000")
    (dead,) = take(database, token="dead")
    assert take(database, wall=WALL + timedelta(seconds=59)) == []
    (heir,) = take(database, token="heir", wall=WALL + timedelta(seconds=60))
    assert heir.id == dead.id
    with database.write() as connection:
        assert not record(connection, dead, OK, Delivered())
        assert attempts_of(connection, dead.id) == []
        assert record(connection, heir, FAILED, Retry(START + timedelta(seconds=10)))
        assert not record(connection, heir, OK, Delivered())
        assert [(a.status, a.error) for a in attempts_of(connection, dead.id)] == [(503, FAILED.error)]


def test_what_was_delivered_or_is_dead_is_never_claimed_again(database: Database) -> None:
    add_calls(database, *calls(2))
    push_all(database, START, *calls(2))
    delivered, dead = take(database)
    with database.write() as connection:
        assert record(connection, delivered, OK, Delivered())
        assert record(connection, dead, FAILED, Dead("given up"))
        bring_forward(connection, START, WALL)
        assert release_every_lease(connection) == 0
        assert next_due(connection, WALL + timedelta(days=1)) == {}
    assert take(database, wall=WALL + timedelta(days=1), due_by=START + timedelta(days=30)) == []


def test_next_due_names_the_first_free_one_of_each_destination(database: Database) -> None:
    add_calls(database, *calls(4))
    push_all(database, START, "call-000")
    push_all(database, START + timedelta(minutes=1), "call-001")
    push_all(database, START + timedelta(minutes=3), "call-002", url="http://b.embedded/")
    push_all(database, START + timedelta(minutes=2), "call-003", url="http://b.embedded/")
    with database.read() as connection:
        assert next_due(connection, WALL) == {CRM: START, "b.embedded:80": START + timedelta(minutes=2)}
    take(database)
    with database.read() as connection:
        assert next_due(connection, WALL) == {CRM: START + timedelta(minutes=1), "b.embedded:80": START + timedelta(minutes=2)}
        assert next_due(connection, WALL + timedelta(minutes=2))[CRM] == START


def test_released_leases_are_free_at_once(database: Database) -> None:
    add_calls(database, "call-000")
    push_all(database, START, "call-000")
    take(database)
    with database.write() as connection:
        assert release_every_lease(connection) == 1
    assert len(take(database)) == 1


def test_several_senders_share_the_work_without_overlap(database: Database) -> None:
    add_calls(database, *calls(60))
    push_all(database, START, *calls(60))

    def drain(sender: int) -> list[str]:
        other = Database(database.url)
        got: list[str] = []
        while batch := take(other, token=f"sender {sender}", limit=3):
            got += [c.id for c in batch]
        other.close()
        return got

    with ThreadPoolExecutor(4) as pool:
        everything = [delivery for got in pool.map(drain, range(4)) for delivery in got]
    # a sender may leave early while another holds the last rows; nothing is taken twice and nothing is out of reach
    assert len(everything) == len(set(everything)) == 60


def test_a_claim_reads_the_index_and_not_the_table(database: Database) -> None:
    if database.is_postgresql:  # it plans by table statistics; the partial index is the same
        return
    with database.read() as connection:
        plan = str(
            connection.execute(
                text(
                    "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE state = 'pending' AND destination = 'x'"
                    " AND next_attempt_at <= '2026' AND (lease_until IS NULL OR lease_until <= '2026') ORDER BY next_attempt_at, id LIMIT 4"
                )
            ).all()
        )
    assert "deliveries_due" in plan
    assert "TEMP B-TREE" not in plan
