"""What this installation remembers of its LiveKit servers, in the database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from core.kernel.statements import table_of
from core.transports.livekit.tables import LiveKitClaim, LiveKitEvent, LiveKitInstallation, LiveKitTrunk

__all__ = [
    "KEPT",
    "Standing",
    "claim_room",
    "forget_before",
    "forget_standing",
    "installation_name",
    "keep_standing",
    "outbound_trunk_id",
    "standings",
    "take_event",
]

_installation = table_of(LiveKitInstallation)
_trunks = table_of(LiveKitTrunk)
_events = table_of(LiveKitEvent)
_claims = table_of(LiveKitClaim)

KEPT = timedelta(days=2)
"""How long events and claims are remembered: LiveKit gives a webhook up within minutes, and no call is longer than a day."""


@dataclass(frozen=True)
class Standing:
    """How a trunk stands at its LiveKit server: what it is called there, and what is wrong, in words."""

    trunk: str
    outbound_trunk_id: str | None
    inbound_trunk_id: str | None
    dispatch_rule_id: str | None
    error: str | None
    looked_at: datetime


def installation_name(connection: Connection) -> str:
    """What our rooms and trunks are marked with: made once for a database, whatever process asks first."""
    _insert_once(connection, _installation, {"id": 1, "name": secrets.token_hex(4)})
    return str(connection.execute(select(_installation.c.name)).scalar_one())


def keep_standing(connection: Connection, standing: Standing) -> None:
    """Write down how a trunk stands."""
    values = {name: getattr(standing, name) for name in Standing.__dataclass_fields__}
    insert = _inserting(connection, _trunks).values(values)
    changed = {key: value for key, value in values.items() if key != "trunk"}
    connection.execute(insert.on_conflict_do_update(index_elements=["trunk"], set_=changed))


def forget_standing(connection: Connection, trunk: str) -> None:
    """The trunk is ours no longer."""
    connection.execute(delete(_trunks).where(_trunks.c.trunk == trunk))


def standings(connection: Connection) -> dict[str, Standing]:
    """How every trunk that was looked at stands, by name."""
    return {row.trunk: Standing(**row._mapping) for row in connection.execute(select(_trunks))}


def outbound_trunk_id(connection: Connection, trunk: str) -> str | None:
    """What LiveKit calls the outbound trunk of one of our trunks; None if it is not there yet."""
    return connection.execute(select(_trunks.c.outbound_trunk_id).where(_trunks.c.trunk == trunk)).scalar_one_or_none()


def take_event(connection: Connection, event_id: str, event: str, now: datetime) -> bool:
    """Take a webhook. Returns False if it was taken before, by whatever process."""
    return _insert_once(connection, _events, {"id": event_id, "event": event, "received_at": now})


def claim_room(connection: Connection, room: str, worker_id: str, now: datetime) -> bool:
    """Claim an inbound call's room. Returns False if another worker was first."""
    return _insert_once(connection, _claims, {"room": room, "worker_id": worker_id, "claimed_at": now})


def forget_before(connection: Connection, moment: datetime) -> None:
    """Forget events and claims from before."""
    connection.execute(delete(_events).where(_events.c.received_at < moment))
    connection.execute(delete(_claims).where(_claims.c.claimed_at < moment))


def _insert_once(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    first = next(iter(table.primary_key.columns))
    added = _inserting(connection, table).values(row).on_conflict_do_nothing().returning(first)
    return connection.execute(added).first() is not None


def _inserting(connection: Connection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
