"""Campaigns in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from core.kernel.lines import SANDBOX
from core.kernel.statements import AnyRow, Statement, table_of
from dialler.campaigns.states import OVER, next_state
from dialler.campaigns.tables import Campaign
from dialler.leads.history import latest_change

__all__ = [
    "OtherLines",
    "all_campaigns",
    "change_state",
    "create_campaign",
    "find_campaign",
    "latest_clock",
    "lock_campaign",
    "move_campaign",
    "note_run",
    "own_campaign",
    "read_campaign",
    "rehearsal_of",
    "rename_campaign",
    "set_hold",
    "update_settings",
]


class OtherLines(Exception):
    """The campaign was dialled on the other network: on the sandbox, or on real trunks."""

    def __init__(self, before: str) -> None:
        theirs, ours = ("the sandbox", "real lines") if before == SANDBOX else ("real lines", "the sandbox")
        super().__init__(
            f"It was dialled on {theirs}, and its leads' results come from there: it cannot be dialled on {ours}. Clone it with its leads."
        )


_campaigns = table_of(Campaign)
_STATE = select(_campaigns.c.state, _campaigns.c.owner_token, _campaigns.c.end_calls).where(_campaigns.c.id == bindparam("campaign_id"))
_SHARED, _ALONE = Statement(_STATE.with_for_update(read=True)), Statement(_STATE.with_for_update())


def create_campaign(
    connection: Connection,
    campaign_id: str,
    name: str,
    bot_id: str,
    settings: dict[str, Any],
    now: datetime,
    folder: str | None = None,
) -> None:
    """Add a campaign, in draft; `folder` is the one it is made from, if any."""
    connection.execute(
        insert(_campaigns).values(
            id=campaign_id, name=name, folder=folder, bot_id=bot_id, state="draft", settings=settings, created_at=now, end_calls=False
        )
    )


def update_settings(connection: Connection, campaign_id: str, bot_id: str, settings: dict[str, Any]) -> None:
    """Replace the settings; a dispatcher reads them when it starts."""
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(bot_id=bot_id, settings=settings))


def move_campaign(connection: Connection, campaign_id: str, folder: str) -> None:
    """Record that a campaign now belongs to another folder."""
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(folder=folder))


def read_campaign(connection: Connection, campaign_id: str) -> Row[Any]:
    """The row of a campaign.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
    """
    return connection.execute(select(_campaigns).where(_campaigns.c.id == campaign_id)).one()


def lock_campaign(connection: Connection, campaign_id: str, *, alone: bool = False) -> AnyRow:
    """Lock a campaign until the end of the transaction. Returns its `state`, `owner_token` and `end_calls`.

    Every write to the leads or attempts of a campaign begins with this. Locks are always taken in the order campaign, lead, attempt, so no
    two transactions wait for each other; and a pause or a stop comes entirely before or after it. (SQLite has one writer at a time: there
    the transaction itself is the lock.)

    Args:
        connection: a transaction that may write.
        campaign_id: the campaign.
        alone: take the lock exclusively, to change the campaign's state; otherwise it is shared.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.
    """
    return (_ALONE if alone else _SHARED).run(connection, campaign_id=campaign_id).one()


def rename_campaign(connection: Connection, campaign_id: str, name: str) -> None:
    """Rename a campaign; the new name must be free."""
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(name=name))


def note_run(connection: Connection, campaign_id: str, lines: str, *, own_clock: bool) -> None:
    """Record whether a campaign is dialled on the sandbox or on real trunks, and whether by a clock of the process's own. Only for its
    owner.

    Raises:
        OtherLines: its leads were dialled on the other network.
    """
    before = connection.execute(select(_campaigns.c.lines).where(_campaigns.c.id == campaign_id)).scalar_one()
    if before not in {None, lines}:
        raise OtherLines(before)
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(lines=lines, own_clock=own_clock))


def find_campaign(connection: Connection, name_or_id: str) -> Row[Any] | None:
    """A campaign by its name or its id."""
    return connection.execute(select(_campaigns).where((_campaigns.c.name == name_or_id) | (_campaigns.c.id == name_or_id))).one_or_none()


def rehearsal_of(name: str) -> str:
    """The new name of a campaign dialled on the sandbox, when a campaign for real calls takes its name."""
    return f"{name} (sandbox)"


def own_campaign(connection: Connection, name: str, lines: str) -> Row[Any] | None:
    """The campaign of a folder, by the name in its file, that was not dialled on the other network."""
    rows = connection.execute(select(_campaigns).where(_campaigns.c.name.in_((name, rehearsal_of(name))))).all()
    fitting = {row.name: row for row in rows if row.lines in {None, lines}}
    return fitting.get(name) or (fitting.get(rehearsal_of(name)) if lines == SANDBOX else None)


def all_campaigns(connection: Connection) -> Sequence[Row[Any]]:
    """Every campaign, newest first."""
    return connection.execute(select(_campaigns).order_by(_campaigns.c.created_at.desc(), _campaigns.c.name)).all()


def latest_clock(connection: Connection, campaign_id: str) -> datetime | None:
    """The latest time shown by the clock of a campaign's runs: time must not go back for its leads. None before its first run.

    A run records its clock now and then; after a crash, the last change of a lead may be later. The clocks of other campaigns on the
    database do not matter: each run has its own.
    """
    row = connection.execute(select(_campaigns.c.clock_at, _campaigns.c.started_at).where(_campaigns.c.id == campaign_id)).one()
    if row.started_at is None:
        noted: datetime | None = row.clock_at
        return noted
    return max((moment for moment in (row.clock_at, latest_change(connection, campaign_id)) if moment is not None), default=None)


def change_state(
    connection: Connection, campaign_id: str, event: str, now: datetime, *, reason: str | None = None, end_calls: bool = False
) -> str:
    """Apply an event to the campaign's state; returns the new state.

    An order to end the calls in progress stays in force until it is carried out or the campaign is over; no later order cancels it.

    Raises:
        dialler.campaigns.states.NotAllowed: the state does not allow the event.
    """
    before = lock_campaign(connection, campaign_id, alone=True)
    state, new = before.state, next_state(before.state, event)
    values: dict[str, Any] = {"state": new, "reason": reason, "end_calls": (before.end_calls or end_calls) and new not in OVER}
    if new == "running" and state != "running":
        values |= {"hold_until": None, "hold_reason": None, "ended_at": None}
        if state == "draft":
            values["started_at"] = now
    if new in OVER and state != new:
        values["ended_at"] = now
    connection.execute(update(_campaigns).where(_campaigns.c.id == campaign_id).values(**values))
    return new


def set_hold(connection: Connection, campaign_id: str, token: str, until: datetime | None, reason: str | None) -> None:
    """Record why nothing is dialled now, and until when; None for both when dialling goes on."""
    connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.owner_token == token)
        .values(hold_until=until, hold_reason=reason)
    )
