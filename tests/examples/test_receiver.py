"""The example of a receiver takes what a real call pushes, once, and nothing that is forged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from core.kernel.clock import utc_now
from core.outgoing.client import OutgoingClient
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import BOT, PAYS, Core
from tests.core.deliveries.support import SIGNING, worker_for
from tests.examples.loading import example

__all__ = ["sqlite", "with_core", "with_each_core"]

FILE = Path(__file__).parents[2] / "examples" / "receiver.py"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the receiver stores results in."""
    monkeypatch.setenv("WEBHOOK_SECRET", SIGNING)
    monkeypatch.setenv("RESULTS_FILE", str(tmp_path / "results.db"))
    return tmp_path / "results.db"


def receiver() -> Any:
    """The example's app, started anew."""
    return example("receiver").app


def rows(path: Path) -> list[tuple[str, str, dict[str, Any]]]:
    with sqlite3.connect(path) as db:
        return [(row[0], row[1], json.loads(row[2])) for row in db.execute("SELECT * FROM results")]


def test_it_is_as_short_as_it_says() -> None:
    assert len(FILE.read_text(encoding="utf-8").splitlines()) <= 33


def test_it_takes_the_result_of_a_call_once(with_each_core: Callable[..., Any], stored: Path) -> None:
    async def test(core: Core) -> None:
        core.bot(BOT, results_webhook={"url": "http://crm.embedded/call-results", "secret": "secret:SIGNING"})
        client = OutgoingClient()
        client.mount("crm.embedded", receiver())
        call_id = await core.placed(PAYS, variables={"customer_id": "C1", "name": "Zoë"})
        await core.over()
        worker = worker_for(core.db, core.clock, client=client)
        assert await worker.flush() == 0
        [(webhook_id, session_id, body)] = rows(stored)
        assert session_id == call_id
        assert body == (await core.call(call_id))["result"]
        with core.db.write() as connection:  # our process dies between its answer and our record of it
            connection.exec_driver_sql("UPDATE deliveries SET state = 'pending', delivered_at = NULL")
        client.mount("crm.embedded", receiver())  # and theirs has been restarted
        assert await worker.flush() == 0
        assert rows(stored) == [(webhook_id, session_id, body)]

    with_each_core(test)


@pytest.mark.asyncio
async def test_it_refuses_what_is_not_signed_by_us(stored: Path) -> None:
    body, now = b'{"session_id": "x"}', utc_now()
    good = {
        "webhook-id": "d1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SIGNING).sign("d1", now, body.decode()),
    }
    old = now - timedelta(minutes=6)
    late = {
        **good,
        "webhook-timestamp": str(int(old.timestamp())),
        "webhook-signature": Webhook(SIGNING).sign("d1", old, body.decode()),
    }
    forged = Webhook("whsec_" + "QUJD" * 8).sign("d1", now, body.decode())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=receiver()), base_url="http://r") as http:
        for headers in ({}, {**good, "webhook-id": "d2"}, late, {**good, "webhook-signature": forged}):
            assert (await http.post("/call-results", content=body, headers=headers)).status_code == 401
        assert (await http.post("/call-results", content=body + b" ", headers=good)).status_code == 401
        assert rows(stored) == []
        assert (await http.post("/call-results", content=body, headers=good)).json() == {"first": True}
        assert (await http.post("/call-results", content=body, headers=good)).json() == {"first": False}
