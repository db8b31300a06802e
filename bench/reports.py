"""How long reports of a large campaign take, each in a process of its own: python -m bench.reports [ATTEMPTS [REPORT ...]]."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.imports.tables import LeadImport
from dialler.leads.tables import Attempt, Lead
from dialler.reports.catalogue import REPORTS
from dialler.reports.spec import make_spec
from web.migrate import upgrade
from web.reports.process import ReportProcesses

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
ENDS = [(200, "reached", "PROMISE_TO_PAY"), (200, "voicemail", "VOICEMAIL"), (480, "no_answer", "NO_ANSWER"), (486, "rejected", "BUSY")]
TALK = [{"speaker": speaker, "text": "words " * 12, "timestamp": 1.0} for speaker in ("bot", "customer")] * 6


def fill(db: Database, attempts: int) -> None:
    ids, stream, me = Ids(1), random.Random(1), this_process()
    owner = {"owner_host": me.host, "owner_pid": me.pid, "owner_pid_started": me.started, "alive_at": START}
    with db.write(long=True) as connection:
        create_campaign(connection, "c", "Large", "bot", {"name": "Large"}, START)
        values = {"id": "i", "campaign_id": "c", "source_name": "leads.csv", "sha256": "0", "state": "active", "created_at": START}
        connection.execute(insert(table_of(LeadImport)).values(**values, report={"rows_read": attempts // 2}, activated_at=START, **owner))
        number = attempts // 2
        leads = [
            {
                "id": n,
                "campaign_id": "c",
                "import_id": "i",
                "position": n,
                "line": n + 1,
                "phone": f"+9991{n:07d}",
                "state": "completed",
                "variables": {},
                "attempts": 2,
                "uncharged": 0,
                "updated_at": START,
            }
            for n in range(1, number + 1)
        ]
        connection.execute(insert(table_of(Lead)), leads)
        rows = []
        for n in range(attempts):
            at = START + timedelta(seconds=4 * n)
            status, outcome, word = stream.choice(ENDS)
            result = {
                **{"bot_id": "bot", "bot_version": 1, "from_number": "+12025550100", "end_reason": "completed", "transcript": TALK},
                **{"started_at": at.isoformat(), "ringing_at": at.isoformat(), "answered_at": at.isoformat(), "ended_at": at.isoformat()},
                "post_call_analysis": {"right_party": True, "promise_amount": 100, "promise_date": "2026-03-20"},
            }
            rows.append(
                {
                    "id": ids.new("attempt", n),
                    "campaign_id": "c",
                    "lead_id": n % number + 1,
                    "number": n // number + 1,
                    "kind": "first",
                    "state": "ended",
                    "call_id": f"call-{n}",
                    "created_at": at,
                    "placed_at": at,
                    "ended_at": at,
                    "refusals": 0,
                    "failed_dialouts": 0,
                    "sip_status": status,
                    "outcome": outcome,
                    "disposition": word,
                    "call_duration_seconds": 30.0,
                    "result": result,
                }
            )
        connection.execute(insert(table_of(Attempt)), rows)


def cpu() -> float:
    """CPU seconds of the processes that were started so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def measure(url: str) -> None:
    maker = ReportProcesses(url)
    for name in sys.argv[2:] or REPORTS:
        begun, used = time.perf_counter(), cpu()
        async with maker.made(make_spec("c", name, zone="Asia/Kolkata"), "json") as path:
            rows = len(json.loads(path.read_text(encoding="utf-8"))["rows"])
        print(f"{name:14} {time.perf_counter() - begun:6.1f} s, {cpu() - used:5.1f} s of CPU, {rows:8,} rows", flush=True)
    begun, used = time.perf_counter(), cpu()
    async with maker.made(make_spec("c", "calls", zone="Asia/Kolkata"), "xlsx") as path:
        size = path.stat().st_size
    print(f"{'calls as xlsx':14} {time.perf_counter() - begun:6.1f} s, {cpu() - used:5.1f} s of CPU, {size:8,} bytes")


def main() -> None:
    attempts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder)}/reports.db")
        upgrade(db)
        fill(db, attempts)
        db.close()
        asyncio.run(measure(f"sqlite:///{Path(folder)}/reports.db"))


if __name__ == "__main__":
    main()
