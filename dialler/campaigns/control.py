"""Pause, resume and stop: intents in the database, which the owner carries out. They work from any process.

A claim locks the campaign's row and requires it to be running, so once the intent is committed no further lead can be claimed. Leads
claimed just before are on their way to the core: the caller waits until they are through.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from core.kernel.clock import WallTime
from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.campaigns.owner import owner_of
from dialler.campaigns.store import change_state, latest_clock
from dialler.leads.queue import close_waiting
from dialler.leads.tables import Lead

__all__ = ["Steered", "pause", "resume", "stop"]

_leads = table_of(Lead)
_POLL = 0.05


@dataclass(frozen=True)
class Steered:
    """The result of an order: the campaign's new state, calls still in progress, and dialouts it could not wait for."""

    state: str
    in_progress: int
    not_waited_for: int


async def pause(db: Database, campaign_id: str, wall: WallTime, *, end_calls: bool = False, patience: float = 15.0) -> Steered:
    """Pause dialling until resumed; calls in progress finish, or are ended if requested.

    Args:
        patience: real seconds to wait for dialouts already on their way.

    Raises:
        NotAllowed: the campaign is over.
    """
    with db.write() as connection:
        now = latest_clock(connection, campaign_id) or wall()
        state = change_state(connection, campaign_id, "pause", now, reason="paused by an operator", end_calls=end_calls)
    return await _wait_for_dials(db, campaign_id, state, wall, patience)


async def resume(db: Database, campaign_id: str, wall: WallTime) -> Steered:
    """Resume dialling.

    Raises:
        NotAllowed: the campaign is not paused.
    """
    with db.write() as connection:
        now = latest_clock(connection, campaign_id) or wall()
        state = change_state(connection, campaign_id, "resume", now)
    return await _wait_for_dials(db, campaign_id, state, wall, 0)


async def stop(db: Database, campaign_id: str, wall: WallTime, *, end_calls: bool = False, patience: float = 15.0) -> Steered:
    """End the campaign: waiting leads are stopped; calls in progress finish, or are ended if requested.

    Raises:
        NotAllowed: the campaign is already over.
    """
    with db.write() as connection:
        now = latest_clock(connection, campaign_id) or wall()
        state = change_state(connection, campaign_id, "stop", now, reason="stopped by an operator", end_calls=end_calls)
        close_waiting(connection, campaign_id, "stopped", now)
        owner = owner_of(connection, campaign_id)
        if (
            state == "stopping"
            and (owner is None or not owner.alive(wall()))
            and _count(connection, campaign_id, "claimed", "dialling") == 0
        ):
            state = change_state(connection, campaign_id, "drained", now, reason="stopped by an operator")
    return await _wait_for_dials(db, campaign_id, state, wall, patience)


def _count(connection: Connection, campaign_id: str, *states: str) -> int:
    return int(
        connection.execute(
            select(func.count()).select_from(_leads).where(_leads.c.campaign_id == campaign_id, _leads.c.state.in_(states))
        ).scalar_one()
    )


async def _wait_for_dials(db: Database, campaign_id: str, state: str, wall: WallTime, patience: float) -> Steered:
    deadline = time.monotonic() + patience
    while True:
        with db.read() as connection:
            on_their_way = _count(connection, campaign_id, "claimed")
            in_progress = _count(connection, campaign_id, "dialling")
            owner = owner_of(connection, campaign_id)
        alive = owner is not None and owner.alive(wall())
        if not on_their_way or not alive or time.monotonic() > deadline:
            return Steered(state, in_progress, on_their_way if alive else 0)
        await asyncio.sleep(_POLL)
