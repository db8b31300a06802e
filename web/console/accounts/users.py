"""The users of the console in the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from core.kernel.ids import Ids
from core.kernel.statements import table_of
from web.console.accounts.tables import ConsoleUser
from web.console.rights import Role

__all__ = [
    "LoginTaken",
    "add_user",
    "all_users",
    "change_user",
    "count_users",
    "find_user",
    "is_login",
    "last_admin",
    "login_of",
    "read_user",
]

_users = table_of(ConsoleUser)
_LOGIN = re.compile(r"[^\s@<>\"']{1,64}(@[^\s@<>\"']{1,190})?")


class LoginTaken(Exception):
    """Another user has this login."""


def login_of(text: str) -> str:
    """A login as it is stored: trimmed, in lower case."""
    return text.strip().casefold()


def is_login(login: str) -> bool:
    """Whether a text can be a login: an e-mail address or a name without spaces."""
    return _LOGIN.fullmatch(login) is not None


def count_users(connection: Connection) -> int:
    """How many users there are."""
    return int(connection.execute(select(func.count()).select_from(_users)).scalar_one())


def find_user(connection: Connection, login: str) -> Row[Any] | None:
    """The user with a login."""
    return connection.execute(select(_users).where(_users.c.login == login)).one_or_none()


def read_user(connection: Connection, user_id: str) -> Row[Any] | None:
    """The user with an id."""
    return connection.execute(select(_users).where(_users.c.id == user_id)).one_or_none()


def all_users(connection: Connection) -> Sequence[Row[Any]]:
    """Every user, by name."""
    return connection.execute(select(_users).order_by(_users.c.name, _users.c.login)).all()


def add_user(
    connection: Connection,
    login: str,
    name: str,
    roles: Sequence[Role],
    now: datetime,
    *,
    password_hash: str | None = None,
    team_id: str | None = None,
) -> str:
    """Add a user. Returns the id.

    Raises:
        LoginTaken: see there.
    """
    if find_user(connection, login) is not None:
        raise LoginTaken(login)
    user_id = Ids().new()  # never derived from the seed of a run
    connection.execute(
        insert(_users).values(
            id=user_id,
            login=login,
            name=name,
            roles=[str(role) for role in roles],
            team_id=team_id,
            password_hash=password_hash,
            created_at=now,
        )
    )
    return user_id


def change_user(connection: Connection, user_id: str, **values: Any) -> None:
    """Change columns of a user."""
    connection.execute(update(_users).where(_users.c.id == user_id).values(**values))


def last_admin(connection: Connection, user_id: str) -> bool:
    """Whether a user is the only admin who can sign in."""
    admins = [
        user.id
        for user in all_users(connection)
        if Role.ADMIN in user.roles and user.disabled_at is None and user.password_hash is not None
    ]
    return admins == [user_id]
