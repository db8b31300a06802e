"""The lease of the one process that dials for a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from core.kernel.processes import ProcessIdentity, is_dead
from core.kernel.statements import table_of
from dialler.campaigns.tables import Campaign

__all__ = ["OWNER_LEASE", "AlreadyRunning", "Owner", "acquire", "owner_of", "release", "renew"]

OWNER_LEASE = timedelta(seconds=200)
"""How long, in wall time, an owner that has gone silent keeps a campaign: longer than the database may be away from it. A dead process on
this machine loses it at once."""

_campaigns = table_of(Campaign)


class AlreadyRunning(Exception):
    """Another process dials for this campaign."""


@dataclass(frozen=True)
class Owner:
    """The owner of a campaign as stored in the database."""

    token: str
    process: ProcessIdentity
    lease_until: datetime

    def alive(self, wall: datetime) -> bool:
        """Whether its lease is valid."""
        return self.lease_until >= wall and not is_dead(self.process)


def owner_of(connection: Connection, campaign_id: str) -> Owner | None:
    """The owner of the campaign, alive or not."""
    row = connection.execute(select(_campaigns).where(_campaigns.c.id == campaign_id)).one_or_none()
    if row is None or row.owner_token is None:
        return None
    return Owner(row.owner_token, ProcessIdentity(row.owner_host, row.owner_pid, row.owner_pid_started), row.owner_lease_until)


def acquire(connection: Connection, campaign_id: str, token: str, process: ProcessIdentity, wall: datetime) -> None:
    """Become the owner.

    Raises:
        AlreadyRunning: another live process owns it.
    """
    before = owner_of(connection, campaign_id)
    if before is not None and before.alive(wall):
        raise AlreadyRunning(
            f"Another process dials for this campaign: process {before.process.pid} on {before.process.host}. "
            "Wait for its end, or stop the campaign with `dialler campaigns stop`."
        )
    same = _campaigns.c.owner_token.is_(None) if before is None else _campaigns.c.owner_token == before.token
    taken = connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, same)
        .values(
            owner_token=token,
            owner_host=process.host,
            owner_pid=process.pid,
            owner_pid_started=process.started,
            owner_lease_until=wall + OWNER_LEASE,
        )
    )
    if taken.rowcount != 1:
        raise AlreadyRunning("Another process has just begun to dial for this campaign.")


def renew(connection: Connection, campaign_id: str, token: str, wall: datetime, clock_at: datetime) -> bool:
    """Renew the lease, and record the owner's clock. Returns False if the lease was lost."""
    kept = connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.owner_token == token)
        .values(owner_lease_until=wall + OWNER_LEASE, clock_at=clock_at)
    )
    return kept.rowcount == 1


def release(connection: Connection, campaign_id: str, token: str, clock_at: datetime) -> None:
    """Give up ownership."""
    connection.execute(
        update(_campaigns)
        .where(_campaigns.c.id == campaign_id, _campaigns.c.owner_token == token)
        .values(owner_token=None, owner_host=None, owner_pid=None, owner_pid_started=None, owner_lease_until=None, clock_at=clock_at)
    )
