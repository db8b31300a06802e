"""Links that work once: for the first admin, an invitation, a new password. Only a hash of each is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select, update

from core.kernel.statements import table_of
from web.console.accounts.tables import ConsoleLink

__all__ = ["LIFETIMES", "find_link", "make_link", "use_link"]

Kind = Literal["first_admin", "invitation", "password"]
LIFETIMES: Final[dict[str, timedelta]] = {
    "first_admin": timedelta(hours=24),
    "invitation": timedelta(days=7),
    "password": timedelta(hours=24),
}

_links = table_of(ConsoleLink)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(connection: Connection, kind: Kind, user_id: str | None, now: datetime) -> str:
    """Make a link's token. Earlier links of the kind, for the same user, no longer work."""
    same = _links.c.user_id.is_(None) if user_id is None else _links.c.user_id == user_id
    connection.execute(update(_links).where(_links.c.kind == kind, same, _links.c.used_at.is_(None)).values(withdrawn=True))
    token = secrets.token_urlsafe(24)
    connection.execute(
        insert(_links).values(token_hash=_hash(token), kind=kind, user_id=user_id, created_at=now, expires_at=now + LIFETIMES[kind])
    )
    return token


def find_link(connection: Connection, token: str, now: datetime) -> Row[Any] | None:
    """The link with this token, if it still works."""
    query = select(_links).where(
        _links.c.token_hash == _hash(token), _links.c.used_at.is_(None), _links.c.withdrawn.is_(False), _links.c.expires_at > now
    )
    return connection.execute(query).one_or_none()


def use_link(connection: Connection, token: str, now: datetime) -> Row[Any] | None:
    """Use a link up. Returns it, or None if it does not work any more: of two that use it at once, one gets it."""
    link = find_link(connection, token, now)
    if link is None:
        return None
    used = connection.execute(update(_links).where(_links.c.token_hash == link.token_hash, _links.c.used_at.is_(None)).values(used_at=now))
    return link if used.rowcount else None
