"""One phone, one call: who is on the phone with us, or being rung, is not dialled, whoever asks.

What counts is the phone: the number in E.164 without an extension, since all extensions of a switchboard share its line. It
stands in `calls.phone`. Two things keep it:

* the gate of a dialout looks for a live call with that phone, made or received, in whatever process (`look_at`);
* a unique index over the live calls that we dial decides the race of two dialouts (`is_race`).

A call to us is never refused for it. While our own call to that phone has not been answered it is withdrawn instead
(`withdraw_dialled`): nobody is to hear it ring while they talk to us. One that is talking stays: the caller may be a colleague at
the same switchboard. Callers who withhold their number match nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, String, bindparam, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.calls.engine import Engine
from core.calls.tables import DIALLED, DIALLED_INDEXES, HOLDS_A_SEAT, Call
from core.kernel.database import UtcDateTime
from core.kernel.lines import REAL, SANDBOX, Lines
from core.kernel.persons import numbers_of_same_person
from core.kernel.statements import Statement, table_of
from core.suppressions.lists import on_a_list
from core.suppressions.store import holds_on
from core.suppressions.tables import Suppression

__all__ = ["RETRY_AFTER", "Seen", "columns_of_phone", "is_race", "look_at", "withdraw_dialled"]

_calls, _suppressions = table_of(Call), table_of(Suppression)

RETRY_AFTER: Final = timedelta(seconds=30)
"""When to ask again for a number that is on a call: nobody knows how long people talk."""

_WITH_PHONE = _calls.c.phone == bindparam("phone")
_THEIR_NUMBERS = numbers_of_same_person()
"""The phone and the other numbers of the same person: an opt-out on one holds for all, and nobody is called on two at once."""
_CALLS_ON: dict[Lines, ColumnElement[bool]] = {SANDBOX: _calls.c.transport == SANDBOX, REAL: _calls.c.transport != SANDBOX}


def columns_of_phone(lines: Lines) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """`suppressed` and `on_call` of the phone `:phone` on these lines at `:now`, without the call `:but`, as columns of a statement."""
    return (
        or_(
            exists().where(_suppressions.c.number.in_(_THEIR_NUMBERS), holds_on(lines)),
            on_a_list(bindparam("phone", type_=String()), bindparam("now", type_=UtcDateTime)),  # a list is about numbers, not persons
        ).label("suppressed"),
        exists()
        .where(HOLDS_A_SEAT, _calls.c.phone.in_(_THEIR_NUMBERS), _CALLS_ON[lines], _calls.c.call_id != bindparam("but"))
        .label("on_call"),
    )


_LOOK = {lines: Statement(select(*columns_of_phone(lines))) for lines in (SANDBOX, REAL)}  # both questions in one statement
_UNANSWERED = {
    lines: select(_calls.c.call_id).where(DIALLED, _WITH_PHONE, _CALLS_ON[lines], _calls.c.state.in_(("placing", "ringing")))
    for lines in (SANDBOX, REAL)
}


@dataclass(frozen=True)
class Seen:
    """What is known of a phone now: whether it must not be dialled at all, and whether it is on a call with us, or being rung."""

    suppressed: bool
    on_call: bool


def look_at(connection: Connection, phone: str, lines: Lines, now: datetime, *, but: str = "") -> Seen:
    """What is known of a phone on these lines, not counting the call `but`: a rehearsal and real calls do not see each other."""
    is_suppressed, on_call = _LOOK[lines].run(connection, phone=phone, but=but, now=now).one()
    return Seen(bool(is_suppressed), bool(on_call))


def is_race(error: IntegrityError) -> bool:
    """Whether a call could not be inserted because another transaction dialled its phone at the same moment."""
    told = str(error.orig)
    return any(name in told for name in (*DIALLED_INDEXES, "calls.phone"))  # PostgreSQL names the index, SQLite the column


async def withdraw_dialled(engine: Engine, phone: str | None, lines: Lines, call_id: str) -> None:
    """Withdraw our calls to a phone that have not been answered: its owner is on the line with us, in the call `call_id`.

    To be called after that call is committed: a dialout that commits later sees it before its INVITE leaves.
    """
    if phone is None:
        return
    with engine.db.read() as connection:
        dialled = connection.execute(_UNANSWERED[lines], {"phone": phone}).scalars().all()
    if not dialled:
        return
    with engine.db.write() as connection:
        connection.execute(
            update(_calls)
            .where(_calls.c.call_id.in_(dialled), _calls.c.state.in_(("placing", "ringing")))
            .values(cancel_requested=True, withdrawn_for=call_id)
        )
    for other in dialled:
        if run := engine.runs.get(other):
            await run.withdraw()
