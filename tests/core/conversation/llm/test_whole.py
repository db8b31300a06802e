"""A campaign whose bot is a model, end to end: from the folder to its files, and through a crash while calls are finishing."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql

from core.kernel.database import Database
from core.outgoing.guard import AllowList
from tests.core.conversation.llm.model_server import Model, calls, status, text
from tests.core.outgoing.servers import Answer, Server, raw, serving
from tests.web.run.folders import make_folder, open_folder, settings_for
from web.run.reporters import Reporter
from web.run.session import run_folder
from web.run.summary import RunSummary

PROMISE = text(json.dumps({"DISPOSITION": "PROMISE_TO_PAY", "CALLING_REMARKS": "Will pay.", "wrong_number": False}))


class Scripted(Model):
    """Answers by what is asked: a turn, or an analysis."""

    analysis: Answer
    turns: tuple[Answer, ...] = (text("When can you pay?"), calls(("end_call", {"last_words": "Thank you, goodbye."})))

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        asked = self.asked[-1]
        spoken = sum(message["role"] == "assistant" for message in asked["messages"])
        step = self.turns[min(spoken, len(self.turns)) - 1] if "tools" in asked else self.analysis
        await step(writer)


@contextlib.asynccontextmanager
async def serving_by_kind(**more: Any) -> AsyncIterator[Scripted]:
    made = Scripted([])
    for name, value in {"analysis": PROMISE, **more}.items():
        setattr(made, name, value)
    async with serving(made.answer) as server:
        made.server = server
        yield made


async def run(
    tmp_path: Path, server: Model, numbers: list[str], database_url: str | None = None, crm: Server | None = None, **bot: Any
) -> RunSummary:
    brain = {"kind": "llm", "base_url": server.base_url, "model": "m", "key": "secret:MODEL_KEY"}
    folder = make_folder(tmp_path / "campaign", numbers, bot={"brain": brain, **bot}, campaign={"max_attempts": 1})
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    settings = settings_for(
        out,
        database_url,
        allow_internal=AllowList(frozenset(("127.0.0.1", other.port) for other in (server.server, crm) if other is not None)),
        environ={"MODEL_KEY": "sk-very-secret"},
    )
    return await asyncio.wait_for(run_folder(open_folder(folder), settings, out, Reporter()), 60)


def results(tmp_path: Path) -> dict[str, dict[str, Any]]:
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return {result["caller_id"]: result for result in map(json.loads, lines)}


@pytest.mark.asyncio
async def test_a_campaign_held_by_a_model(tmp_path: Path, database_url: str) -> None:
    async with serving_by_kind() as server:
        summary = await run(tmp_path, server, ["+12025550100", "+12025550106", "+12025550110"], database_url)
    assert summary.exit_code == 0
    found = results(tmp_path)
    paid = found["+12025550100"]
    assert (paid["disposition"], paid["remarks"], paid["disconnected_by"]) == ("PROMISE_TO_PAY", "Will pay.", "bot")
    assert paid["post_call_analysis"]["callback_requested"] is False
    assert paid["transcript"][0]["text"] == "This is an automated assistant. Hello, am I speaking with Customer 1?"
    assert found["+12025550106"]["disposition"] == "RNR"
    assert found["+12025550110"]["disposition"] == "VOICEMAIL"
    database = Database(database_url)
    with database.read() as connection:
        rows = connection.execute(sql("SELECT kind, data FROM call_events WHERE kind LIKE 'model_%' OR kind LIKE 'analysis_%'")).all()
    database.close()
    kinds = [row.kind for row in rows]
    assert kinds.count("model_answered") == len(server.asked)
    assert "analysis_skipped" in kinds
    assert "sk-very-secret" not in str(rows)


@pytest.mark.asyncio
async def test_turns_and_analysis_know_what_the_crm_gave_before_the_call(tmp_path: Path) -> None:
    answer = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n{"contract": "CT-90210"}')
    async with serving_by_kind() as server, serving(answer) as crm:
        await run(tmp_path, server, ["+12025550100"], crm=crm, prefetch={"url": crm.url})
    assert {"tools" in asked for asked in server.asked} == {True, False}
    assert all("CT-90210" in json.dumps(asked["messages"]) for asked in server.asked)


@pytest.mark.asyncio
async def test_a_model_that_is_down_gives_errors_and_the_campaign_ends(tmp_path: Path) -> None:
    async with serving_by_kind(turns=(status(500),)) as server:
        summary = await run(tmp_path, server, ["+12025550100"])
    assert summary.state == "completed"
    (result,) = results(tmp_path).values()
    assert (result["disconnected_by"], result["end_reason"], result["disposition"]) == ("error", "pipeline_failure", "ERROR")
    assert "went wrong" in result["transcript"][-1]["text"]


@pytest.mark.asyncio
async def test_an_analysis_that_never_fits_is_repaired_once_then_kept_and_marked_in_the_result(tmp_path: Path) -> None:
    async with serving_by_kind(analysis=text("I cannot say.")) as server:
        summary = await run(tmp_path, server, ["+12025550100"])
    assert summary.exit_code == 0, "the call and its push are done all the same"
    assert sum("tools" not in asked for asked in server.asked) == 2, "asked, and asked once more"
    (result,) = results(tmp_path).values()
    analysis = result["post_call_analysis"]
    assert (analysis["analysis_valid"], analysis["analysis_raw"]) == (False, "I cannot say.")
    assert result["disposition"] == analysis["DISPOSITION"] == "NO_OUTCOME"


@pytest.mark.asyncio
async def test_an_analysis_that_a_crash_cut_off_is_made_again_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The analysis never comes in the first process, which is stopped; the next one makes it from the stored transcript."""

    async def never(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("web.composition._CLOSING_SECONDS", 0.1)
    async with serving_by_kind(analysis=never) as server:
        first = asyncio.create_task(run(tmp_path, server, ["+12025550100"]))
        while not any("tools" not in asked for asked in server.asked):  # until it is being analysed
            await asyncio.sleep(0.01)
            assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        turns = len(server.asked)
        server.analysis = PROMISE
        summary = await run(tmp_path, server, ["+12025550100"])
    assert (summary.state, summary.attempts) == ("completed", 1)
    (result,) = results(tmp_path).values()
    assert result["disposition"] == "PROMISE_TO_PAY"
    assert all("tools" not in asked for asked in server.asked[turns:])  # nobody was talked to again
