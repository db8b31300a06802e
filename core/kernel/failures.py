"""Logs exceptions without the values in them.

The message of an exception may contain data that must not be logged: PostgreSQL's DETAIL lines quote the row (phone number, variables), a
validation error quotes the input, a parser the text. So the log gets only what is needed to find the fault: types, places, and codes of the
database or the system, of the exception and of its causes.

Every logged failure goes through `without_values`; a test forbids `log.exception` and `exc_info=`. `LogFormatter` covers what libraries log
with their exceptions.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Iterator
from types import TracebackType

__all__ = ["LogFormatter", "without_numbers", "without_values"]


def without_numbers(text: str) -> str:
    """Text of a carrier's own for the log: what may be a phone number in it, five digits or more in a row, is masked."""
    return re.sub(r"\+?\d{5,}", "(number)", text)


def without_values(error: BaseException) -> str:
    """The types, codes and places of an exception and of its causes, over several lines, without their messages."""
    return "caused by ".join(f"{_kind_of(one)} at\n{''.join(traceback.format_tb(one.__traceback__))}" for one in _chain(error)).rstrip()


def _kind_of(error: BaseException) -> str:
    """The type of an exception and its code, if it has one: from PostgreSQL (SQLSTATE), SQLite or the system."""
    code = ""
    if sqlstate := getattr(error, "sqlstate", None):
        code = f" (SQLSTATE {sqlstate})"
    elif name := getattr(error, "sqlite_errorname", None):
        code = f" ({name})"
    elif isinstance(error, OSError) and error.errno is not None:
        code = f" ({os.strerror(error.errno)})"
    return f"{type(error).__name__}{code}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, its causes, and the members of a group; each once."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is not None:
            waiting.append(cause)


class LogFormatter(logging.Formatter):
    """A formatter that writes every exception through `without_values`."""

    def formatException(self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> str:
        """The exception without its values."""
        return "" if ei[1] is None else without_values(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; never reuse the exception text that another handler's formatter cached in it."""
        record.exc_text = None
        return super().format(record)
