"""Asking the database from a thread of its own, for no longer than a bound: a database that hangs must not hang who asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from core.kernel.database import Database

__all__ = ["DatabaseProbe"]

T = TypeVar("T")


class DatabaseProbe(Generic[T]):
    """One question to one database; at most one thread asks it at a time, however often the answer is wanted.

    Args:
        db: the database.
        question: what is asked, in a transaction that only reads.
    """

    def __init__(self, db: Database, question: Callable[[Connection], T]) -> None:
        self._db, self._question = db, question
        self._asked: asyncio.Future[T] | None = None

    async def ask(self, seconds: float) -> T:
        """The answer. Whoever asks while an earlier question is open waits for the answer to that one.

        Args:
            seconds: real seconds to wait for it.

        Raises:
            TimeoutError: no answer came within that time.
            sqlalchemy.exc.SQLAlchemyError: the database refused, or was not there.
        """
        if self._asked is None or self._asked.done():
            self._asked = self._start(asyncio.get_running_loop())
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self._asked)

    def _start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[T]:
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(lambda done: done.exception())  # nobody may be waiting any more

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

        threading.Thread(target=run, name="database probe", daemon=True).start()  # a daemon: one that hangs must not keep the process
        return future
