"""Named suppression lists: they hold beside what callees said, end when they say, and are replaced at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.kernel.database import Database
from core.kernel.lines import REAL, SANDBOX
from core.suppressions import lists
from core.suppressions.store import add, is_suppressed
from tests.conftest import START
from web.number_list import ListOptions, UnusableList
from web.number_list.loading import Loaded, load_list

A, B, C, PREMIUM = "+12025550101", "+12025550102", "+442079460003", "+441632960900"


def blocked(db: Database, *numbers: str, after: timedelta = timedelta(0)) -> list[bool]:
    with db.read() as connection:
        return [is_suppressed(connection, number, REAL, START + after) for number in numbers]


def load(db: Database, path: Path, content: str, name: str = "registry", *, replace: bool = False, **facts: object) -> Loaded:
    path.write_text(content)
    return load_list(db, path, ListOptions("US"), name, START, lambda _: None, replace=replace, **facts)


def test_a_number_on_any_list_is_not_dialled(database: Database) -> None:
    with database.write() as connection:
        first = lists.new_list(connection, "registry", START, source="the registry", listed_on="2026-03-01")
        assert lists.add_numbers(connection, first, [A, A, B]) == 2
        assert lists.add_numbers(connection, first, [B]) == 0
        add(connection, C, reason="asked", source="callee", now=START)
        assert is_suppressed(connection, A, SANDBOX, START)
        assert [one.name for one in lists.lists_with(connection, A, START)] == ["registry"]
    assert blocked(database, A, B, C, PREMIUM) == [True, True, True, False]


def test_a_prefix_covers_every_number_that_begins_so(database: Database) -> None:
    with database.write() as connection:
        lists.add_numbers(connection, lists.new_list(connection, "own", START), ["+441632*"])
    assert blocked(database, PREMIUM, C, A) == [True, False, False]


def test_a_list_ends(database: Database) -> None:
    with database.write() as connection:
        lists.add_numbers(connection, lists.new_list(connection, "may", START, expires_at=START + timedelta(days=1)), [A])
    assert blocked(database, A) == [True]
    assert blocked(database, A, after=timedelta(days=1)) == [False]


def test_a_file_is_added_or_takes_the_place_of_the_list(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    assert load(database, file, "phone\n202-555-0101\n202-555-0102\n", source="the registry").new == 2
    assert load(database, file, "phone\n2025550102\n").new == 0
    assert blocked(database, A, B) == [True, True]
    with database.read() as connection:
        (found,) = lists.lists(connection)
        assert (found.source, found.entries) == ("the registry", 2)
        assert lists.entries_of(connection, found.id) == [A, B]
    assert load(database, file, "phone\n+12025550101\n", replace=True).new == 1
    assert blocked(database, A, B) == [True, False]
    with database.write() as connection:
        (found,) = lists.lists(connection)
        assert found.entries == 1
        ids = lists.remove_list(connection, "registry")
        assert ids == [found.id]
        assert lists.delete_entries(connection, found.id) == 1
        assert lists.lists(connection) == []
    assert blocked(database, A) == [False]


def test_a_file_that_cannot_be_used_leaves_the_list_as_it_was(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    load(database, file, "phone\n202-555-0101\n")
    with pytest.raises(UnusableList):
        load(database, file, "nothing\nin\nhere\n", replace=True)
    assert blocked(database, A) == [True]
    with database.read() as connection:
        assert len(lists.lists(connection)) == 1
