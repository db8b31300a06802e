"""Numbers of trunks: many at once, found by trunk and by number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event

from core.kernel.database import Database
from core.kernel.yaml_document import YamlDocument
from core.trunks.documents import apply_trunks
from core.trunks.errors import BadNumbers, TrunkConflict, UnknownTrunk
from core.trunks.numbers import add_number, add_numbers, change_number, change_numbers, put_number, remove_number
from core.trunks.reading import NumberRecord, all_trunks, find_number, find_trunk
from core.trunks.records import add_trunk, remove_trunk

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
MANY = 10_000
FIRST, SECOND, THIRD = "+12025550101", "+12025550102", "+12025550103"


def some(count: int) -> list[NumberRecord]:
    """Numbers of one length and region."""
    return [NumberRecord(f"+1202{2_000_000 + place}") for place in range(count)]


def a_trunk(connection: Connection, name: str, numbers: list[NumberRecord] | None = None) -> None:
    add_trunk(connection, name, transport="sip", channels=5, calls_per_second=2, numbers=numbers or [], sip={"host": "h.example"}, now=NOW)


@pytest.fixture
def counted(database: Database) -> Callable[[], object]:
    """Counts the statements of a block, and the parameter sets that the largest of them had."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return counting


def test_ten_thousand_numbers_are_one_insert(database: Database, counted: Callable[[], object]) -> None:
    with database.write() as connection, counted() as statements:  # type: ignore[attr-defined]
        a_trunk(connection, "north", some(MANY))
    inserts = [statement for statement in statements if statement.startswith("INSERT INTO caller_ids")]
    assert len(inserts) == 1
    assert len(statements) < 20
    with database.read() as connection, counted() as statements:  # type: ignore[attr-defined]
        assert len(find_trunk(connection, "north").numbers) == MANY
        assert find_number(connection, "north", "+12022009999").number == "+12022009999"
    assert len(statements) == 3


def test_a_trunk_is_read_without_the_numbers_of_others(database: Database) -> None:
    with database.write() as connection:
        a_trunk(connection, "north", some(3))
        a_trunk(connection, "south", [NumberRecord(FIRST)])
        assert find_trunk(connection, "south") == all_trunks(connection)[1]
        assert [one.number for one in find_trunk(connection, "south").numbers] == [FIRST]


def test_every_number_that_is_taken_is_named(database: Database) -> None:
    with database.write() as connection:
        a_trunk(connection, "north", [NumberRecord(FIRST), NumberRecord(SECOND)])
        a_trunk(connection, "south", [NumberRecord(THIRD)])
        with pytest.raises(TrunkConflict) as caught:
            add_numbers(connection, "south", [*map(NumberRecord, (SECOND, FIRST, THIRD, "+12025550104", "+1 202 555 0104"))])
        assert str(caught.value) == (
            "+12025550104 is given more than once. "
            f"{FIRST}, {SECOND} are on the trunk 'north', so they cannot be on 'south': a number belongs to one trunk. "
            f"{THIRD} is on the trunk 'south' already."
        )
        with pytest.raises(TrunkConflict, match=r"^\+12025550101 is on the trunk 'north', so it cannot be on 'south': a number belongs"):
            add_number(connection, "south", NumberRecord(FIRST))
        assert [one.number for one in find_trunk(connection, "south").numbers] == [THIRD]


def test_every_number_that_is_none_is_named(database: Database) -> None:
    with database.write() as connection:
        a_trunk(connection, "north", [NumberRecord(FIRST)])
        wrong = [NumberRecord("12345"), NumberRecord(FIRST), NumberRecord("none", "nobody"), NumberRecord(SECOND, "nobody")]
        with pytest.raises(BadNumbers) as caught:
            add_numbers(connection, "north", wrong)
        fields = [field for field, _ in caught.value.problems]
        assert fields == ["number", "number", "bot_id", "number"]
        told = [detail for _, detail in caught.value.problems]
        assert told[0].startswith("'12345': it has no country code")
        assert told[1].startswith("'none': there is no number in it")
        assert told[2].startswith("there is no bot 'nobody'.")
        assert told[3] == f"{FIRST} is on the trunk 'north' already"


def test_numbers_change_together_or_not_at_all(database: Database, counted: Callable[[], object]) -> None:
    with database.write() as connection:
        a_trunk(connection, "north", some(200))
        with counted() as statements:  # type: ignore[attr-defined]
            change_numbers(connection, "north", [NumberRecord(one.number, None, "cold") for one in some(200)])
        assert len(statements) == 3
        assert {one.label for one in find_trunk(connection, "north").numbers} == {"cold"}
        with pytest.raises(UnknownTrunk, match=rf"^\{FIRST}, \{SECOND} are not numbers of the trunk 'north'"):
            change_numbers(connection, "north", [NumberRecord(some(1)[0].number), NumberRecord(FIRST), NumberRecord(SECOND)])
        with pytest.raises(BadNumbers, match="there is no bot 'nobody'"):
            change_number(connection, "north", NumberRecord(some(1)[0].number, "nobody"))
        with pytest.raises(UnknownTrunk, match=r"There is no trunk 'nort'\. Did you mean 'north'"):
            change_number(connection, "nort", some(1)[0])


def test_a_number_that_is_put_again_keeps_what_is_left_out(database: Database) -> None:
    with database.write() as connection:
        a_trunk(connection, "north", [NumberRecord(FIRST)])
        assert put_number(connection, "north", SECOND, label="second", shown=True) == (NumberRecord(SECOND, None, "second"), True)
        assert find_trunk(connection, "north").default_number == SECOND
        assert put_number(connection, "north", SECOND) == (NumberRecord(SECOND, None, "second"), False)
        with pytest.raises(TrunkConflict, match="default number of its trunk"):
            remove_number(connection, "north", SECOND)
        remove_number(connection, "north", FIRST)
        remove_number(connection, "north", SECOND)
        assert find_trunk(connection, "north").default_number is None
        remove_trunk(connection, "north")
        with pytest.raises(UnknownTrunk, match="There is none yet"):
            find_number(connection, "north", FIRST)


def test_a_file_with_many_numbers_is_applied_twice_in_few_statements(database: Database, counted: Callable[[], object]) -> None:
    entry = {"name": "north", "host": "h.example", "numbers": [one.number for one in some(500)]}
    for times in range(2):
        with database.write() as connection, counted() as statements:  # type: ignore[attr-defined]
            apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [entry]}), NOW)
        assert len(statements) < 20, times
    with database.read() as connection:
        assert len(find_trunk(connection, "north").numbers) == 500
