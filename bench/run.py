"""The price of a call: CPU of a whole campaign in virtual time, in units of bare calls.

    python -m bench.run             200 and 1000 leads: SQLite and PostgreSQL, without and with pushes, beside bare calls
    python -m bench.run --rounds 5  the best of five rounds instead of three
    python -m bench.run --loan      5,000 leads of the loan reminder with the sample CRM on SQLite: total CPU seconds

A bare call is placed on the sandbox network by a loop and held by the same bot: no database, no API, no scheduler. Its code is frozen in
`bare_call.zip`, so that the unit stays the same while the product changes. The cost of a campaign beyond that is the product's own work,
from the import of the lead file to the last output file, on a migrated database.

The CPU of this process with all its threads is counted. The sample CRM and the PostgreSQL server are separate processes, which are not
counted.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bench.servers import KINDS, fresh
from dialler.imports.sample import write_sample_leads
from web.run.folder import CampaignFolder, read_folder
from web.run.reporters import Reporter
from web.run.session import run_folder
from web.settings import Settings

BARE = Path(__file__).with_name("bare_call.zip")
SIZES = (200, 1000)
AT_ONCE = 50
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
NETWORK = {"calls_per_second": 1000.0, "channels": 1000}  # the trunk is not what is measured
SAMPLE = Path(__file__).parents[1] / "sample_campaigns" / "loan_reminder"

BOT = {
    "name": "Bench",
    "opening_message": "Hello, am I speaking with {{crm.customer_name}}?",
    "brain": {"scenario": "payment_reminder"},
    "permitted_hours": {"enabled": False},
}
PUSH = {
    "url": "sample-crm",
    "key_mapper": {"NAME": "{{crm.customer_name}}", "DISPOSITION": "{{result.disposition}}", "ID": "{{call.call_id}}"},
}
CAMPAIGN = {"name": "Bench", "concurrency_limit": AT_ONCE, "calls_per_second": 1000}


@dataclass(frozen=True, order=True)
class Measured:
    cpu: float
    seconds: float
    calls: int

    @property
    def each(self) -> float:
        """CPU seconds of one call."""
        return self.cpu / self.calls


def make_folder(path: Path, leads: int, *, pushes: bool) -> CampaignFolder:
    path.mkdir()
    (path / "bot.yaml").write_text(yaml.safe_dump({**BOT, **({"post_call_push": PUSH} if pushes else {})}), encoding="utf-8")
    (path / "campaign.yaml").write_text(yaml.safe_dump(CAMPAIGN), encoding="utf-8")
    write_sample_leads(path / "leads.csv", leads, seed=1)
    return read_folder(path)


def loan_folder(path: Path, leads: int) -> CampaignFolder:
    path.mkdir()
    for name in ("bot.yaml", "campaign.yaml"):
        (path / name).write_bytes((SAMPLE / name).read_bytes())
    write_sample_leads(path / "leads.csv", leads, seed=1)
    return read_folder(path)


def campaign(folder: CampaignFolder, url: str, out: Path) -> int:
    """Run the folder to its end; returns the number of calls."""
    settings = Settings(
        database_url=url, data_folder=out, network_log=out / "network.jsonl", start=START, seed=1, seats=AT_ONCE, sandbox=NETWORK
    )
    summary = asyncio.run(run_folder(folder, settings, out, Reporter()))
    assert (summary.state, summary.audit["clean"]) == ("completed", True), summary
    return summary.attempts


def timed(work: Callable[[], int]) -> Measured:
    began, cpu = time.perf_counter(), time.process_time()
    calls = work()
    return Measured(time.process_time() - cpu, time.perf_counter() - began, calls)


def bare(calls: int) -> Measured:
    """Make this many bare calls, in a separate process."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, str(BARE), str(calls)], capture_output=True, text=True, check=True)
    return Measured(float(done.stdout), time.perf_counter() - began, calls)


def one_round(leads: int) -> dict[str, Measured]:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for pushes in (False, True):
            folder = make_folder(Path(name) / f"folder-{pushes}", leads, pushes=pushes)
            for kind in KINDS:
                way = f"{kind}, pushes" if pushes else kind
                out = Path(name) / way
                out.mkdir()
                with fresh(kind, out) as url:
                    found[way] = timed(lambda url=url, out=out, folder=folder: campaign(folder, url, out))  # type: ignore[misc]
        found["bare"] = bare(found["sqlite"].calls)
    return found


def show_loan(leads: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, out = loan_folder(Path(name) / "folder", leads), Path(name) / "out"
        out.mkdir()
        with fresh("sqlite", out) as url:
            one = timed(lambda: campaign(folder, url, out))
    unit = bare(one.calls)
    ms, price, rate = one.each * 1000, one.each / unit.each, one.calls / one.seconds
    print(f"{leads} leads of the loan reminder on SQLite, with the sample CRM: {one.calls} attempts in {one.seconds:.0f} s")
    print(f"{one.cpu:.0f} s of CPU, {ms:.1f} ms an attempt, {price:.1f} bare calls; {rate:.0f} attempts a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="take the best of so many rounds")
    parser.add_argument("--loan", nargs="?", type=int, const=5000, metavar="LEADS", help="the loan reminder instead (5000)")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.loan:
        show_loan(given.loan)
        return
    best: dict[tuple[int, str], Measured] = {}
    for _ in range(given.rounds):
        for leads in SIZES:
            for way, measured in one_round(leads).items():
                best[leads, way] = min(best.get((leads, way), measured), measured)
    headings = (
        ("leads", 6), ("calls", 6), ("seconds", 8), ("calls/s", 8), ("CPU ms a call", 14), ("bare = 1", 9), (f"{SIZES[0]} leads = 1", 14),
    )  # fmt: skip
    print(f"{'':20}", *(f"{heading:>{width}}" for heading, width in headings))
    for way in ("bare", *(way for way in dict.fromkeys(way for _, way in best) if way != "bare")):
        for leads in SIZES:
            one = best[leads, way]
            to_bare, to_few = one.each / best[leads, "bare"].each, one.each / best[SIZES[0], way].each
            figures = (leads, one.calls, f"{one.seconds:.2f}", f"{one.calls / one.seconds:.0f}", f"{one.each * 1000:.2f}")
            cells = (*figures, f"{to_bare:.1f}", f"{to_few:.2f}")
            print(f"{way:20}", *(f"{cell:>{width}}" for cell, (_, width) in zip(cells, headings, strict=True)))


if __name__ == "__main__":
    main()
