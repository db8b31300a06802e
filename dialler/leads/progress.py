"""Counting where the leads of a campaign are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, select

from core.kernel.statements import AnyRow, Statement, one_of, table_of
from dialler.campaigns.tables import Campaign
from dialler.leads.states import CLAIMED, FINAL, WAITING
from dialler.leads.tables import Attempt, Lead
from dialler.policy.outcomes import Outcome

__all__ = ["Backlog", "DispositionCount", "Progress", "backlog", "campaign_and_backlog", "count_dispositions", "progress"]

_campaigns, _leads, _attempts = table_of(Campaign), table_of(Lead), table_of(Attempt)


@dataclass(frozen=True)
class Backlog:
    """What a dispatcher must know: whether leads are ready, how many are in its hands, when the next one is due, and when the time of
    the next one is over."""

    ready: bool
    in_flight: int
    next_due: datetime | None
    next_expiry: datetime | None = None
    at_hand: int = 0
    """How many leads are ready, counted up to a hundred."""

    @property
    def empty(self) -> bool:
        """Whether no lead can ever be dialled any more."""
        return not self.ready and not self.in_flight and self.next_due is None


_COUNTED: Final[ColumnElement[int]] = literal_column("100")
"""Ready leads are counted up to this number."""
_OF_CAMPAIGN = _leads.c.campaign_id == bindparam("campaign_id")
_COLUMNS = (
    select(func.count())
    .select_from(select(_leads.c.id).where(_OF_CAMPAIGN, _leads.c.queue.is_not(None)).limit(_COUNTED).subquery("ready_leads"))
    .scalar_subquery()
    .label("ready"),
    select(func.count()).select_from(_leads).where(_OF_CAMPAIGN, one_of(_leads.c.state, CLAIMED)).scalar_subquery().label("in_flight"),
    select(func.min(_leads.c.due_at))
    .where(_OF_CAMPAIGN, _leads.c.queue.is_(None), _leads.c.due_at.is_not(None))
    .scalar_subquery()
    .label("next_due"),
    select(func.min(_leads.c.expires_at))
    .where(_OF_CAMPAIGN, _leads.c.expires_at.is_not(None), _leads.c.due_at.is_not(None))
    .scalar_subquery()
    .label("next_expiry"),
)
_BACKLOG = Statement(select(*_COLUMNS))
_WITH_CAMPAIGN = select(_campaigns, *_COLUMNS).where(_campaigns.c.id == bindparam("campaign_id"))
_READ_CAMPAIGN, _LOCK_CAMPAIGN = Statement(_WITH_CAMPAIGN), Statement(_WITH_CAMPAIGN.with_for_update(read=True, of=_campaigns))


def backlog(connection: Connection, campaign_id: str) -> Backlog:
    """The backlog, by four index look-ups: its cost does not grow with the number of leads."""
    return _backlog(_BACKLOG.run(connection, campaign_id=campaign_id).one())


def campaign_and_backlog(connection: Connection, campaign_id: str, *, lock: bool = False) -> tuple[AnyRow, Backlog]:
    """The row of a campaign and its backlog, both of one moment.

    Args:
        connection: a transaction; one that may write, to `lock`.
        campaign_id: the campaign.
        lock: lock the campaign as `lock_campaign` does.

    Raises:
        sqlalchemy.exc.NoResultFound: if there is no such campaign.
    """
    row = (_LOCK_CAMPAIGN if lock else _READ_CAMPAIGN).run(connection, campaign_id=campaign_id).one()
    return row, _backlog(row)


def _backlog(row: AnyRow) -> Backlog:
    return Backlog(bool(row.ready), row.in_flight, row.next_due, row.next_expiry, row.ready)


@dataclass(frozen=True)
class Progress:
    """Where a campaign stands: leads by state, and attempts.

    Of the `answered` ones a machine picked up `machines`, and in `silent` ones whoever picked up never spoke. A callee who hung up at
    once counts as a person.
    """

    by_state: dict[str, int]
    attempts: int
    answered: int
    machines: int = 0
    silent: int = 0

    @property
    def people(self) -> int:
        """Calls that a person answered."""
        return self.answered - self.machines - self.silent

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
    answered = _attempts.c.sip_status == 200
    dialled, picked_up, machines, silent = connection.execute(
        select(
            func.count(_attempts.c.placed_at),
            func.count().filter(answered),
            func.count().filter(answered, _attempts.c.outcome == Outcome.VOICEMAIL),
            func.count().filter(answered, _attempts.c.outcome == Outcome.RNR),
        ).where(_attempts.c.campaign_id == campaign_id)
    ).one()
    return Progress({row[0]: row[1] for row in states}, dialled, picked_up, machines, silent)


@dataclass(frozen=True)
class DispositionCount:
    """How many leads have a disposition: `done` ones, and `waiting` ones, which are called again."""

    disposition: str
    done: int
    waiting: int


def count_dispositions(connection: Connection, campaign_id: str) -> list[DispositionCount]:
    """The dispositions of the leads that were called so far, the most frequent first; its cost grows with the campaign."""
    done = func.count().filter(one_of(_leads.c.state, FINAL))
    rows = connection.execute(
        select(_leads.c.disposition, func.count(), done)
        .where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged", _leads.c.disposition.is_not(None))
        .group_by(_leads.c.disposition)
        .order_by(func.count().desc(), _leads.c.disposition)
    )
    return [DispositionCount(word, final, number - final) for word, number, final in rows if word]
