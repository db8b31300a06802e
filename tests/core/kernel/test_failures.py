"""Exceptions reach the log without the values that their messages quote."""

from __future__ import annotations

import ast
import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.kernel.database import Database
from core.kernel.failures import LogFormatter, without_values
from core.suppressions.tables import Suppression
from tests.conftest import START

NUMBER = "+12025550143"
ROOT = Path(__file__).parents[3]


def test_a_row_that_the_database_quotes_stays_out(database: Database) -> None:
    row = {"number": NUMBER, "reason": "Asha Rao said so", "source": "callee", "call_id": None, "created_at": START, "lines": "all"}

    def add() -> None:
        with database.write() as connection:
            connection.execute(insert(Suppression), [row])

    add()
    with pytest.raises(IntegrityError) as raised:
        add()
    assert (NUMBER in str(raised.value)) == database.is_postgresql, "what this is for"
    said = without_values(raised.value)
    assert NUMBER not in said
    assert "Asha" not in said
    assert "IntegrityError" in said
    assert ("SQLSTATE 23505" in said) == database.is_postgresql
    assert ("SQLITE_CONSTRAINT_PRIMARYKEY" in said) != database.is_postgresql
    assert "test_failures.py" in said, "the place is there"


def test_parameters_stay_out_of_the_messages_of_the_database(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE number = :number"), {"number": NUMBER})
    assert NUMBER not in str(raised.value)


def test_causes_and_groups_are_told_once_each() -> None:
    def fail() -> None:
        try:
            raise KeyError(NUMBER)
        except KeyError as error:
            raise ExceptionGroup(NUMBER, [ValueError(NUMBER), OSError(28, "full", f"/{NUMBER}")]) from error

    with pytest.raises(ExceptionGroup) as raised:
        fail()
    raised.value.exceptions[0].__cause__ = raised.value  # a ring
    said = without_values(raised.value)
    assert NUMBER not in said
    for kind in ("ExceptionGroup", "ValueError", "OSError (No space left on device)", "KeyError"):
        assert said.count(f"{kind} at") == 1


def test_what_a_library_logs_with_its_exception() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(LogFormatter("%(levelname)s %(message)s"))
    try:
        raise ValueError(NUMBER)
    except ValueError:
        record = logging.LogRecord("library", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
    logging.Formatter().format(record)  # another handler, which leaves its text in the record
    handler.emit(record)
    assert written.getvalue().startswith("ERROR it failed\nValueError at\n")
    assert NUMBER not in written.getvalue()


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("core", "dialler", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


_BROAD = {"Exception", "BaseException", "SQLAlchemyError", "DBAPIError", "DatabaseError", "OperationalError", "IntegrityError"}


def offences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where a module would log an exception with its message, or lets the database quote parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"log.exception", "logger.exception", "logging.exception"}:
            yield node.lineno, "log.exception"
        if isinstance(node, ast.keyword) and node.arg in {"exc_info", "stack_info"}:
            yield node.value.lineno, node.arg
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if "traceback" in names:
                yield node.lineno, "traceback"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "create_engine":
            hidden = [keyword.value for keyword in node.keywords if keyword.arg == "hide_parameters"]
            if not (len(hidden) == 1 and isinstance(hidden[0], ast.Constant) and hidden[0].value is True):
                yield node.lineno, "create_engine without hide_parameters=True"
        if isinstance(node, ast.ExceptHandler) and node.name and _is_broad(node.type):
            yield from ((line, "the message of any exception") for line in _told(node))


def _is_broad(caught: ast.expr | None) -> bool:
    return any(isinstance(part, ast.Name) and part.id in _BROAD for part in ast.walk(caught)) if caught else True


def _told(handler: ast.ExceptHandler) -> Iterator[int]:
    """Lines where the handler gives the exception itself to the log."""
    for call in ast.walk(handler):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "log":
            for argument in call.args:
                told = argument.args[0] if isinstance(argument, ast.Call) and ast.unparse(argument.func) in {"str", "repr"} else argument
                if isinstance(told, ast.Name) and told.id == handler.name:
                    yield call.lineno


def test_nothing_logs_an_exception_but_by_its_type_and_place() -> None:
    found = [(str(path), line, what) for path, tree in sources() for line, what in offences(tree)]
    assert [(path, what) for path, _, what in found] == [("core/kernel/failures.py", "traceback")], found


@pytest.mark.parametrize(
    "code",
    [
        "log.exception('it failed')",
        "log.error('it failed', exc_info=True)",
        "log.error('it failed', exc_info=error)",
        "import traceback",
        "from traceback import format_exc",
        "create_engine(url)",
        "create_engine(url, hide_parameters=False)",
        "try:\n    pass\nexcept Exception as error:\n    log.warning('it failed: %s', error)",
        "try:\n    pass\nexcept (ValueError, OperationalError) as error:\n    log.warning('it failed: %s', str(error))",
    ],
)
def test_the_test_above_can_fail(code: str) -> None:
    assert list(offences(ast.parse(code)))
