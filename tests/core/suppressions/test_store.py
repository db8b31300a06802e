"""The suppression list."""

from __future__ import annotations

from datetime import timedelta

from core.kernel.database import Database
from core.suppressions.store import add, count, is_suppressed, list_suppressions, many, remove
from tests.conftest import START

A, B, C = "+12025550101", "+12025550102", "+442079460003"


def test_adding_twice_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        assert add(connection, A, reason="asked", source="callee", now=START)
        assert not add(connection, A, reason="again", source="operator", now=START + timedelta(days=1))
        assert is_suppressed(connection, A)
        assert not is_suppressed(connection, B)
        assert [(s.reason, s.created_at) for s in list_suppressions(connection)] == [("asked", START)]


def test_a_removed_number_may_be_dialled_again(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, reason="", source="operator", now=START)
        assert remove(connection, A)
        assert not remove(connection, A)
        assert not is_suppressed(connection, A)


def test_many_numbers_are_asked_for_at_once(database: Database) -> None:
    with database.write() as connection:
        for number in (A, C):
            add(connection, number, reason="", source="import", now=START)
        fill = [f"+999{i:08}" for i in range(12_000)]
        assert many(connection, [*fill, A, B, C]) == {A, C}
        assert many(connection, []) == set()
        assert count(connection) == 2


def test_list_is_newest_first_searched_and_paged(database: Database) -> None:
    with database.write() as connection:
        for minutes, (number, reason) in enumerate([(A, "Asked in a call"), (B, "100% wrong"), (C, "asked by mail")]):
            add(connection, number, reason=reason, source="operator", now=START + timedelta(minutes=minutes))
        assert [s.number for s in list_suppressions(connection)] == [C, B, A]
        assert [s.number for s in list_suppressions(connection, search="asked")] == [C, A]
        assert [s.number for s in list_suppressions(connection, search="20794")] == [C]
        assert [s.number for s in list_suppressions(connection, search="%")] == [B]
        first = list_suppressions(connection, limit=2)
        assert [s.number for s in list_suppressions(connection, before=(first[-1].created_at, first[-1].number))] == [A]


def test_a_number_does_not_stand_in_a_repr(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, reason="", source="operator", now=START)
        assert A not in repr(list_suppressions(connection))
