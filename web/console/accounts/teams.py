"""Teams in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from core.kernel.ids import Ids
from core.kernel.statements import table_of
from web.console.accounts.tables import ConsoleTeam

__all__ = ["all_teams", "ensure_team"]

_teams = table_of(ConsoleTeam)


def all_teams(connection: Connection) -> Sequence[Row[Any]]:
    """Every team, by name."""
    return connection.execute(select(_teams).order_by(_teams.c.name)).all()


def ensure_team(connection: Connection, name: str, now: datetime) -> str | None:
    """The id of the team of this name, which is added if there is none; None for an empty name."""
    name = name.strip()[:100]
    if not name:
        return None
    found = connection.execute(select(_teams.c.id).where(_teams.c.name == name)).scalar_one_or_none()
    if found is not None:
        return str(found)
    team_id = Ids().new()
    connection.execute(insert(_teams).values(id=team_id, name=name, created_at=now))
    return team_id
