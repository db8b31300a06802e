"""The journal: many entries, one transaction; what the database does not take stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from core.kernel.database import Database
from core.kernel.journal import Journal
from core.kernel.virtual_clock import VirtualClock

InVirtualTime = Callable[..., Any]


class Notes:
    """A writer that remembers what it was given, in how many transactions, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.written: list[list[str]] = []
        self.committed = 0
        self.failures = failures

    def __call__(self, connection: Connection, entries: Sequence[str]) -> Callable[[], None]:
        assert connection.in_transaction()
        if self.failures:
            self.failures -= 1
            raise OperationalError("SELECT 1", {}, Exception("locked"))
        self.written.append(list(entries))

        def after() -> None:
            self.committed += 1

        return after


def test_entries_of_one_second_are_written_together_in_order(database: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        journal, notes = Journal(database, clock), Notes()
        journal.add(notes, "1", "first")
        await clock.sleep(0.9)
        journal.add(notes, "2", "second")
        assert (notes.written, journal.find(notes, "1")) == ([], "first")
        await clock.sleep(0.2)
        assert (notes.written, notes.committed, journal.find(notes, "1")) == ([["first", "second"]], 1, None)
        journal.add(notes, "3", "third")
        await clock.sleep(1.1)
        assert notes.written[1:] == [["third"]]

    in_virtual_time(scene)


def test_what_was_dropped_is_not_written(database: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        journal, notes = Journal(database, clock), Notes()
        journal.add(notes, "1", "first")
        journal.add(notes, "2", "second")
        journal.drop(notes, "1")
        journal.flush()
        journal.flush()
        assert notes.written == [["second"]]

    in_virtual_time(scene)


def test_what_the_database_does_not_take_is_tried_again(
    database: Database, in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(clock: VirtualClock) -> None:
        journal, notes = Journal(database, clock), Notes(failures=3)
        journal.add(notes, "1", "first")
        await clock.sleep(1.5)
        journal.add(notes, "2", "second")
        await clock.sleep(60)
        assert notes.written == [["first", "second"]]
        notes.failures = 1
        journal.add(notes, "3", "third")
        with pytest.raises(OperationalError):
            journal.flush()
        assert journal.find(notes, "3") == "third"

    in_virtual_time(scene)
    assert caplog.text.count("the database did not answer") == 1


def test_the_end_writes_what_is_left(database: Database, in_virtual_time: InVirtualTime) -> None:
    async def scene(clock: VirtualClock) -> None:
        journal, notes = Journal(database, clock), Notes()
        journal.add(notes, "1", "first")
        await journal.close()
        assert notes.written == [["first"]]

    in_virtual_time(scene)
