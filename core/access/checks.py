"""Checks the API key of a request: whose it is, whether it is valid, and whether its rate limit allows one more request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from core.access.keys import KeyInfo, hash_of, info_of
from core.access.tables import ApiKey
from core.kernel.rate import TokenBucket
from core.kernel.statements import Statement, table_of

__all__ = ["TooManyRequests", "Unauthorized", "admit", "identify", "is_to_be_counted", "note_uses", "verify"]

_keys = table_of(ApiKey)
_BY_HASH = Statement(select(_keys).where((_keys.c.key_hash == bindparam("given")) | (_keys.c.previous_hash == bindparam("given"))))
_NOTE_USE = Statement(update(_keys).where(_keys.c.id == bindparam("key")).values(last_used_at=bindparam("at")))

_LONGEST = 128
_USE_NOTED_EVERY = timedelta(minutes=1)


class Unauthorized(Exception):
    """The API key is missing, unknown, revoked or expired; the caller does not learn which."""

    def __init__(self) -> None:
        super().__init__("Missing or invalid API key: send a valid one in the X-API-Key header.")


class TooManyRequests(Exception):
    """The key has used up its requests a minute; the next may come at `retry_at`."""

    def __init__(self, per_minute: int, retry_at: datetime) -> None:
        super().__init__(f"This API key may send {per_minute} requests a minute. Wait, and send this one again.")
        self.retry_at = retry_at


def identify(connection: Connection, header: str | None, now: datetime) -> KeyInfo:
    """Whose key this is. Only reads.

    Args:
        connection: a transaction.
        header: the value of the X-API-Key header.
        now: the clock's time.

    Raises:
        Unauthorized: when it is missing, unknown, revoked or expired.
    """
    if not header or len(header) > _LONGEST or not header.isascii():
        raise Unauthorized
    given = hash_of(header)
    row = _BY_HASH.run(connection, given=given).first()
    if row is None or not (info := info_of(row)).is_valid(now):
        raise Unauthorized
    if row.key_hash != given and not (info.previous_until and now < info.previous_until):
        raise Unauthorized
    return info


def is_to_be_counted(key: KeyInfo, now: datetime) -> bool:
    """Whether a use of the key must be recorded: it has a limit, or its last recorded use was a minute ago."""
    # abs: a run in virtual time may have recorded a use in the future
    return key.requests_per_minute is not None or key.last_used_at is None or abs(now - key.last_used_at) >= _USE_NOTED_EVERY


def verify(connection: Connection, header: str | None, now: datetime) -> KeyInfo:
    """`identify` in a transaction that may write: records the use, at most once a minute."""
    info = identify(connection, header, now)
    if info.last_used_at is None or abs(now - info.last_used_at) >= _USE_NOTED_EVERY:
        connection.execute(update(_keys).where(_keys.c.id == info.id).values(last_used_at=now))
    return info


def note_uses(connection: Connection, uses: Sequence[tuple[str, datetime]]) -> None:
    """Record when keys, by their ids, were used last: a writer of the journal."""
    for key_id, at in uses:
        _NOTE_USE.run(connection, key=key_id, at=at)


def admit(connection: Connection, key: KeyInfo, now: datetime) -> None:
    """Count one request against the key's limit, if it has one.

    Raises:
        TooManyRequests: when the limit is used up; the request is not counted.
    """
    if key.requests_per_minute is None:
        return
    mine = _keys.c.id == key.id
    full_at = connection.execute(select(_keys.c.rate_full_at).where(mine).with_for_update()).scalar_one()
    bucket = TokenBucket.of_a_minute(key.requests_per_minute, full_at, now)
    if not bucket.available(now):
        raise TooManyRequests(key.requests_per_minute, bucket.next_at(now))
    connection.execute(update(_keys).where(mine).values(rate_full_at=bucket.take(1, now).full_at))
