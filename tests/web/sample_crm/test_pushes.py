"""Pushes from the outbox into a real sample CRM, over real HTTP, in virtual time."""

from __future__ import annotations

from pathlib import Path

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from core.outgoing.client import OutgoingClient
from tests.core.deliveries.support import PUSH, TOKEN, add_calls, push_all, worker_for
from tests.core.deliveries.test_worker import InVirtualTime, calls, states
from web.sample_crm.ledger import Ledger
from web.sample_crm.process import SampleCrm


def test_everything_arrives_once_in_a_crm_that_fails_at_first_and_is_killed_and_restarted(
    database: Database, in_virtual_time: InVirtualTime, tmp_path: Path
) -> None:
    add_calls(database, *calls(12))

    async def test(clock: VirtualClock) -> None:
        push = PUSH.model_copy(update={"url": "sample-crm"})
        with SampleCrm(tmp_path / "crm.jsonl", TOKEN, options=("--fail-first", "3")) as crm:
            async with OutgoingClient() as client:
                client.alias("sample-crm", crm.push_url, internal=True)
                worker = worker_for(database, clock, client=client)
                push_all(database, clock.now(), *calls(12)[:6], push=push)
                assert await worker.flush() == 3
                crm.kill()
                push_all(database, clock.now(), *calls(12)[6:], push=push)
                assert await worker.flush() == 9
                crm.start()
                client.alias("sample-crm", crm.push_url, internal=True)
                await worker.flush()  # 3 more failures of the new process
                assert await worker.flush() == 0

    in_virtual_time(test)
    assert states(database) == {"pending": 0, "delivered": 12, "dead": 0, "skipped": 0}
    summary = Ledger(tmp_path / "crm.jsonl").summary()
    assert (summary["received"], summary["repeats"], summary["dispositions"]) == (12, 0, {"PTP": 12})
