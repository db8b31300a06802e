"""Recordings of a whole run: every answered call has a link that plays, and links repeat with the seed."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from pathlib import Path
from typing import Any

import httpx

from tests.web.run.folders import CATALOGUE, START, make_folder, run, settings_for
from web.composition import open_whole


def results_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_answered_call_has_a_link_that_plays_in_later_processes_too(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE[:12], campaign={"max_attempts": 1})
    out, again = tmp_path / "out", tmp_path / "again"
    run(folder, out)
    run(folder, again)
    results = results_of(out)
    links = {r["session_id"]: r["recording_url"] for r in results}
    assert links == {r["session_id"]: r["recording_url"] for r in results_of(again)}
    for result in results:
        answered = result["answered_at"] is not None
        assert (result["recording_url"] is not None) == (result["recording_key"] is not None) == answered
    assert {bool(link) for link in links.values()} == {True, False}
    assert not list(out.rglob("*.wav"))

    async def listen(seed: int | None) -> None:
        async with open_whole(settings_for(out, seed=seed, speed=60.0, start=START)) as whole:
            transport = httpx.ASGITransport(app=whole.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
                for result in results:
                    if (url := result["recording_url"]) is not None:
                        answer = await http.get(url)
                        assert answer.status_code == 200
                        with wave.open(io.BytesIO(answer.content)) as file:
                            assert file.getnframes() == round(result["call_duration_seconds"] * 8000)
                        assert (await http.get(url + "x")).status_code == 403

    asyncio.run(asyncio.wait_for(listen(1), 60))
    asyncio.run(asyncio.wait_for(listen(None), 60))


def test_a_bot_that_does_not_record(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE[:4], bot={"recording": {"enabled": False}})
    run(folder, tmp_path / "out")
    assert {r["recording_url"] for r in results_of(tmp_path / "out")} == {None}


def test_the_public_address_is_a_setting(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "campaign", CATALOGUE[:1])
    run(folder, tmp_path / "out", environ={"DIALLER_PUBLIC_URL": "https://calls.example.com/dialler/"})
    assert results_of(tmp_path / "out")[0]["recording_url"].startswith("https://calls.example.com/dialler/recordings/")
