"""Links: ours open until they expire, no other does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from core.access.secrets import SecretStore
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from core.recordings.link_keys import link_keys, seed_key
from core.recordings.links import LinkExpired, LinkForged, check_link, make_link
from core.recordings.naming import recording_key
from tests.conftest import START

KEY, OTHER = b"k" * 32, b"o" * 32

moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
call_ids = st.uuids().map(str) | st.text(min_size=1, max_size=40)


def parts_of(url: str) -> tuple[str, str, str]:
    split = urlsplit(url)
    query = parse_qs(split.query)
    return unquote(split.path.removeprefix("/recordings/")), query["expires"][0], query["signature"][0]


@given(call_ids, moments)
def test_a_link_opens_until_it_expires(call_id: str, expires_at: datetime) -> None:
    link = make_link("https://dialler.example.com/", KEY, call_id, expires_at)
    assert link == make_link("https://dialler.example.com", KEY, call_id, expires_at)
    parts = parts_of(link)
    assert parts[0] == call_id
    whole_second = expires_at.replace(microsecond=0)
    check_link([KEY], *parts, whole_second - timedelta(microseconds=1))
    check_link([OTHER, KEY], *parts, whole_second - timedelta(seconds=1))
    with pytest.raises(LinkExpired):
        check_link([KEY], *parts, whole_second)


@given(call_ids, moments, st.integers(0, 2), st.data())
def test_a_link_that_was_altered_anywhere_does_not_open(call_id: str, expires_at: datetime, which: int, data: st.DataObject) -> None:
    parts = list(parts_of(make_link("http://x", KEY, call_id, expires_at)))
    place = data.draw(st.integers(0, len(parts[which])))
    kind = data.draw(st.sampled_from(["insert", "replace", "remove"]))
    new = data.draw(st.characters(min_codepoint=32, max_codepoint=400)) if kind != "remove" else ""
    altered = parts[which][:place] + new + parts[which][place + (kind != "insert") :]
    if altered == parts[which]:
        return
    parts[which] = altered
    altered_call, expires, signature = parts
    with pytest.raises(LinkForged):
        check_link([KEY], altered_call, expires, signature, START - timedelta(days=20_000))


@given(st.text(max_size=20), st.text(max_size=50))
def test_anything_at_all_is_refused_and_nothing_else_happens(expires: str, signature: str) -> None:
    with pytest.raises(LinkForged):
        check_link([KEY], "call", expires, signature, START)


def test_another_key_does_not_open() -> None:
    with pytest.raises(LinkForged):
        check_link([OTHER], *parts_of(make_link("http://x", KEY, "call", START)), START - timedelta(days=1))
    with pytest.raises(LinkForged):
        check_link([], *parts_of(make_link("http://x", KEY, "call", START)), START - timedelta(days=1))


def test_the_key_of_a_recording_is_by_the_day_in_utc() -> None:
    assert recording_key("abc", START) == "recordings/2026/03/04/abc.wav"
    late = datetime.fromisoformat("2026-03-04T23:30:00-05:00")
    assert recording_key("abc", late) == "recordings/2026/03/05/abc.wav"


def test_keys_derived_from_the_installation_s_key() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    assert len(SecretBox([old]).derive("a")[0]) == 32
    assert SecretBox([old]).derive("a") != SecretBox([old]).derive("b")
    assert SecretBox([new, old]).derive("a") == SecretBox([new]).derive("a") + SecretBox([old]).derive("a")


class Installation:
    def __init__(self, db: Database) -> None:
        self.db, self.box = db, SecretBox([Fernet.generate_key().decode()])

    def keys(self, seed: int | None = None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        with self.db.write() as connection:
            keys = link_keys(connection, SecretStore(self.box, {}), self.box, seed, START)
        assert "b'" not in repr(keys)
        assert keys.of("sandbox") == keys.sandbox
        assert keys.of("sip") == keys.of("") == keys.real
        return keys.real, keys.sandbox


def test_a_seed_signs_links_to_sandbox_calls_alone(database: Database) -> None:
    installation = Installation(database)
    real, sandbox = installation.keys(seed=7)
    assert sandbox[0] == seed_key(7) != seed_key(8)
    assert seed_key(7) not in real
    assert real[0] not in (seed_key(7), seed_key(8))


def test_later_processes_open_the_links_of_seeded_runs_and_sign_with_their_own_key(database: Database) -> None:
    installation = Installation(database)
    assert installation.keys()[1] == installation.keys()[0]
    for seed in (7, 8, 7):
        assert installation.keys(seed=seed)[1][0] == seed_key(seed)
    real, sandbox = installation.keys()
    assert sandbox[0] == real[0]
    assert {seed_key(7), seed_key(8)} <= set(sandbox)
    assert seed_key(7) not in real


def test_another_encryption_key_does_not_stop_the_start(database: Database) -> None:
    Installation(database).keys(seed=7)
    other = Installation(database)
    assert seed_key(7) not in other.keys()[1]
    assert other.keys(seed=9)[1][0] == seed_key(9)


def test_the_seed_s_key_is_not_kept_in_the_open(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "test.db"
    file.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{file}")
    Installation(db).keys(seed=7)
    db.close()
    assert seed_key(7).hex().encode() not in file.read_bytes()
