"""Versions of a bot."""

from __future__ import annotations

import json

from sqlalchemy import update

from core.bots.config import BotConfig
from core.bots.store import read_bot, save_bot, versions_of
from core.bots.tables import BotVersion
from core.kernel.database import Database
from core.kernel.statements import table_of
from tests.conftest import START

_versions = table_of(BotVersion)


def test_a_bot_of_an_earlier_version_of_the_product_stays_as_it_is(database: Database) -> None:
    config = BotConfig(name="Reminder", id="reminder", opening_message="Hello there.")
    with database.write() as connection:
        save_bot(connection, config, START)
        old = json.loads(config.model_dump_json())
        for key in ("voice", "recording", "desk"):  # the product did not know these then
            del old[key]
        connection.execute(update(_versions).values(config=old, checksum="of the keys that there were then"))
        assert save_bot(connection, config, START).version == 1
        assert save_bot(connection, config.model_copy(update={"opening_message": "Hello."}), START).version == 2
        assert len(versions_of(connection, "reminder")) == 2
        connection.execute(update(_versions).values(config={"name": 5}, checksum="of what cannot be read any more"))
        assert save_bot(connection, config, START).version == 3
        stored = read_bot(connection, "reminder")
    assert stored is not None
    assert stored.config == config
