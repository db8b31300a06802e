"""No statement that runs again and again reads a whole table that grows: SQLite's own plans are the judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from core.access.secrets import SecretStore
from core.calls.cancel import carry_out_cancels
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.calls.store import has_unfinished
from core.calls.tables import Call
from core.deliveries.queries import DeliveryFilter, count
from core.deliveries.retention import forget_before
from core.deliveries.worker import DeliveryWorker
from core.fleet import store as fleet
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.secrets import SecretBox
from core.outgoing.client import OutgoingClient
from core.recordings import store as recordings
from core.suppressions import store as suppressions
from tests.core.api.conftest import run_core
from tests.core.api.support import BUSY, PAYS, STORY, Core, talkers
from tests.statements import each_statement

NEVER_AGAIN = "+12025550112"
SMALL = {"bots", "bot_versions", "trunks", "caller_ids", "secrets", "closed_endpoints", "config_generations"}
"""Tables that do not grow with the calls: people fill them in by hand, or they have a row for each receiver."""
PARTIAL = {
    "calls_unfinished",
    "calls_phone_live",
    "calls_bot_live",
    "calls_trunk_live",
    "workers_active",
    "deliveries_due",
    "recordings_waiting",
    "seats_free",
}
"""Indexes of what is in progress only: to walk one whole is to look at that."""

_SCAN = re.compile(r"SCAN (?P<what>\S+)(?: USING (?:COVERING )?INDEX (?P<index>\S+))?")


def offences(plan: list[str], tables: dict[str, str]) -> list[str]:
    """Steps of a plan that read all of a table that grows. `tables`: the table behind each alias."""
    found = []
    for step in plan:
        scan = _SCAN.match(step)
        if scan and (table := tables.get(scan["what"])) and table not in SMALL and scan["index"] not in PARTIAL:
            found.append(step)
    return found


def aliases(statement: str, known: set[str]) -> dict[str, str]:
    """The tables of a statement by the name that its plan uses."""
    named = {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)\b", statement) if table in known}
    return {**{table: table for table in known}, **named}


@contextmanager
def watched(db: Database) -> Iterator[dict[str, Any]]:
    """Every statement that reads, with parameters that it ran with"""
    seen: dict[str, Any] = {}

    def note(statement: str, parameters: Any) -> None:
        if statement.lstrip().split()[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            seen.setdefault(statement, tuple(parameters) if isinstance(parameters, list) else parameters)

    with each_statement(db, note):
        yield seen


async def unwilling(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def everything(core: Core) -> None:
    """Calls of several kinds from the dialout to their pushes, a crash, an order, the periodic work."""
    key = core.key(results_url="http://receiver.embedded/", requests_per_minute=1000)
    core.http.headers.update(key)
    core.bot(seats=40, brain={"kind": "rules", "scenario": "payment_reminder"}, opening_message="Hello, is this Asha?")
    client = OutgoingClient()
    client.mount("receiver.embedded", unwilling)
    store = SecretStore(SecretBox([Fernet.generate_key().decode()]), {})
    deliveries = DeliveryWorker(core.db, clock=core.clock, wall=utc_now, client=client, secrets=store, ids=core.engine.ids)
    core.engine.wake_deliveries = deliveries.wake
    sending = core.clock.spawn(deliveries.run(), name="deliveries")
    for number, phone in enumerate((PAYS, BUSY, NEVER_AGAIN, STORY, *talkers(10))):
        call_id = await core.placed(phone, key=f"key {number}")
        await core.http.get("/health/fleet", params={"bot_id": "loan-reminder"})
        await core.http.get(f"/api/v1/calls/{call_id}")
        await core.http.get("/api/v1/calls", params={"idempotency_key": f"key {number}"})
        await core.clock.sleep(20)
    assert (await core.dial(NEVER_AGAIN)).status_code == 422
    await core.http.post(f"/api/v1/calls/{call_id}/cancel")
    await carry_out_cancels(core.engine)
    other = Engine(core.db, core.clock, utc_now, Ids(), "other", {})
    with core.db.write() as connection:
        fleet.register(connection, "other", 1, this_process(), utc_now())
        assert has_unfinished(connection, core.engine.worker_id)
        fleet.expire(connection, core.engine.worker_id, utc_now())
    assert await recover(other) > 0
    with core.db.write() as connection:
        now = core.clock.now()
        assert fleet.renew(connection, "other", utc_now())
        assert fleet.other_workers(connection, "nobody") == 1
        assert suppressions.many(connection, [PAYS, NEVER_AGAIN], "sandbox") == {NEVER_AGAIN}
        assert count(connection, DeliveryFilter(state="pending"))
        forget_before(connection, now - timedelta(days=90))
        recordings.due_uploads(connection, "host", now, 10)
        recordings.next_upload(connection, "host")
    await core.over()
    await deliveries.flush(core.clock.now() + timedelta(minutes=1))
    deliveries.adopt()
    await deliveries.stop()
    await core.clock.join(sending)
    await client.aclose()


@pytest.fixture
def plans(sqlite_template: Path, tmp_path: Path) -> Callable[[], dict[str, list[str]]]:
    def run() -> dict[str, list[str]]:
        db = Database(f"sqlite:///{tmp_path}/core.db")
        (tmp_path / "core.db").write_bytes(sqlite_template.read_bytes())
        with watched(db) as seen:
            run_core(everything, db, tmp_path)
        with db.read() as connection:
            explained = {
                statement: [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                for statement, parameters in seen.items()
            }
        db.close()
        return explained

    return run


def test_nothing_reads_a_whole_table_that_grows(plans: Callable[[], dict[str, list[str]]]) -> None:
    known = set(Call.metadata.tables)
    explained = plans()
    assert len(explained) > 40, "the statements are seen"
    bad = {statement: found for statement, plan in explained.items() if (found := offences(plan, aliases(statement, known)))}
    assert not bad, "\n\n".join(f"{statement}\n-> {found}" for statement, found in bad.items())


@pytest.mark.parametrize(
    ("step", "bad"),
    [
        ("SCAN calls", True),
        ("SCAN call_events USING INDEX sqlite_autoindex_call_events_1", True),
        ("SCAN d USING COVERING INDEX deliveries_created", True),
        ("SCAN calls USING COVERING INDEX calls_unfinished", False),
        ("SCAN trunks", False),
        ("SCAN walk", False),
        ("SEARCH calls USING INDEX calls_created (created_at>?)", False),
    ],
)
def test_the_test_above_can_fail(step: str, bad: bool) -> None:
    known = {"calls", "call_events", "deliveries", "trunks"}
    assert bool(offences([step], aliases("SELECT 1 FROM deliveries AS d", known))) == bad
