"""The clock of a process. A virtual or scaled one goes on where the records of the campaigns that it is for end, and nobody else's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from core.access.embedded import EMBEDDED_KEY_ID
from core.calls.tables import Call, CallEvent
from core.kernel.clock import Clock, RealClock, utc_now
from core.kernel.lines import REAL, SANDBOX
from core.kernel.scaled_clock import ScaledClock
from core.kernel.statements import table_of
from core.kernel.virtual_clock import VirtualClock
from dialler.campaigns.store import all_campaigns, latest_clock, own_campaign
from dialler.leads.tables import OPEN, Attempt
from web.settings import Settings

__all__ = ["latest_moment", "make_clock"]

_attempts = table_of(Attempt)
_calls = table_of(Call)
_events = table_of(CallEvent)


def make_clock(settings: Settings, connection: Connection) -> Clock:
    """The clock that the settings ask for. A real one shows the real time, whatever the records say."""
    if settings.in_real_time:
        return RealClock()
    start = max([settings.start or utc_now(), *_moments(settings, connection)])
    return VirtualClock(start) if settings.speed is None else ScaledClock(settings.speed, start)


def _moments(settings: Settings, connection: Connection) -> list[datetime]:
    """When the records of the campaigns end that this process dials for; on a clock of its own it is on the sandbox."""
    ids = set()
    if settings.campaign is not None and (own := own_campaign(connection, settings.campaign, SANDBOX)) is not None:
        ids.add(own.id)
    if not settings.alone:  # those that the supervisor would take
        ids |= {row.id for row in all_campaigns(connection) if row.state in {"running", "stopping"} and row.lines != REAL}
    return [moment for campaign_id in ids if (moment := latest_moment(connection, campaign_id)) is not None]


def latest_moment(connection: Connection, campaign_id: str) -> datetime | None:
    """The latest that is noted of a campaign, and of the calls whose results its leads wait for; None before it ran."""
    last = (
        select(func.max(_events.c.at), func.max(_calls.c.created_at))  # its first event may not be written
        .select_from(_attempts)
        .join(_calls, (_calls.c.api_key_id == EMBEDDED_KEY_ID) & (_calls.c.idempotency_key == _attempts.c.id))
        .outerjoin(_events, _events.c.call_id == _calls.c.call_id)
        .where(_attempts.c.campaign_id == campaign_id, OPEN)
    )
    moments = (latest_clock(connection, campaign_id), *connection.execute(last).one())
    return max((moment for moment in moments if moment is not None), default=None)
