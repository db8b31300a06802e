"""Work on a lead file in a process of its own, while the event loop goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

__all__ = ["BIG", "ImportProcessDied", "in_process"]

T = TypeVar("T")

BIG: Final = 1_000_000
"""File size in bytes from which a process pays off: starting it takes about a second."""
_ENDING_SECONDS: Final = 5.0
"""Time that a process with a time limit has to end by itself once it has answered, or has not."""

_spawn = multiprocessing.get_context("spawn")


class ImportProcessDied(Exception):
    """The import process ended before it was done. Nothing was imported; import again."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"The process of the import ended before it was done (exit code {code}). Nothing was imported: try again.")


async def in_process(work: Callable[..., T], *arguments: Any, name: str, seconds: float | None = None) -> T:
    """Run `work(*arguments)` in a process of its own. When cancelled, ends the process.

    Args:
        work: a function of a module; it and its arguments, result and errors are passed between the processes.
        arguments: its arguments.
        name: the name of the process.
        seconds: the real time that it has; None: no limit.

    Raises:
        ImportProcessDied: the process ended before it was done, or took too long.
        Exception: whatever `work` raises.
    """
    ours, theirs = _spawn.Pipe(duplex=False)
    process = _spawn.Process(target=_answer_with, args=(theirs, work, arguments), name=name, daemon=True)
    try:
        process.start()
        theirs.close()  # so that its end is seen here
        answer = await asyncio.to_thread(_answer, ours, seconds)
        await asyncio.to_thread(process.join, None if seconds is None else _ENDING_SECONDS)
        code = process.exitcode
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()
        process.close()
    if answer is None:
        raise ImportProcessDied(code)
    done, value = answer
    if not done:
        raise value
    result: T = value
    return result


def _answer(connection: Connection, seconds: float | None) -> tuple[bool, Any] | None:
    """Whether the work was done, and its result or its error; None if the process ends without an answer, or takes too long."""
    try:
        if seconds is not None and not connection.poll(seconds):
            return None
        answer: tuple[bool, Any] = connection.recv()
    except (EOFError, OSError):
        return None
    return answer


def _answer_with(connection: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches this process too: the parent decides what to do
    try:
        connection.send((True, work(*arguments)))
    except Exception as error:
        connection.send((False, error))
