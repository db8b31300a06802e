"""Wrong keys are told and slowed down; valid ones pass."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from core.access.keys import create, hash_of, revoke, rotate, valid_hashes
from core.access.wrong_keys import WrongKeys
from core.kernel.database import Database
from tests.conftest import START

ADDRESS, OTHER = "203.0.113.5", "198.51.100.7"
ALLOWED = 30


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def wrong(keys: WrongKeys, address: str = ADDRESS, times: int = 1, at: float = 0) -> None:
    for _ in range(times):
        keys.failed(address, START + timedelta(seconds=at))


class Asked:
    """Counts how often the valid keys are read."""

    def __init__(self, *valid: str) -> None:
        self.times, self.valid = 0, frozenset(map(hash_of, valid))

    def __call__(self) -> frozenset[str]:
        self.times += 1
        return self.valid


def test_after_many_wrong_keys_an_address_is_turned_away_but_not_its_neighbour_and_not_a_valid_key() -> None:
    keys, asked = WrongKeys(), Asked("good")
    wrong(keys, times=ALLOWED - 1)
    assert not keys.turns_away(ADDRESS, "bad", START, asked)
    wrong(keys)
    assert keys.turns_away(ADDRESS, "bad", START, asked)
    assert not keys.turns_away(ADDRESS, "good", START, asked)
    assert not keys.turns_away(OTHER, "bad", START, asked)


def test_the_valid_keys_are_read_every_five_seconds_at_most() -> None:
    keys, asked = WrongKeys(), Asked()
    wrong(keys, times=ALLOWED)
    for _ in range(500):
        assert keys.turns_away(ADDRESS, "bad", START, asked)
    assert asked.times == 1
    wrong(keys, times=ALLOWED, at=5)
    assert keys.turns_away(ADDRESS, "bad", START + timedelta(seconds=5), asked)
    assert asked.times == 2
    for address in (ADDRESS, OTHER):
        assert not keys.turns_away(address, "bad", START + timedelta(seconds=80), asked)
    assert asked.times == 2, "who is not slowed down costs no reading"


def test_an_attempt_is_gained_every_two_seconds() -> None:
    keys, asked = WrongKeys(), Asked()
    wrong(keys, times=ALLOWED)
    assert keys.turns_away(ADDRESS, "bad", START + timedelta(seconds=1.9), asked)
    assert not keys.turns_away(ADDRESS, "bad", START + timedelta(seconds=2), asked)


def test_a_network_of_ipv6_counts_as_one() -> None:
    keys = WrongKeys()
    for number in range(ALLOWED):
        wrong(keys, f"2001:db8::{number:x}")
    assert keys.turns_away("2001:db8::ffff", "bad", START, Asked())
    assert not keys.turns_away("2001:db8:0:1::1", "bad", START, Asked())


def test_one_line_a_minute_says_how_many_and_never_the_key(caplog: pytest.LogCaptureFixture) -> None:
    keys = WrongKeys()
    wrong(keys, times=40)
    assert keys.turns_away(ADDRESS, "dk_secret", START, Asked())
    wrong(keys, OTHER)
    wrong(keys, at=61)
    assert lines(caplog) == [
        f"a wrong API key or token came from {ADDRESS}",
        f"a wrong API key or token came from {OTHER}",
        f"a wrong API key or token came from {ADDRESS}, 40 more since the last line about it",
    ]


def test_many_addresses_cannot_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    keys = WrongKeys()
    for number in range(200):
        wrong(keys, f"10.0.0.{number}")
    assert len(lines(caplog)) == 60
    wrong(keys, ADDRESS, at=61)
    assert lines(caplog)[-1] == f"a wrong API key or token came from {ADDRESS}; 140 from other addresses were not logged"


def test_which_keys_are_valid(database: Database) -> None:
    with database.write() as connection:
        kept, gone = (create(connection, key_id=name, name=name, now=START) for name in ("kept", "gone"))
        short = create(connection, key_id="short", name="short", now=START, expires_at=START + timedelta(hours=1))
        revoke(connection, gone.info.id, START)
        renewed = rotate(connection, kept.info.id, START, timedelta(hours=2))
        assert renewed is not None
        assert valid_hashes(connection, START) == {hash_of(key) for key in (kept.key, renewed.key, short.key)}
        assert valid_hashes(connection, START + timedelta(hours=1)) == {hash_of(key) for key in (kept.key, renewed.key)}
        assert valid_hashes(connection, START + timedelta(hours=2)) == {hash_of(renewed.key)}
