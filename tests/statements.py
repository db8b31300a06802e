"""What a test sees of the statements that the code runs, whichever way they go to the driver."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from sqlalchemy import event

from core.kernel import statements
from core.kernel.database import Database

__all__ = ["each_statement"]

Note = Callable[[str, Any], None]
"""Told of a statement and of the parameters that it ran with, the first of several sets."""


@contextlib.contextmanager
def each_statement(db: Database, note: Note) -> Iterator[None]:
    """Within the block, tell `note` of every statement on this database but BEGIN and COMMIT."""

    def by_sqlalchemy(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        note(statement, parameters[0] if many else parameters)

    parameters_of = statements._Compiled.parameters

    def compiled(self: statements._Compiled, values: Any) -> Any:
        ready = parameters_of(self, values)
        note(self.text, ready)
        return ready

    event.listen(db.engine, "before_cursor_execute", by_sqlalchemy)
    try:
        with mock.patch.object(statements._Compiled, "parameters", compiled):
            yield
    finally:
        event.remove(db.engine, "before_cursor_execute", by_sqlalchemy)
