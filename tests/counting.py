"""Counts what reaches a database, at its driver: `core.kernel.statements` goes past the events of SQLAlchemy."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from core.kernel.database import Database

__all__ = ["Count", "counted"]

_BEGINS, _ENDS = ("BEGIN",), ("COMMIT", "ROLLBACK")


class Count:
    """Statements that ran and transactions that began. Each set of parameters of an `executemany` is a statement."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()
        self.transactions = 0

    @property
    def statements(self) -> int:
        """Statements, without BEGIN, COMMIT and ROLLBACK."""
        return self.texts.total()

    def add(self, text: str, times: int = 1) -> None:
        """Note a statement."""
        text = re.sub(r"\s+", " ", text).strip()
        if text.startswith(_BEGINS):
            self.transactions += 1
        elif not text.startswith(_ENDS):
            self.texts[re.sub(r"'[^']*'|\b\d+\b", "?", text)[:70]] += times

    def most(self, calls: int) -> str:
        """The statements that ran most often, and how often in each of so many calls."""
        return "\n".join(f"{times / calls:6.2f}  {text}" for text, times in self.texts.most_common(60))


@contextlib.contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Count]:
    """Count what goes to every database that is opened within the block."""
    count, open_database = Count(), Database.__init__

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            count.add(str(query))
            return super().execute(query, params, **more)

        def executemany(self, query: Any, params_seq: Any, **more: Any) -> None:
            rows: Sequence[Sequence[Any] | Mapping[str, Any]] = list(params_seq)
            count.add(str(query), len(rows))
            super().executemany(query, rows, **more)

    def opened(database: Database, url: str) -> None:
        open_database(database, url)

        @event.listens_for(database.engine, "connect")
        def connected(connection: Any, _: Any) -> None:
            if database.is_postgresql:
                connection.cursor_factory = Cursor
            else:
                connection.set_trace_callback(count.add)

        if database.is_postgresql:  # psycopg begins one by itself, on no cursor

            @event.listens_for(database.engine, "begin")
            def begun(_: Any) -> None:
                count.transactions += 1

    with monkeypatch.context() as patched:
        patched.setattr(Database, "__init__", opened)
        yield count
