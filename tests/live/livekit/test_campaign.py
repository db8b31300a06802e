"""`dialler run FOLDER --trunk NAME` over LiveKit, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.livekit.deployment import SECRET, Deployment
from tests.live.livekit.lab import phone_ending
from tests.live.livekit.served import trunk_of
from tests.live.runs import records, running
from tests.web.run.folders import make_folder

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")


def test_a_campaign(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_SECRET", SECRET)
    numbers = [phone_ending(digits) for digits in ("05", "07", "86", "03", "80", "53", "04", "99")]
    folder = make_folder(
        tmp_path / "campaign", numbers, bot={"opening_message": "Hello there.", "ring_timeout_seconds": 5},
        campaign={"max_attempts": 1, "concurrency_limit": 4, "calls_per_second": 4},
    )  # fmt: skip
    (folder / "trunks.yaml").write_text(yaml.safe_dump({"trunks": [trunk_of(deployment, numbers=["+12025550101"])]}))
    with running(folder, tmp_path) as run:
        run.wait(120)
    results = [json.loads(one) for one in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    ended = {result["caller_id"]: (result["disconnected_by"], result["end_reason"], result["sip_status"]) for result in results}
    assert ended == {
        phone_ending("05"): ("customer", "customer_hangup", 200),
        phone_ending("07"): ("customer", "customer_hangup", 200),
        phone_ending("86"): ("rejected", "busy", 486),
        phone_ending("03"): ("rejected", "declined", 603),
        phone_ending("80"): ("no_answer", "no_answer", 480),
        phone_ending("53"): ("error", "trunk_failure", 503),
        phone_ending("04"): ("error", "invalid_number", 404),
        phone_ending("99"): ("no_answer", "ring_timeout", 487),
    }
    assert {result["transport"] for result in results} == {"livekit"}
    recordings = list(tmp_path.rglob("*.wav"))
    assert len(recordings) == 2  # of those that were answered
    assert all(file.stat().st_size > 40_000 and file.parent.name != "spool" for file in recordings)
    said = records(tmp_path)
    assert said.seats_taken == 0
    assert {call.state for call in said.calls} == {"done"}
    dialled: list[Any] = [event["headers"]["X-Attempt-Id"] for event in deployment.events("dialled")]
    assert sorted(dialled) == sorted(attempt.id for attempt in said.attempts)  # each once, by their own log
