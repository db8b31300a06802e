"""Trunks that are reached over SIP: kept, changed, written as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.kernel.config_problems import ConfigError
from core.kernel.database import Database
from core.kernel.yaml_document import YamlDocument
from core.trunks.documents import apply_trunks
from core.trunks.errors import BadTrunk
from core.trunks.reading import NumberRecord, TrunkRecord, find_trunk
from core.trunks.records import add_trunk, change_trunk
from core.trunks.store import choose_trunk

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
NUMBER = "+12025550101"


def add(database: Database, **sip: Any) -> TrunkRecord:
    with database.write() as connection:
        return add_trunk(
            connection, "carrier", transport="sip", channels=5, calls_per_second=2, numbers=[NumberRecord(NUMBER)], sip=sip or None, now=NOW
        )


def test_made_and_changed(database: Database) -> None:
    assert add(database, host="sip.example.com", port=5070).sip == {"host": "sip.example.com", "port": 5070}
    with database.write() as connection:
        changed = change_trunk(connection, "carrier", sip={"port": None, "number_prefix": ""})
    assert changed.sip == {"host": "sip.example.com", "number_prefix": ""}


def test_refused(database: Database) -> None:
    with pytest.raises(BadTrunk, match="needs at least its host"):
        add(database)
    with pytest.raises(BadTrunk, match=r"sip\.host"):
        add(database, host="a b")
    with database.write() as connection, pytest.raises(BadTrunk, match="only trunks of the transport sip"):
        add_trunk(connection, "s", transport="sandbox", channels=1, calls_per_second=1, sip={"host": "h"}, now=NOW)


def test_a_preferred_trunk_takes_calls_that_name_no_number(database: Database) -> None:
    add(database, host="127.0.0.1", local_address="127.0.0.1", lab=True)
    with database.write() as connection:
        add_trunk(connection, "other", transport="sandbox", channels=1, calls_per_second=1, is_default=True, now=NOW)
        default, preferred = choose_trunk(connection, None, None), choose_trunk(connection, None, None, "carrier")
    assert default is not None
    assert (default.name, default.lab) == ("other", False)
    assert preferred is not None
    assert (preferred.name, preferred.lab, preferred.from_number) == ("carrier", True, NUMBER)


def test_a_file_of_trunks(database: Database) -> None:
    entry: dict[str, Any] = {"name": "carrier", "host": "sip.example.com", "from_domain": "example.com", "channels": 7, "numbers": [NUMBER]}
    with database.write() as connection:
        apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [entry]}), NOW)
        again = {**entry, "numbers": [{"number": NUMBER, "label": "main"}, "+12025550102"], "calls_per_second": 3}
        del again["from_domain"]
        apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [again]}), NOW)
        trunk = find_trunk(connection, "carrier")
    assert (trunk.channels, trunk.calls_per_second, trunk.sip, trunk.default_number) == (7, 3.0, {"host": "sip.example.com"}, NUMBER)
    assert trunk.numbers == (NumberRecord(NUMBER, None, "main"), NumberRecord("+12025550102"))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"trunks": "none"},
        {"trunks": [{"host": "h"}]},
        {"trunks": [{"name": "a", "host": "h", "channels": "many"}]},
        {"trunks": [{"name": "a", "host": "h", "calls_per_second": True}]},
        {"trunks": [{"name": "a", "host": "h", "numbers": [7]}]},
        {"trunks": [{"name": "a", "host": "h", "colour": "red"}]},
    ],
)
def test_a_file_that_cannot_be_used(database: Database, document: dict[str, Any]) -> None:
    with database.write() as connection, pytest.raises(ConfigError):
        apply_trunks(connection, YamlDocument("trunks.yaml", document), NOW)
