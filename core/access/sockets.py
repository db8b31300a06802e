"""Who may open WebSocket calls to a bot: holders of the bot's token, API keys with the bot in their scope, or everybody if the bot is open.

A token is 256 random bits behind `dw_`. It is shown once and stored as its SHA-256, like API keys.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from core.access.checks import Unauthorized, identify
from core.access.keys import DEFAULT_OVERLAP, KeyInfo, hash_of
from core.access.tables import BotSocket
from core.kernel.statements import table_of

__all__ = ["Opener", "SocketAccess", "access_to", "make_token", "may_open", "revoke_token", "set_open"]

_sockets = table_of(BotSocket)
_MARK = "dw_"
_SHOWN = 8
_LONGEST = 128


@dataclass(frozen=True)
class SocketAccess:
    """WebSocket access to a bot; `prefix` is how its token begins, None if it has none."""

    bot_id: str
    is_open: bool = False
    prefix: str | None = None
    made_at: datetime | None = None
    previous_until: datetime | None = None


@dataclass(frozen=True)
class Opener:
    """Who may open a call.

    Attributes:
        key: the API key that was shown, if one was; `shown` is its text.
        is_anybody: whether no valid credential was shown and none is needed: the bot is open.
    """

    key: KeyInfo | None = None
    shown: str = field(default="", repr=False)
    is_anybody: bool = False


def access_to(connection: Connection, bot_id: str) -> SocketAccess:
    """The WebSocket access to the bot."""
    row = _row(connection, bot_id)
    return SocketAccess(bot_id) if row is None else SocketAccess(bot_id, row.is_open, row.prefix, row.made_at, row.previous_until)


def make_token(connection: Connection, bot_id: str, now: datetime, overlap: timedelta = DEFAULT_OVERLAP) -> str:
    """Give the bot a token. The current one works for `overlap` longer; earlier ones stop working at once."""
    token = _MARK + secrets.token_urlsafe(32)
    before = _row(connection, bot_id, lock=True)
    had = before is not None and before.token_hash is not None
    _write(
        connection,
        bot_id,
        token_hash=hash_of(token),
        prefix=token[: len(_MARK) + _SHOWN],
        made_at=now,
        previous_hash=before.token_hash if before is not None and had else None,
        previous_until=now + overlap if had else None,
    )
    return token


def revoke_token(connection: Connection, bot_id: str) -> bool:
    """Revoke the bot's token and the one before it. Returns False if it had none."""
    row = _row(connection, bot_id, lock=True)
    if row is None or row.token_hash is None:
        return False
    _write(connection, bot_id, token_hash=None, prefix=None, made_at=None, previous_hash=None, previous_until=None)
    return True


def set_open(connection: Connection, bot_id: str, *, is_open: bool) -> None:
    """Let everybody open calls to the bot, or stop doing so."""
    _write(connection, bot_id, is_open=is_open)


def may_open(connection: Connection, bot_id: str, tokens: Sequence[str], keys: Sequence[str], now: datetime) -> Opener:
    """Decide whether a client may open a call to a bot, which need not exist. Only reads, so strangers cannot hold anybody up.

    Args:
        connection: a transaction.
        bot_id: the bot.
        tokens: presented values that may be the bot's token.
        keys: presented values that may be an API key.
        now: the clock's time.

    Raises:
        Unauthorized: none of them is valid for this bot.
    """
    row = _row(connection, bot_id)
    if row is not None:
        known = [row.token_hash or ""]
        if row.previous_until is not None and now < row.previous_until:
            known.append(row.previous_hash or "")
        given_hashes = [hash_of(token) for token in tokens if 0 < len(token) <= _LONGEST and token.isascii()]
        if any(hmac.compare_digest(given, kept) for given in given_hashes for kept in known):
            return Opener()
    for given in keys:
        try:
            key = identify(connection, given, now)
        except Unauthorized:
            continue
        if key.role != "agent" and key.may_use(bot_id):
            return Opener(key, given)
    if row is not None and row.is_open:
        return Opener(is_anybody=True)
    raise Unauthorized


def _row(connection: Connection, bot_id: str, *, lock: bool = False) -> Row[Any] | None:
    found = select(_sockets).where(_sockets.c.bot_id == bot_id)
    return connection.execute(found.with_for_update() if lock else found).one_or_none()


def _write(connection: Connection, bot_id: str, **values: Any) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = insert(_sockets).values(**{"bot_id": bot_id, "is_open": False, **values})
    connection.execute(row.on_conflict_do_update(index_elements=["bot_id"], set_=values))
