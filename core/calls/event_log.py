"""The events of one call and the changes of its row, as far as its process knows them; what is not in the database yet is kept in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from core.calls.tables import Call, CallEvent
from core.kernel.database import after_commit, within
from core.kernel.statements import AnyRow, Insert, table_of

__all__ = ["EventLog", "TakenOver", "Unwritten"]

_calls, _events = table_of(Call), table_of(CallEvent)
_confirming = threading.Lock()
"""Held while a log is changed: a call goes on while another thread writes what happened on it."""
_ADD_EVENTS = Insert(_events, ("call_id", "seq", "at", "kind", "data"))


class TakenOver(Exception):
    """Another process has declared this one dead and taken the call over: let go of it."""


@dataclass(frozen=True)
class Unwritten:
    """What the database does not know of a call: columns of its row, and events.

    Attributes:
        from_state: the state in which it was last written; None: not by this log.
        values: columns that changed since.
        events: rows of events since.
    """

    from_state: str | None
    values: dict[str, Any]
    events: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.values or self.events)

    def after(self, what: Unwritten, state: str) -> Unwritten:
        """What is left once that is written, with the call in `state`."""
        values = {name: value for name, value in self.values.items() if name not in what.values or value is not what.values[name]}
        return Unwritten(state, values, self.events[len(what.events) :])


class EventLog:
    """The events of one call, kept in order, and its row as this process knows it. Both are written with the next change of its state
    that reaches the database, and are forgotten only once that is committed.

    Both are whole in the process that began the call: who took a call over reads them.

    Args:
        call_id: the call.
        next_seq: the number of the next event.
    """

    def __init__(self, call_id: str, next_seq: int = 1) -> None:
        self.call_id, self._next = call_id, next_seq
        self._written_state: str | None = None
        self._events: list[dict[str, Any]] = []
        self._values: dict[str, Any] = {}
        self._row: dict[str, Any] = {}
        self.happened: list[tuple[str, dict[str, Any]]] = []
        """What was added, kind and data, written or not."""

    @property
    def state(self) -> str:
        """The state of the call as this process knows it; empty if it began in another one."""
        return str(self._row.get("state", ""))

    def add(self, at: datetime, kind: str, data: dict[str, Any] | None = None) -> None:
        """Note that something happened."""
        self._events.append({"call_id": self.call_id, "seq": self._next, "at": at, "kind": kind, "data": data or {}})
        self.happened.append((kind, data or {}))
        self._next += 1

    def change(self, state: str, **values: Any) -> None:
        """Note that the call is in another state, with these values in its row; for a call that this process began."""
        with _confirming:
            self._values |= {"state": state, **values}
        self.keep(state=state, **values)

    def keep(self, **values: Any) -> None:
        """Note what was written to the call's row."""
        self._row |= values

    def row(self, **values: Any) -> AnyRow:
        """The call's row with `values` in it, as `read_call` would give it; only in the process that began the call."""
        return SimpleNamespace(**{column.name: None for column in _calls.c} | self._row | values)

    def unwritten(self, connection: Connection | None = None) -> Unwritten:
        """What is not in the database now; nor written in the connection's transaction."""
        with _confirming:
            known = Unwritten(self._written_state, dict(self._values), list(self._events))
        for what, state in within(connection).get(self.call_id, ()) if connection is not None else ():
            known = known.after(what, state)
        return known

    def write(self, connection: Connection, what: Unwritten, state: str) -> None:
        """Write those events; once the transaction is committed, they and the values beside them are in the database.

        Args:
            connection: a transaction that may write, in which the values are written, too.
            what: what `unwritten` gave in this transaction.
            state: the state of the call that is written in it.
        """
        if what.events:
            _ADD_EVENTS.run(connection, what.events)
        within(connection).setdefault(self.call_id, []).append((what, state))
        after_commit(connection, lambda: self._is_written(what, state))

    def resume(self, state: str) -> None:
        """Go on from `state`: it turned out that everything was written."""
        with _confirming:
            self._written_state, self._events = state, []
            self._values.clear()

    def _is_written(self, what: Unwritten, state: str) -> None:
        with _confirming:
            self._written_state = state
            for name, value in what.values.items():
                if self._values.get(name) is value:
                    del self._values[name]
            last = what.events[-1]["seq"] if what.events else 0
            del self._events[: sum(event["seq"] <= last for event in self._events)]
