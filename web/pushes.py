"""Whose pushes a process sends: those of its own campaign, or those that were made by a clock like its own.

Several runs may share a database, each with its own clock. What one of them has left unsent is sent by its next run, or by
`dialler deliveries send`: not by the next process that starts, and not when a real clock reaches the moments of a rehearsal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, false, not_, select

from core.access.embedded import EMBEDDED_KEY_ID
from core.calls.tables import Call
from core.deliveries.claims import Which
from core.deliveries.tables import Delivery
from core.kernel.statements import table_of
from dialler.campaigns.store import latest_clock
from dialler.campaigns.tables import Campaign
from dialler.leads.tables import Attempt

__all__ = ["Scope", "by_own_clock", "nobodys", "of_campaign", "scopes"]

_attempts = table_of(Attempt)
_calls = table_of(Call)
_campaigns = table_of(Campaign)
_deliveries = table_of(Delivery)


@dataclass(frozen=True)
class Scope:
    """Pushes that are sent together: those of the campaign of this name, at the moment its clock shows; of None the others, now."""

    campaign: str | None
    moment: datetime | None
    which: Which

    @property
    def condition(self) -> ColumnElement[bool]:
        """Which deliveries they are."""
        return self.which(_deliveries)


def nobodys(_: Any) -> ColumnElement[bool]:
    """No delivery at all."""
    return false()


def of_campaign(campaign_id: str) -> Which:
    """Deliveries of the calls of a campaign. Its attempts are known before their calls are placed."""

    def which(table: Any) -> ColumnElement[bool]:
        return _attempt_of(table).where(_attempts.c.campaign_id == campaign_id).exists()

    return which


def by_own_clock(own_clock: bool) -> Which:
    """Deliveries of campaigns that last ran on a clock of a process's own, or those of all others: of real time, and of no campaign."""

    def which(table: Any) -> ColumnElement[bool]:
        ours = exists().where(_campaigns.c.id == _attempts.c.campaign_id, _campaigns.c.own_clock.is_(not own_clock))
        return not_(_attempt_of(table).where(ours).exists())

    return which


def _attempt_of(table: Any) -> Select[tuple[str]]:
    return select(_attempts.c.id).where(
        _calls.c.call_id == table.c.call_id, _calls.c.api_key_id == EMBEDDED_KEY_ID, _attempts.c.id == _calls.c.idempotency_key
    )


def scopes(connection: Connection) -> list[Scope]:
    """Every push of the database, in the groups that are sent at different times."""
    rows = connection.execute(select(_campaigns.c.id, _campaigns.c.name).where(_campaigns.c.own_clock).order_by(_campaigns.c.created_at))
    return [
        Scope(None, None, by_own_clock(False)),
        *(Scope(row.name, latest_clock(connection, row.id), of_campaign(row.id)) for row in rows),
    ]
