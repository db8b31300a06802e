"""A file of numbers into a named suppression list: sorted by the batch, so that memory does not grow and the index is written in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.kernel.database import Database
from core.suppressions import lists
from web.number_list.reader import BadRow, ListOptions, ListSummary, UnusableList, read_list

__all__ = ["BATCH", "Loaded", "load_list", "remove_entries"]

BATCH: Final = 200_000
"""Numbers in memory at a time."""
_AT_ONCE: Final = 20_000
"""Numbers that one transaction adds, so that calls get their turn."""


@dataclass(frozen=True)
class Loaded:
    """What was read, and how many entries are new."""

    summary: ListSummary
    new: int


def load_list(
    db: Database,
    file: Path,
    options: ListOptions,
    name: str,
    now: datetime,
    on_bad: Callable[[BadRow], None],
    *,
    replace: bool = False,
    **facts: Any,
) -> Loaded:
    """Add the numbers of a file to a list, which is made if there is none; or put them in the place of those that it has.

    Args:
        db: the database.
        file: the file.
        options: how to read it.
        name: the list.
        now: the current time.
        on_bad: called with every row that cannot be read.
        replace: the file is the whole list: what is not in it holds no more. Until it has been read, the old list holds.
        facts: `source`, `listed_on`, `expires_at`; None leaves them as they are.

    Raises:
        UnusableList: no row of the file can be used; nothing has changed then.
        OSError: the file cannot be read.
    """
    said = {key: value for key, value in facts.items() if value is not None}
    with db.write() as connection:
        there = lists.find_list(connection, name)
        fresh = there is None or replace
        list_id = lists.new_list(connection, name, now, active=False, **said) if fresh or there is None else there.id
    added = taken = 0
    batch: list[str] = []

    def store() -> None:
        nonlocal added
        batch.sort()
        for start in range(0, len(batch), _AT_ONCE):
            with db.write(long=True) as connection:
                added += lists.add_numbers(connection, list_id, batch[start : start + _AT_ONCE])
        batch.clear()

    def take(number: str) -> None:
        nonlocal taken
        taken += 1
        batch.append(number)
        if len(batch) >= BATCH:
            store()

    try:
        summary = read_list(file, options, take, on_bad)
        if not taken:
            raise UnusableList("No row of the file holds a number.", "Nothing was changed. Check the file, --column and --region.")
        store()
    except BaseException:
        if fresh:
            remove_entries(db, [list_id])
        raise
    with db.write() as connection:
        lists.note_change(connection, list_id, now, added=added, **said)
        old = lists.activate(connection, list_id) if fresh else []
    remove_entries(db, old)
    return Loaded(summary, added)


def remove_entries(db: Database, ids: list[int]) -> None:
    """Delete the entries of lists that hold no more, batch by batch."""
    for list_id in ids:
        more = True
        while more:
            with db.write(long=True) as connection:
                more = lists.delete_entries(connection, list_id, _AT_ONCE) == _AT_ONCE
