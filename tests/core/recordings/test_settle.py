"""What a result says of its recording, and how links stay fresh."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core.bots.config import BotConfig
from core.kernel.database import Database
from core.kernel.durations import parse_duration
from core.recordings.recordings import NO_RECORDING
from core.recordings.store import read_recording
from tests.conftest import START
from tests.core.recordings.support import BASE, call_row, ended_call, finish, recordings_in, spool_file


def expiry(url: str | None) -> int:
    assert url is not None
    return int(parse_qs(urlsplit(url).query)["expires"][0])


def test_a_sandbox_call_costs_no_file_and_no_row(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    call = ended_call(database, START, transport="sandbox")
    recorded = finish(database, recordings, call, START + timedelta(hours=1))
    assert recorded.key == "recordings/2026/03/04/call-1.wav"
    assert recorded.url is not None
    assert recorded.url.startswith(f"{BASE}/recordings/call-1?expires=")
    assert expiry(recorded.url) == (START + timedelta(days=30)).timestamp()  # from the end of the call on
    assert not recorded.to_upload
    with database.read() as connection:
        assert read_recording(connection, "call-1") is None
    assert not (tmp_path / "recordings").exists()
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("transport", ["sandbox", "sip"])
def test_calls_without_a_recording(database: Database, tmp_path: Path, transport: str) -> None:
    recordings = recordings_in(tmp_path)
    unanswered = ended_call(database, START, transport=transport, answered=False)
    assert finish(database, recordings, unanswered, START) == NO_RECORDING
    off = ended_call(database, START, "call-2", transport=transport)
    spool_file(recordings, "call-2")
    assert finish(database, recordings, off, START, {"enabled": False}) == NO_RECORDING


def test_a_real_call_has_a_recording_if_its_transport_wrote_one(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    assert finish(database, recordings, ended_call(database, START, "lost"), START) == NO_RECORDING
    spool_file(recordings, "kept")
    recorded = finish(database, recordings, ended_call(database, START, "kept"), START, {"link_expires": "2h", "retention": "10d"})
    assert recorded.to_upload
    assert expiry(recorded.url) == (START + timedelta(hours=2)).timestamp()
    with database.read() as connection:
        row = read_recording(connection, "kept")
    assert row is not None
    assert (row.state, row.key, row.host, row.delete_at) == ("waiting", recorded.key, "here", START + timedelta(days=10))


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_comes_to_the_same(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    spool_file(recordings, "call-1")
    call = ended_call(database, START)
    config = BotConfig(name="x").recording
    with database.engine.connect() as connection:
        first = recordings.settle(connection, call, config, START)  # and never committed
    with database.read() as connection:
        assert read_recording(connection, "call-1") is None
    later = recordings_in(tmp_path)  # of the process that takes over
    assert finish(database, later, call, START + timedelta(hours=5)) == first


def test_links_of_results_are_fresh_until_the_recording_is_gone(database: Database, tmp_path: Path) -> None:
    recordings = recordings_in(tmp_path)
    recording = {"link_expires": "1d", "retention": "10d"}
    for call_id, answered in (("one", True), ("two", True), ("none", False)):
        call = ended_call(database, START, call_id, transport="sandbox", answered=answered, recording=recording)
        finish(database, recordings, call, START, recording)
    open_call = ended_call(database, START, "open", transport="sandbox", recording=recording)
    calls = [call_row(database, call_id) for call_id in ("one", "two", "none")] + [open_call]
    with database.read() as connection:
        later = START + timedelta(days=7)
        results = recordings.fresh_results(connection, calls, later)
        assert set(results) == {"one", "two", "none"}
        assert expiry(results["one"]["recording_url"]) == (later + timedelta(days=1)).timestamp()
        assert results["none"]["recording_url"] is None
        gone = recordings.fresh_results(connection, calls, START + timedelta(days=10))
        assert gone["one"]["recording_url"] is None
        assert gone["one"]["recording_key"] == "recordings/2026/03/04/one.wav"
    assert expiry(calls[0].result["recording_url"]) == (START + timedelta(days=1)).timestamp()  # the stored one is as it was


@pytest.mark.parametrize(
    "recording", [{"link_expires": "30s"}, {"retention": "11y"}, {"retention": "4000d"}, {"retention": "-1d"}, {"keep": 1}]
)
def test_configurations_that_cannot_be(recording: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"length of time|at least a minute|Extra"):
        BotConfig(name="x", recording=recording)


def test_configurations() -> None:
    defaults = BotConfig(name="x").recording
    assert (defaults.enabled, defaults.link_expires, defaults.retention) == (True, timedelta(days=30), timedelta(days=90))
    assert BotConfig(name="x", recording={"retention": None}).recording.retention is None
    kept = BotConfig(name="x", recording={"retention": "3650d"})
    assert BotConfig.model_validate(kept.model_dump(mode="json")) == kept
    with pytest.raises(ValueError, match="between 0 and 1 year"):
        parse_duration("3650d")
