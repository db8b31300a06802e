"""Signed-in browsers: a random token in a cookie, a row in the database that can be listed and revoked. Times are wall-clock times."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from core.kernel.ids import Ids
from core.kernel.statements import table_of
from web.console.accounts.tables import ConsoleSession, ConsoleUser
from web.console.rights import Grant, Right, Role, grant_of

__all__ = [
    "IDLE",
    "LONGEST",
    "Visitor",
    "act_as",
    "end_session",
    "end_sessions_of",
    "find_visitor",
    "forget_sessions",
    "is_due",
    "open_session",
    "sessions_of",
    "touch",
]

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(days=7)
_TOUCHED_EVERY: Final = timedelta(minutes=1)
_KEPT: Final = timedelta(days=30)

_sessions, _users = table_of(ConsoleSession), table_of(ConsoleUser)


@dataclass(frozen=True)
class Visitor:
    """Who asks: a user in one session, acting in one role."""

    user_id: str
    login: str
    name: str
    role: Role
    roles: tuple[Role, ...]
    team_id: str | None
    session_id: str
    csrf: str
    """Goes into every form; another site cannot know it."""
    ends_at: datetime
    """When the session ends if nothing more is asked."""
    locale: str | None = None
    time_zone: str | None = None
    theme: str | None = None

    def grant(self, right: Right) -> Grant:
        """How far the acting role has a right."""
        return grant_of(self.role, right)

    def may(self, right: Right) -> bool:
        """Whether the acting role has a right at all."""
        return bool(self.grant(right))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(
    connection: Connection, user_id: str, role: str, now: datetime, *, address: str | None = None, agent: str | None = None
) -> str:
    """Open a session. Returns the token for the cookie, which is not stored."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(_sessions).values(
            token_hash=_hash(token),
            id=Ids().new(),
            user_id=user_id,
            role=role,
            created_at=now,
            seen_at=now,
            ends_at=now + LONGEST,
            address=address,
            agent=(agent or "")[:300] or None,
        )
    )
    return token


def find_visitor(connection: Connection, token: str, now: datetime) -> tuple[Visitor, datetime] | None:
    """Who has this token, and when the session was last seen; None if it ended, or the user may not sign in any more."""
    query = select(_sessions, *(_users.c[name] for name in ("login", "name", "roles", "team_id", "locale", "time_zone", "theme")))
    row = connection.execute(
        query.join(_users, _users.c.id == _sessions.c.user_id).where(
            _sessions.c.token_hash == _hash(token), _sessions.c.revoked_at.is_(None), _users.c.disabled_at.is_(None)
        )
    ).one_or_none()
    if row is None or now >= row.ends_at or now >= row.seen_at + IDLE or not row.roles:
        return None
    roles = tuple(Role(role) for role in row.roles)
    visitor = Visitor(
        user_id=row.user_id,
        login=row.login,
        name=row.name,
        role=Role(row.role) if row.role in roles else roles[0],
        roles=roles,
        team_id=row.team_id,
        session_id=row.id,
        csrf=hmac.new(token.encode(), b"console form", "sha256").hexdigest()[:40],
        ends_at=min(row.ends_at, now + IDLE),
        locale=row.locale,
        time_zone=row.time_zone,
        theme=row.theme,
    )
    return visitor, row.seen_at


def touch(connection: Connection, session_id: str, now: datetime) -> None:
    """Note that a session is used."""
    connection.execute(update(_sessions).where(_sessions.c.id == session_id).values(seen_at=now))


def is_due(seen_at: datetime, now: datetime) -> bool:
    """Whether to note again that a session is used: a write a minute, not one a request. Pure."""
    return now - seen_at >= _TOUCHED_EVERY


def act_as(connection: Connection, session_id: str, role: Role) -> None:
    """Let a session act in another role of its user."""
    connection.execute(update(_sessions).where(_sessions.c.id == session_id).values(role=str(role)))


def sessions_of(connection: Connection, user_id: str, now: datetime) -> Sequence[Row[Any]]:
    """The sessions of a user that have not ended, the one used last first."""
    query = select(_sessions).where(
        _sessions.c.user_id == user_id, _sessions.c.revoked_at.is_(None), _sessions.c.ends_at > now, _sessions.c.seen_at > now - IDLE
    )
    return connection.execute(query.order_by(_sessions.c.seen_at.desc(), _sessions.c.id)).all()


def end_session(connection: Connection, user_id: str, session_id: str, now: datetime) -> bool:
    """End a session of a user. Returns False if there is none to end."""
    ended = connection.execute(
        update(_sessions)
        .where(_sessions.c.user_id == user_id, _sessions.c.id == session_id, _sessions.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return ended.rowcount > 0


def end_sessions_of(connection: Connection, user_id: str, now: datetime, *, but: str | None = None) -> int:
    """End every session of a user, except one. Returns how many."""
    ended = connection.execute(
        update(_sessions)
        .where(_sessions.c.user_id == user_id, _sessions.c.revoked_at.is_(None), _sessions.c.id != (but or ""))
        .values(revoked_at=now)
    )
    return ended.rowcount


def forget_sessions(connection: Connection, now: datetime) -> None:
    """Delete sessions that ended a month ago."""
    connection.execute(delete(_sessions).where(_sessions.c.ends_at < now - _KEPT))
