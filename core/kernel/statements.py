"""Hot statements: compiled once for each dialect, then run on the driver's cursor.

Building a statement of SQLAlchemy Core, finding it in the cache of compiled statements and wrapping its result costs more than the
database needs to run it. Statements that run several times per call are therefore module constants:

    _MOVE = Statement(update(calls).where(calls.c.call_id == bindparam("id")).values(state=bindparam("state")))
    moved = _MOVE.run(connection, id=call_id, state="ended").rowcount

It runs in the transaction of the given connection, and raises the same exceptions as `Connection.execute`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Dialect, Table, bindparam, column, insert, literal_column
from sqlalchemy import values as rows_of
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlmodel import SQLModel

from core.kernel.database_errors import translated

__all__ = ["AnyRow", "Bulk", "Insert", "Rows", "Statement", "one_of", "table_of"]

Processor = Callable[[Any], Any]
AnyRow = Any
"""A row with columns by name: of a `Statement` or of SQLAlchemy."""


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements of SQLAlchemy Core."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table


def one_of(column: ColumnElement[str], words: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column holds one of our own words (states, kinds), which are written into the statement as literals.

    Raises:
        ValueError: a word is not made of letters, digits and `_` alone.
    """
    known = tuple(words)
    if not all(word.isidentifier() for word in known):
        raise ValueError(f"words of our own were expected, not {known}")
    return column.in_([literal_column(f"'{word}'") for word in known])


class Rows:
    """The result of a statement: named tuples of plain values. `rowcount` is the number of rows that a write changed."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self.rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def first(self) -> Any | None:
        """The first row; None if there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """The only row.

        Raises:
            sqlalchemy.exc.NoResultFound: there is none.
            sqlalchemy.exc.MultipleResultsFound: there are several.
        """
        if not self.rows:
            raise NoResultFound("no row where exactly one was expected")
        if len(self.rows) > 1:
            raise MultipleResultsFound(f"{len(self.rows)} rows where exactly one was expected")
        return self.rows[0]

    def scalar(self) -> Any | None:
        """The first column of the first row; None if there is none."""
        return self.rows[0][0] if self.rows else None

    def scalars(self) -> list[Any]:
        """The first column of each row."""
        return [row[0] for row in self.rows]


class _Compiled:
    """A statement for one dialect: its text, the conversion of parameters for the driver, and of columns to values."""

    def __init__(self, clause: ClauseElement, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled = clause.compile(
            dialect=dialect,
            column_keys=list(columns) if columns is not None else None,
        )
        assert isinstance(compiled, SQLCompiler)
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise ValueError(f"an IN over parameters or a default made in Python cannot be compiled ahead: {compiled}")
        self.text = str(compiled)
        names = list(compiled.positiontup) if compiled.positional and compiled.positiontup is not None else list(compiled.binds)
        self.positional = bool(compiled.positional)
        self.processors: dict[str, Processor] = dict(compiled._bind_processors)  # type: ignore[arg-type]
        self.constants: dict[str, Any] = {}
        self.required: set[str] = set()
        for name in names:
            bind = compiled.binds[name]
            if bind.required:
                self.required.add(name)
            else:
                value = bind.effective_value
                self.constants[name] = self.processors[name](value) if name in self.processors else value
        self.names = names
        self._types = [column.type for column in compiled._result_columns]
        row = namedtuple("Row", [column.keyname for column in compiled._result_columns], rename=True)  # type: ignore[misc]
        self.make_row: Callable[..., Any] = row._make
        self.returns_rows = bool(self._types)
        self._dialect = dialect
        self._converters: list[tuple[int, Processor]] | None = None

    def converters(self, description: Sequence[Sequence[Any]]) -> list[tuple[int, Processor]]:
        """The columns that need conversion from the driver's type: position and function. Known once the driver has reported its types."""
        if self._converters is None:
            # a TypeDecorator's own dialect_impl knows how to convert this driver's values
            made = [
                kind.dialect_impl(self._dialect).result_processor(self._dialect, column[1])
                for kind, column in zip(self._types, description, strict=True)
            ]
            self._converters = [(index, convert) for index, convert in enumerate(made) if convert is not None]
        return self._converters

    def parameters(self, values: Mapping[str, Any]) -> Any:
        processors, constants = self.processors, self.constants
        if not self.required <= values.keys() or not values.keys() <= set(self.names):
            wrong = sorted(self.required.symmetric_difference(values.keys()) - constants.keys())
            raise TypeError(f"parameters that are missing or unknown: {', '.join(wrong)}")
        ready = {name: processors[name](value) if name in processors else value for name, value in values.items()}
        if self.positional:
            return [ready[name] if name in ready else constants[name] for name in self.names]
        return {**constants, **ready}


class Statement:
    """A statement that is built once.

    Args:
        clause: a SELECT, INSERT, UPDATE or DELETE; values that change from run to run are a `bindparam`. Use `one_of` for an IN.
        columns: for an INSERT without `values`: the columns that each run supplies.
    """

    def __init__(self, clause: Executable, columns: Sequence[str] | None = None) -> None:
        assert isinstance(clause, ClauseElement)
        self._clause, self._columns = clause, columns
        self._compiled: dict[str, _Compiled] = {}

    def text(self, dialect: Dialect) -> str:
        """The SQL for a dialect."""
        return self._for(dialect).text

    def run(self, connection: Connection, **values: Any) -> Rows:
        """Run it in the connection's transaction.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does; of the same subclass.
            TypeError: a parameter is missing or unknown.
        """
        ready = self._for(connection.dialect)
        parameters = ready.parameters(values)
        dialect = connection.dialect
        cursor = connection.connection.cursor()
        try:
            cursor.execute(ready.text, parameters)
            if not ready.returns_rows or cursor.description is None:
                return Rows([], cursor.rowcount)
            fetched, converters = cursor.fetchall(), ready.converters(cursor.description)
        except dialect.loaded_dbapi.Error as error:
            raise translated(connection, ready.text, error) from error
        finally:
            cursor.close()
        if not converters:
            return Rows(list(map(ready.make_row, fetched)), len(fetched))
        rows = []
        for found in fetched:
            row = list(found)
            for index, convert in converters:
                row[index] = convert(row[index])
            rows.append(ready.make_row(row))
        return Rows(rows, len(rows))

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once for each set of parameters; for writes that return nothing.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does; of the same subclass.
            TypeError: a parameter is missing or unknown.
        """
        ready = self._for(connection.dialect)
        parameters = [ready.parameters(row) for row in rows]
        if not parameters:
            return
        cursor = connection.connection.cursor()
        try:
            if len(parameters) == 1:
                cursor.execute(ready.text, parameters[0])
            else:
                cursor.executemany(ready.text, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise translated(connection, ready.text, error) from error
        finally:
            cursor.close()

    def _for(self, dialect: Dialect) -> _Compiled:
        ready = self._compiled.get(dialect.name)
        if ready is None:
            ready = self._compiled[dialect.name] = _Compiled(self._clause, dialect, self._columns)
        return ready


class Insert:
    """An INSERT of a few rows in one statement; compiled once for each number of rows.

    Args:
        table: where to.
        columns: the columns that each row gives.
    """

    _AT_ONCE = 32

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._table, self._columns = table, tuple(columns)
        self._of: dict[int, Statement] = {}

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert the rows; more than 32 take several statements.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does; of the same subclass.
            TypeError: a column of a row is missing or unknown.
        """
        left = list(rows)
        while left:
            now, left = left[: self._AT_ONCE], left[self._AT_ONCE :]
            self._for(len(now)).run(
                connection, **{f"{name}_{index}": value for index, row in enumerate(now) for name, value in row.items()}
            )

    def _for(self, count: int) -> Statement:
        ready = self._of.get(count)
        if ready is None:
            kinds = {name: self._table.c[name].type for name in self._columns}
            rows = [{name: bindparam(f"{name}_{index}", type_=kind) for name, kind in kinds.items()} for index in range(count)]
            ready = self._of[count] = Statement(insert(self._table).values(rows))
        return ready


class Bulk:
    """A write of many rows in one statement, which gets them as a table `given`; compiled once for each number of rows.

        _MOVE = Bulk({"id": leads.c.id, "state": leads.c.state}, lambda given: update(leads)
            .where(leads.c.id == given.c.id).values(state=given.c.state).returning(leads.c.id))
        moved = _MOVE.run(connection, [{"id": 1, "state": "ended"}, {"id": 2, "state": "ended"}])

    Args:
        columns: the columns of `given`, each with the column whose type it has.
        build: the statement, made from `given`.
    """

    _AT_ONCE = 32

    def __init__(self, columns: Mapping[str, ColumnElement[Any]], build: Callable[[CTE], Executable]) -> None:
        self._kinds, self._build = {name: given.type for name, given in columns.items()}, build
        self._of: dict[int, Statement] = {}

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[AnyRow]:
        """Write the rows; more than 32 take several statements. Returns what the statement returns.

        Raises:
            sqlalchemy.exc.DBAPIError: as `Connection.execute` does; of the same subclass.
            TypeError: a column of a row is missing or unknown.
        """
        left, returned = list(rows), []
        while left:
            now, left = left[: self._AT_ONCE], left[self._AT_ONCE :]
            parameters = {f"{name}_{index}": value for index, row in enumerate(now) for name, value in row.items()}
            returned += self._for(len(now)).run(connection, **parameters).rows
        return returned

    def _for(self, count: int) -> Statement:
        ready = self._of.get(count)
        if ready is None:
            columns = [column(name, kind) for name, kind in self._kinds.items()]
            rows = [tuple(bindparam(f"{name}_{index}", type_=kind) for name, kind in self._kinds.items()) for index in range(count)]
            ready = self._of[count] = Statement(self._build(rows_of(*columns, name="given").data(rows).cte("given")))
        return ready
