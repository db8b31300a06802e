"""Cancelling a call: an intent in the database, carried out by the process that holds the call."""

from __future__ import annotations

from sqlalchemy import select, update

from core.calls.engine import Engine
from core.calls.states import LIVE
from core.calls.tables import UNFINISHED, Call
from core.kernel.statements import table_of

__all__ = ["cancel_call", "carry_out_cancels"]

_calls = table_of(Call)


async def cancel_call(engine: Engine, call_id: str) -> None:
    """Ask for a call to end. Safe at any moment and any number of times; a call that is over stays as it is."""
    with engine.db.write() as connection:
        connection.execute(update(_calls).where(_calls.c.call_id == call_id, _calls.c.state.in_(LIVE)).values(cancel_requested=True))
    if run := engine.runs.get(call_id):
        await run.cancel()


async def carry_out_cancels(engine: Engine) -> int:
    """End the calls of this process that another one asked to end; returns how many."""
    with engine.db.read() as connection:
        wanted = connection.execute(
            select(_calls.c.call_id, _calls.c.withdrawn_for).where(
                UNFINISHED, _calls.c.worker_id == engine.worker_id, _calls.c.state.in_(LIVE), _calls.c.cancel_requested.is_(True)
            )
        ).all()
    runs = [(run, call.withdrawn_for) for call in wanted if (run := engine.runs.get(call.call_id)) and not run.cancelled]
    for run, withdrawn_for in runs:
        await (run.cancel() if withdrawn_for is None else run.withdraw())
    return len(runs)
