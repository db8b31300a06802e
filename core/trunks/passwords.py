"""Passwords of trunks: put into the secret store, and replaced by their reference."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from core.access.sealing import secret_name
from core.access.secrets import SecretStore, names_in

__all__ = ["seal_password"]


def seal_password(secrets: SecretStore, connection: Connection, trunk: str, password: str, now: datetime, what: str = "PASSWORD") -> str:
    """The reference to keep in place of a trunk's password; one that is a reference already stays as it is. `what` is part of its name."""
    if names_in(password) and password == f"secret:{names_in(password)[0]}":
        return password
    name = secret_name("TRUNK", trunk, what)
    secrets.set(connection, name, password, now)
    return f"secret:{name}"
