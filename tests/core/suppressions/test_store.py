"""The suppression list."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from core.kernel.database import Database
from core.kernel.lines import ALL, REAL, SANDBOX
from core.suppressions.store import add, count, is_suppressed, list_suppressions, many, read, remove
from tests.conftest import START

A, B, C = "+12025550101", "+12025550102", "+442079460003"


def test_adding_twice_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        assert add(connection, A, reason="asked", source="callee", now=START)
        assert not add(connection, A, reason="again", source="operator", now=START + timedelta(days=1))
        assert is_suppressed(connection, A, REAL)
        assert not is_suppressed(connection, B, REAL)
        assert [(s.reason, s.created_at) for s in list_suppressions(connection)] == [("asked", START)]


def test_a_removed_number_may_be_dialled_again(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, reason="", source="operator", now=START)
        assert remove(connection, A)
        assert not remove(connection, A)
        assert not is_suppressed(connection, A, REAL)


def test_many_numbers_are_asked_for_at_once(database: Database) -> None:
    with database.write() as connection:
        for number in (A, C):
            add(connection, number, reason="", source="import", now=START)
        fill = [f"+999{i:08}" for i in range(12_000)]
        assert many(connection, [*fill, A, B, C], REAL) == {A, C}
        assert many(connection, [], REAL) == set()
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
        assert [s.number for s in list_suppressions(connection, before=(first[-1].created_at, first[-1].number, first[-1].lines))] == [A]


def test_a_number_does_not_stand_in_a_repr(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, reason="", source="operator", now=START)
        assert A not in repr(list_suppressions(connection))


@pytest.mark.parametrize(
    ("learned", "on_sandbox", "on_real"), [(SANDBOX, True, False), (REAL, True, True), (ALL, True, True)], ids=[SANDBOX, REAL, ALL]
)
def test_what_the_sandbox_taught_holds_on_the_sandbox_alone(
    database: Database, learned: Literal["sandbox", "real", "all"], on_sandbox: bool, on_real: bool
) -> None:
    with database.write() as connection:
        assert add(connection, A, reason="", source="callee", now=START, lines=learned)
        assert is_suppressed(connection, A, SANDBOX) is on_sandbox
        assert is_suppressed(connection, A, REAL) is on_real
        assert many(connection, [A, B], SANDBOX) == ({A} if on_sandbox else set())
        assert many(connection, [A, B], REAL) == ({A} if on_real else set())


def test_an_entry_of_the_sandbox_is_in_nobodys_way(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, reason="rehearsed", source="callee", now=START, call_id="c1", lines=SANDBOX)
        assert add(connection, A, reason="asked", source="callee", now=START, call_id="c2", lines=REAL)
        assert is_suppressed(connection, A, REAL)
        assert not add(connection, A, reason="wrote", source="operator", now=START), "it holds everywhere already"
        assert not add(connection, A, reason="again", source="callee", now=START, lines=SANDBOX)
        found = read(connection, A)
        assert found is not None
        assert (found.lines, found.reason, found.call_id) == (REAL, "asked", "c2")
        assert [s.lines for s in list_suppressions(connection)] == [SANDBOX, REAL]
        assert [s.lines for s in list_suppressions(connection, lines=REAL)] == [REAL]
        assert (count(connection), count(connection, SANDBOX)) == (2, 1)
        assert remove(connection, A)
        assert not is_suppressed(connection, A, SANDBOX), "lifted on all lines"


def test_two_entries_of_one_number_are_paged_apart(database: Database) -> None:
    with database.write() as connection:
        for lines in (SANDBOX, REAL):
            add(connection, A, reason="", source="callee", now=START, lines=lines)
        seen, before = [], None
        while page := list_suppressions(connection, limit=1, before=before):
            before = (page[0].created_at, page[0].number, page[0].lines)
            seen.append(page[0].lines)
        assert seen == [SANDBOX, REAL]
