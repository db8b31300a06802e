"""Counting where the leads of a campaign are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, func, select

from core.kernel.statements import AnyRow, Statement, one_of, table_of
from dialler.campaigns.tables import Campaign
from dialler.leads.states import CLAIMED, FINAL, WAITING
from dialler.leads.tables import Attempt, Lead

__all__ = ["Backlog", "Progress", "backlog", "campaign_and_backlog", "progress"]

_campaigns, _leads, _attempts = table_of(Campaign), table_of(Lead), table_of(Attempt)


@dataclass(frozen=True)
class Backlog:
    """What a dispatcher must know: whether leads are ready, how many are in its hands, when the next one is due."""

    ready: bool
    in_flight: int
    next_due: datetime | None

    @property
    def empty(self) -> bool:
        """Whether no lead can ever be dialled any more."""
        return not self.ready and not self.in_flight and self.next_due is None


_OF_CAMPAIGN = _leads.c.campaign_id == bindparam("campaign_id")
_COLUMNS = (
    exists(select(_leads.c.id).where(_OF_CAMPAIGN, _leads.c.queue.is_not(None))).label("ready"),
    select(func.count()).select_from(_leads).where(_OF_CAMPAIGN, one_of(_leads.c.state, CLAIMED)).scalar_subquery().label("in_flight"),
    select(func.min(_leads.c.due_at))
    .where(_OF_CAMPAIGN, _leads.c.queue.is_(None), _leads.c.due_at.is_not(None))
    .scalar_subquery()
    .label("next_due"),
)
_BACKLOG = Statement(select(*_COLUMNS))
_WITH_CAMPAIGN = Statement(select(_campaigns, *_COLUMNS).where(_campaigns.c.id == bindparam("campaign_id")))


def backlog(connection: Connection, campaign_id: str) -> Backlog:
    """The backlog, by three index look-ups: its cost does not grow with the number of leads."""
    return _backlog(_BACKLOG.run(connection, campaign_id=campaign_id).one())


def campaign_and_backlog(connection: Connection, campaign_id: str) -> tuple[AnyRow, Backlog]:
    """The row of a campaign and its backlog, both of one moment.

    Raises:
        sqlalchemy.exc.NoResultFound: if there is no such campaign.
    """
    row = _WITH_CAMPAIGN.run(connection, campaign_id=campaign_id).one()
    return row, _backlog(row)


def _backlog(row: AnyRow) -> Backlog:
    return Backlog(bool(row.ready), row.in_flight, row.next_due)


@dataclass(frozen=True)
class Progress:
    """Where a campaign stands: leads by state, and attempts."""

    by_state: dict[str, int]
    attempts: int
    answered: int

    @property
    def leads(self) -> int:
        """All imported leads."""
        return sum(count for state, count in self.by_state.items() if state != "staged")

    @property
    def done(self) -> int:
        """Leads in a final state."""
        return sum(self.by_state.get(state, 0) for state in FINAL)

    @property
    def waiting(self) -> int:
        """Leads that wait for their turn or their time."""
        return sum(self.by_state.get(state, 0) for state in WAITING)

    @property
    def in_flight(self) -> int:
        """Leads being dialled or talked to."""
        return sum(self.by_state.get(state, 0) for state in CLAIMED)


def progress(connection: Connection, campaign_id: str) -> Progress:
    """Count everything; its cost grows with the campaign, so not for every step of a dispatcher."""
    states = connection.execute(select(_leads.c.state, func.count()).where(_leads.c.campaign_id == campaign_id).group_by(_leads.c.state))
    dialled, answered = connection.execute(
        select(func.count(_attempts.c.placed_at), func.count(_attempts.c.sip_status).filter(_attempts.c.sip_status == 200)).where(
            _attempts.c.campaign_id == campaign_id
        )
    ).one()
    return Progress({row[0]: row[1] for row in states}, dialled, answered)
