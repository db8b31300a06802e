"""What is remembered of how a trunk does, in its row: by its circuit breaker, changed while the row is locked, whichever process
has news; and how its registration stands, by whichever process had the last news."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, null, select, update

from core.kernel.statements import table_of
from core.transports.sip.standing import Registration
from core.trunks.breaker import Health
from core.trunks.tables import Trunk

__all__ = ["change_health", "keep_health", "keep_registration"]

_trunks = table_of(Trunk)


def change_health(connection: Connection, trunk: str, change: Callable[[Health], Health]) -> tuple[Health, Health] | None:
    """Change what is remembered of a trunk. Returns it before and after; None if there is no such trunk."""
    row = connection.execute(select(_trunks.c.health).where(_trunks.c.name == trunk).with_for_update()).one_or_none()
    if row is None:
        return None
    before = Health.of(row.health)
    after = change(before)
    if after != before:
        keep_health(connection, trunk, after)
    return before, after


def keep_health(connection: Connection, trunk: str, health: Health) -> None:
    """Remember this of a trunk."""
    connection.execute(update(_trunks).where(_trunks.c.name == trunk).values(health=health.record() or null()))


def keep_registration(connection: Connection, trunk: str, registration: Registration | None) -> None:
    """Remember how a trunk's registration stands; None: it has none."""
    record = registration.record() if registration is not None else null()
    connection.execute(update(_trunks).where(_trunks.c.name == trunk).values(registration=record))
