"""The numbers seen so far in a file, with their lines: kept on disk, so that memory use does not grow with the file."""

from __future__ import annotations

import sqlite3

__all__ = ["SeenNumbers"]

_CACHE_KIBIBYTES = 8192


class SeenNumbers:
    """A set of numbers with the line of each, in an anonymous temporary SQLite file that nobody else can open."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}",
            "CREATE TABLE seen (phone TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def first_line(self, phone: str, line: int) -> int | None:
        """The line where `phone` appeared before; None if it is new, in which case `line` is recorded."""
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (phone, line)).rowcount
        if added:
            return None
        return int(self._database.execute("SELECT line FROM seen WHERE phone = ?", (phone,)).fetchone()[0])

    def line_of(self, phone: str) -> int | None:
        """The line of `phone`; None if it was not recorded."""
        found = self._database.execute("SELECT line FROM seen WHERE phone = ?", (phone,)).fetchone()
        return int(found[0]) if found else None

    def close(self) -> None:
        """Forget everything and remove the file."""
        self._database.close()
