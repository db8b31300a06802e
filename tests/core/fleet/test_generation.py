"""The generation of the configuration counts every change, whoever makes it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.fleet.generation import read_generation
from core.kernel.database import Database

NOW = "'2026-03-04 10:00:00+00'"
ADD = {
    "api_keys": f"INSERT INTO api_keys (id, name, role, prefix, key_hash, created_at) VALUES ('k', 'n', 'dialout', 'dk', 'h', {NOW})",
    "bots": f"INSERT INTO bots (id, name, current_version, created_at, updated_at) VALUES ('b', 'n', 1, {NOW}, {NOW})",
    "trunks": "INSERT INTO trunks (name, transport, channels, calls_per_second, is_default, settings, created_at)"
    f" VALUES ('t', 'sip', 1, 1, false, '{{}}', {NOW})",
    "caller_ids": "INSERT INTO caller_ids (number, trunk, label) VALUES ('+12025550101', 't', '')",
}
CHANGE = {
    "api_keys": "UPDATE api_keys SET expires_at = created_at",
    "bots": "UPDATE bots SET archived_at = created_at",
    "trunks": "UPDATE trunks SET channels = 2",
    "caller_ids": "UPDATE caller_ids SET bot_id = 'b'",
}
NO_CONFIGURATION = {
    "api_keys": "UPDATE api_keys SET last_used_at = created_at",
    "trunks": "UPDATE trunks SET next_call_at = created_at, health = NULL",
}


def run(database: Database, statement: str) -> int:
    with database.write() as connection:
        connection.execute(text(statement.replace(":", r"\:")))
    with database.read() as connection:
        return read_generation(connection)


def test_every_change_counts(database: Database) -> None:
    seen = [0]
    deletions = [f"DELETE FROM {table}" for table in ("caller_ids", "trunks", "bots", "api_keys")]
    for statement in (*ADD.values(), *CHANGE.values(), *deletions):
        seen.append(run(database, statement))
        assert seen[-1] > seen[-2], statement


@pytest.mark.parametrize("table", NO_CONFIGURATION)
def test_what_is_no_configuration_does_not_count(database: Database, table: str) -> None:
    before = run(database, ADD[table])
    assert run(database, NO_CONFIGURATION[table]) == before
