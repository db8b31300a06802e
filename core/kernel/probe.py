"""Queries the database from a separate thread with a time limit, so that a hanging database does not hang the caller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from core.kernel.database import Database
from core.kernel.database_health import DatabaseHealth

__all__ = ["DatabaseProbe"]

T = TypeVar("T")


class DatabaseProbe(Generic[T]):
    """One query to one database; at most one thread runs it at a time, however many callers wait for it.

    Args:
        db: the database.
        question: the query, run in a transaction that only reads.
    """

    def __init__(self, db: Database, question: Callable[[Connection], T]) -> None:
        self._db, self._question = db, question
        self._asked: asyncio.Future[T] | None = None

    @property
    def health(self) -> DatabaseHealth:
        """Whether the database answers."""
        return self._db.health

    async def ask(self, seconds: float) -> T:
        """The result. A caller that comes while an earlier query runs waits for the result of that one.

        Args:
            seconds: real seconds to wait for it.

        Raises:
            TimeoutError: no result came within that time.
            sqlalchemy.exc.SQLAlchemyError: the database refused, or could not be reached.
        """
        if self._asked is None or self._asked.done():
            self._asked = self._start(asyncio.get_running_loop())
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self._asked)

    def _start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[T]:
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(lambda done: done.exception())  # nobody may be waiting any longer

        def tell(answer: T | None, error: BaseException | None) -> None:
            if not future.cancelled():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(answer)  # type: ignore[arg-type]

        def run() -> None:
            answer, failure = None, None
            try:
                with self._db.read() as connection:
                    answer = self._question(connection)
            except Exception as error:
                failure = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, answer, failure)

        threading.Thread(target=run, name="database probe", daemon=True).start()  # must not keep the process alive
        return future
