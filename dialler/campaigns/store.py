"""Campaigns in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from dialler.campaigns.states import next_state
from dialler.campaigns.tables import Campaign
from dialler.leads.history import latest_change

__all__ = [
    "all_campaigns",
    "change_state",
    "create_campaign",
    "find_campaign",
    "latest_clock",
    "move_campaign",
    "read_campaign",
    "set_hold",
    "update_settings",
]

_campaigns = Campaign.__table__  # type: ignore[attr-defined]


def create_campaign(
    connection: Connection,
    campaign_id: str,
    name: str,
    bot_id: str,
    settings: dict[str, Any],
    now: datetime,
    folder: str | None = None,
) -> None:
    """Add a campaign, in draft; `folder` is the one that it is made from, if it is."""
    connection.execute(
        insert(_campaigns).values(
            id=campaign_id, name=name, folder=folder, bot_id=bot_id, state="draft", settings=settings, created_at=now, end_calls=False
        )
    )


def update_settings(connection: Connection, campaign_id: str, bot_id: str, settings: dict[str, Any]) -> None:
    """Replace the settings; a dispatcher reads them when it begins."""
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(bot_id=bot_id, settings=settings))


def move_campaign(connection: Connection, campaign_id: str, folder: str) -> None:
    """Say that a campaign belongs to another folder from now on."""
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(folder=folder))


def read_campaign(connection: Connection, campaign_id: str) -> Row[Any]:
    """The row of a campaign.

    Raises:
        sqlalchemy.exc.NoResultFound: if there is none.
    """
    return connection.execute(select(_campaigns).where(_campaigns.c.id == campaign_id)).one()


def find_campaign(connection: Connection, name_or_id: str) -> Row[Any] | None:
    """A campaign by its name or its id."""
    return connection.execute(select(_campaigns).where((_campaigns.c.name == name_or_id) | (_campaigns.c.id == name_or_id))).one_or_none()


def all_campaigns(connection: Connection) -> Sequence[Row[Any]]:
    """Every campaign, newest first."""
    return connection.execute(select(_campaigns).order_by(_campaigns.c.created_at.desc(), _campaigns.c.name)).all()


def latest_clock(connection: Connection) -> datetime | None:
    """The latest that the clock of any campaign's run has shown: time must not go back for its leads. None before any ran.

    A run notes its clock now and then; after a crash, the last change of a lead may tell a later moment.
    """
    noted: datetime | None = connection.execute(select(func.max(_campaigns.c.clock_at))).scalar_one()
    return max((moment for moment in (noted, latest_change(connection)) if moment is not None), default=None)


def change_state(
    connection: Connection, campaign_id: str, event: str, now: datetime, *, reason: str | None = None, end_calls: bool = False
) -> str:
    """Apply an event to the campaign's state; returns the new state.

    Raises:
        dialler.campaigns.states.NotAllowed: if the state does not allow the event.
    """
    state = connection.execute(select(_campaigns.c.state).where(_campaigns.c.id == campaign_id).with_for_update()).scalar_one()
    new = next_state(state, event)
    values: dict[str, Any] = {"state": new, "reason": reason, "end_calls": end_calls}
    if new == "running" and state != "running":
        values |= {"hold_until": None, "hold_reason": None, "ended_at": None}
        if state == "draft":
            values["started_at"] = now
    if new in {"completed", "stopped", "failed"} and state != new:
        values["ended_at"] = now
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(**values))
    return new


def set_hold(connection: Connection, campaign_id: str, token: str, until: datetime | None, reason: str | None) -> None:
    """Say why nothing is dialled now, and until when; None for both when dialling goes on."""
    connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.owner_token == token)
        .values(hold_until=until, hold_reason=reason)
    )
