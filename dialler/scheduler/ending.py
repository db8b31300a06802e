"""The end of a campaign: written once, by the process that holds its lease."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from dialler.campaigns.states import NotAllowed
from dialler.campaigns.store import change_state, lock_campaign, read_campaign
from dialler.leads.progress import backlog
from dialler.leads.queue import close_waiting
from dialler.scheduler.holds import Hold

__all__ = ["LeaseLost", "check_lease", "end_campaign"]


class LeaseLost(Exception):
    """Another process has taken the campaign over: this one must not write or dial for it any more."""


def check_lease(campaign: Row[Any], campaign_id: str, token: str) -> None:
    """Check that a campaign is still ours.

    Raises:
        LeaseLost: another process took it over.
    """
    if campaign.owner_token != token:
        raise LeaseLost(f"the campaign {campaign_id} was taken over by another process")


def end_campaign(
    connection: Connection, campaign_id: str, token: str, state: str, event: str, failure: Hold | None, now: datetime
) -> str | None:
    """End a campaign by `event`, unless there is something to dial by now: an import may have come in since the last look.

    Args:
        connection: a transaction that may write.
        campaign_id: the campaign.
        token: of the lease.
        state: the campaign's state at the last look: `running` or `stopping`.
        event: what ends it.
        failure: why nothing can be dialled any more; None: it is no failure.
        now: the current time.

    Returns:
        What became of it; None if it goes on, by an order or leads of this very moment.

    Raises:
        LeaseLost: another process took it over.
    """
    if state == "stopping" and event == "failed":
        event = "drained"
    check_lease(lock_campaign(connection, campaign_id, alone=True), campaign_id, token)
    if event == "finished" and not backlog(connection, campaign_id).empty:
        return None
    reason = failure.detail if failure else read_campaign(connection, campaign_id).reason
    try:
        end = change_state(connection, campaign_id, event, now, reason=reason)
    except NotAllowed:
        return None
    if event == "drained":  # some may have come while the last calls were finished
        close_waiting(connection, campaign_id, "stopped", now)
    elif failure and failure.reason != "misconfigured":  # (a mistake can be corrected: those wait)
        close_waiting(connection, campaign_id, "window_closed", now)
    return end
