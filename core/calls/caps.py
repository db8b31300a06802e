"""Caps per person: how often a phone was called, over every campaign, bot, key and caller ID. One statement, and only where a cap applies.

A rehearsal on the sandbox and calls on real lines do not count for each other. What counts is the phone, without an extension, with the
other numbers of the same person, and calls that reached it or may have: one that failed before it could ring does not. A conversation
counts in calls of either direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select

from core.calls.phones import phone_of
from core.calls.tables import Call
from core.contracts.call_result import DisconnectedBy
from core.conversation.analysis import has_conversation
from core.kernel.database import UtcDateTime
from core.kernel.lines import REAL, SANDBOX, Lines
from core.kernel.persons import numbers_of_same_person
from core.kernel.rules import Contact, Counted, Rules, count_contacts, longest_window
from core.kernel.rules.caps import MOST_CONTACTS
from core.kernel.statements import Statement, table_of

__all__ = ["count_calls", "talked_at"]

_calls = table_of(Call)
_ON: dict[Lines, ColumnElement[bool]] = {SANDBOX: _calls.c.transport == SANDBOX, REAL: _calls.c.transport != SANDBOX}
_REACHED = or_(_calls.c.ended_at.is_(None), _calls.c.ringing_at.is_not(None), _calls.c.answered_at.is_not(None))
_RECENT = {
    lines: Statement(
        select(_calls.c.created_at, _calls.c.direction, _calls.c.talked_at)
        .where(
            _calls.c.phone.in_(numbers_of_same_person()),
            _calls.c.created_at > bindparam("since", type_=UtcDateTime()),
            _ON[lines],
            _REACHED,
        )
        .order_by(_calls.c.created_at.desc())
        .limit(bindparam("most"))
    )
    for lines in (SANDBOX, REAL)
}
_NOTHING = Counted({}, None)


def count_calls(connection: Connection, rules: Rules, to_number: str, lines: Lines, now: datetime, *, promised_callback: bool) -> Counted:
    """What the caps of `rules` say of a call to a number now."""
    window = longest_window(rules.caps)
    if window is None:
        return _NOTHING
    rows = _RECENT[lines].run(connection, phone=phone_of(to_number), since=now - window, most=MOST_CONTACTS).rows
    return count_contacts(rules.caps, _contacts(rows), now, promised_callback=promised_callback)


def _contacts(rows: Sequence[Any]) -> list[Contact]:
    return [Contact(row.created_at if row.direction == "outbound" else None, row.talked_at) for row in rows]


def talked_at(ended_at: datetime, disconnected_by: DisconnectedBy, *, answered: bool, customer_spoke: bool) -> datetime | None:
    """When a call had a conversation with a person: its end; None if it had none. Pure."""
    return ended_at if answered and has_conversation(disconnected_by, customer_spoke=customer_spoke) else None
