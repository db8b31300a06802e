"""Bots in the database. Every change of a configuration is a new version; a call keeps the version it started with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, bindparam, insert, select, update

from core.bots.config import BotConfig
from core.bots.tables import Bot, BotVersion
from core.kernel.statements import AnyRow, Statement, table_of

__all__ = ["BotVersionInfo", "StoredBot", "all_bots", "archive", "read_bot", "read_version", "save_bot", "versions_of"]

_bots, _versions = table_of(Bot), table_of(BotVersion)
_CURRENT = (
    select(_versions)
    .join(_bots, (_versions.c.bot_id == _bots.c.id) & (_versions.c.version == _bots.c.current_version))
    .where(_bots.c.archived_at.is_(None))
)
_READ = Statement(
    select(_versions.c.bot_id, _versions.c.version, _versions.c.checksum)
    .join(_bots, (_versions.c.bot_id == _bots.c.id) & (_versions.c.version == _bots.c.current_version))
    .where(_bots.c.id == bindparam("bot"), _bots.c.archived_at.is_(None))
)
_VERSION = Statement(select(_versions).where(_versions.c.bot_id == bindparam("bot"), _versions.c.version == bindparam("number")))

_MOST_CONFIGS = 256


@dataclass(frozen=True)
class StoredBot:
    """A bot at one version."""

    id: str
    version: int
    config: BotConfig


@dataclass(frozen=True)
class BotVersionInfo:
    """A version in a list: its number, when it was created, and the bot's name in it."""

    version: int
    created_at: datetime
    name: str


_CONFIGS: dict[str, BotConfig] = {}


def _config(row: AnyRow) -> BotConfig:
    """The configuration of a version; parsed once, since every dial reads it. The cache key is its checksum."""
    config = _CONFIGS.get(row.checksum)
    if config is None:
        if len(_CONFIGS) >= _MOST_CONFIGS:
            _CONFIGS.clear()
        config = _CONFIGS[row.checksum] = BotConfig.model_validate(row.config)
    return config


def save_bot(connection: Connection, config: BotConfig, now: datetime) -> StoredBot:
    """Store a configuration; a new version only if it differs from the current one. `config.id` must be set.

    Restores an archived bot.
    """
    if not config.id:
        raise ValueError("a bot needs an id before it can be stored")
    document = config.model_dump(mode="json")
    checksum = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    current = connection.execute(
        select(_bots.c.current_version, _versions.c.checksum, _versions.c.config)
        .join(_versions, (_versions.c.bot_id == _bots.c.id) & (_versions.c.version == _bots.c.current_version))
        .where(_bots.c.id == config.id)
        .with_for_update()
    ).one_or_none()
    if current is not None and (current.checksum == checksum or _means(current.config, document)):
        connection.execute(update(_bots).where(_bots.c.id == config.id, _bots.c.archived_at.is_not(None)).values(archived_at=None))
        return StoredBot(config.id, current.current_version, config)
    version = 1 if current is None else current.current_version + 1
    if current is None:
        connection.execute(insert(_bots).values(id=config.id, name=config.name, current_version=1, created_at=now, updated_at=now))
    else:
        values = {"name": config.name, "current_version": version, "updated_at": now, "archived_at": None}
        connection.execute(update(_bots).where(_bots.c.id == config.id).values(**values))
    connection.execute(insert(_versions).values(bot_id=config.id, version=version, config=document, checksum=checksum, created_at=now))
    return StoredBot(config.id, version, config)


def _means(kept: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether a configuration stored by an earlier version of the product equals this one: keys that it lacks have their defaults."""
    try:
        return BotConfig.model_validate(kept).model_dump(mode="json") == document
    except ValidationError:
        return False


def read_bot(connection: Connection, bot_id: str) -> StoredBot | None:
    """The bot at its current version; None if it does not exist or is archived."""
    row = _READ.run(connection, bot=bot_id).first()
    if row is None:
        return None
    config = _CONFIGS.get(row.checksum)  # the document itself is read at the first dial only
    return StoredBot(row.bot_id, row.version, config) if config is not None else read_version(connection, row.bot_id, row.version)


def read_version(connection: Connection, bot_id: str, version: int) -> StoredBot | None:
    """The bot as it was at `version`."""
    row = _VERSION.run(connection, bot=bot_id, number=version).first()
    return None if row is None else StoredBot(row.bot_id, row.version, _config(row))


def all_bots(connection: Connection) -> list[StoredBot]:
    """The current version of every bot that is not archived, by id."""
    rows = connection.execute(_CURRENT.order_by(_bots.c.id)).all()
    return [StoredBot(row.bot_id, row.version, _config(row)) for row in rows]


def versions_of(connection: Connection, bot_id: str) -> list[BotVersionInfo]:
    """Every version of a bot, archived or not, newest first; empty if the bot does not exist."""
    rows = connection.execute(select(_versions).where(_versions.c.bot_id == bot_id).order_by(_versions.c.version.desc()))
    return [BotVersionInfo(row.version, row.created_at, row.config["name"]) for row in rows]


def archive(connection: Connection, bot_id: str, now: datetime) -> bool:
    """Archive a bot: it takes no new calls; calls in progress go on. Returns False if it does not exist or is already archived."""
    changed = connection.execute(update(_bots).where(_bots.c.id == bot_id, _bots.c.archived_at.is_(None)).values(archived_at=now))
    return changed.rowcount == 1
