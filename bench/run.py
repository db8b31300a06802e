"""How many calls a second a whole campaign makes in virtual time, against the same network without a campaign around it.

    python -m bench.run             200 and 1000 leads: SQLite, PostgreSQL, and bare calls
    python -m bench.run --rounds 5  the best of five rounds instead of three

"Bare" calls are placed on the sandbox network by a loop and talked through by the same bot: no database, no API, no
scheduler. What a campaign costs beyond that is the product. Measured from the import of the lead file to the last output
file, on a database that is migrated already, without pushes to a CRM (their price is the receiver's).

The ratios are of CPU time of this process, which a busy machine changes little; PostgreSQL's own work is in the seconds only.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.servers import KINDS, fresh
from core.bots.config import BotConfig
from core.conversation.brain import BrainContext
from core.conversation.limits import limits_of
from core.conversation.rules import RulesBrain
from core.conversation.session import converse
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.transports.base import Answered, Failed, PlaceOrder
from core.transports.sandbox.network import SandboxNetwork
from core.transports.sandbox.settings import SandboxSettings
from dialler.imports.sample import write_sample_leads
from web.run.folder import CampaignFolder, read_folder
from web.run.progress import Reporter
from web.run.session import run_folder
from web.settings import Settings

SIZES = (200, 1000)
AT_ONCE = 50
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
NETWORK = {"calls_per_second": 1000.0, "channels": 1000}  # the trunk is not what is measured

BOT = """\
name: Bench
opening_message: "Hello, am I speaking with {{crm.customer_name}}?"
brain: {scenario: payment_reminder}
permitted_hours: {enabled: false}
"""
CAMPAIGN = f"""\
name: Bench
concurrency_limit: {AT_ONCE}
calls_per_second: 1000
"""


def make_folder(path: Path, leads: int) -> CampaignFolder:
    path.mkdir()
    (path / "bot.yaml").write_text(BOT, encoding="utf-8")
    (path / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    write_sample_leads(path / "leads.csv", leads, seed=1)
    return read_folder(path)


def campaign(folder: CampaignFolder, url: str, out: Path) -> int:
    """Run the folder to its end; returns how many calls were made."""
    settings = Settings(
        database_url=url, data_folder=out, network_log=out / "network.jsonl", start=START, seed=1, seats=AT_ONCE, sandbox=NETWORK
    )
    summary = asyncio.run(run_folder(folder, settings, out, Reporter()))
    assert (summary.state, summary.audit["clean"]) == ("completed", True), summary
    return summary.attempts


def bare(folder: CampaignFolder, calls: int, out: Path) -> int:
    """Make so many calls straight on the network; returns how many that were."""

    async def main() -> int:
        clock = VirtualClock(START)
        try:
            return await clock.spawn(every_call(clock), name="bench")
        finally:
            clock.close()

    async def every_call(clock: VirtualClock) -> int:
        network = SandboxNetwork(clock, Ids(1), SandboxSettings.from_mapping(NETWORK), out / "network.jsonl")
        numbers = iter(range(calls))

        async def caller() -> None:
            for number in numbers:
                await one_call(clock, network, folder.bot, number)

        await clock.join(*(clock.spawn(caller(), name=f"caller {number}") for number in range(AT_ONCE)))
        network.close()
        return calls

    return asyncio.run(main())


async def one_call(clock: VirtualClock, network: SandboxNetwork, bot: BotConfig, number: int) -> None:
    crm = {"customer_name": "Asha Rao", "amount_due": "15000", "due_date": "2026-03-01"}
    order = PlaceOrder(str(number), str(number), f"+9991{number // 70:05d}{30 + number % 70:02d}", None, "sandbox")
    leg = network.place(order)
    while not isinstance(event := await leg.next(bot.ring_timeout_seconds), Answered):
        if isinstance(event, Failed):
            return
        if event is None:
            await leg.hang_up("ring timeout")
    context = BrainContext(order.call_id, crm, {}, bot.system_prompt, bot.opening_message, clock.now(), bot.time_zone)
    brain = RulesBrain(context, bot.brain, Ids(1).stream("brain", number), bot.transfer_targets)
    await converse(leg, brain, limits_of(bot, {"crm": crm, "call": {}}), clock, lambda *_: None)
    await brain.analysis()


@dataclass(frozen=True, order=True)
class Measured:
    cpu: float
    seconds: float
    calls: int

    @property
    def each(self) -> float:
        """CPU seconds of one call."""
        return self.cpu / self.calls


def timed(work: Callable[[], int]) -> Measured:
    began, cpu = time.perf_counter(), time.process_time()
    calls = work()
    return Measured(time.process_time() - cpu, time.perf_counter() - began, calls)


def one_round(leads: int) -> dict[str, Measured]:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = make_folder(Path(name) / "folder", leads)
        for kind in KINDS:
            out = Path(name) / kind
            out.mkdir()
            with fresh(kind, out) as url:
                found[kind] = timed(lambda url=url, out=out: campaign(folder, url, out))  # type: ignore[misc]
        calls = found["sqlite"].calls
        found["bare"] = timed(lambda: bare(folder, calls, Path(name)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="take the best of so many rounds")
    rounds = parser.parse_args().rounds
    logging.disable(logging.WARNING)
    best: dict[tuple[int, str], Measured] = {}
    for _ in range(rounds):
        for leads in SIZES:
            for way, measured in one_round(leads).items():
                best[leads, way] = min(best.get((leads, way), measured), measured)
    headings = (
        ("leads", 6), ("calls", 6), ("seconds", 8), ("calls/s", 8), ("CPU ms a call", 14), ("bare = 1", 9), (f"{SIZES[0]} leads = 1", 14),
    )  # fmt: skip
    print(f"{'':12}", *(f"{heading:>{width}}" for heading, width in headings))
    for way in ("bare", *KINDS):
        for leads in SIZES:
            one = best[leads, way]
            to_bare, to_few = one.each / best[leads, "bare"].each, one.each / best[SIZES[0], way].each
            figures = (leads, one.calls, f"{one.seconds:.2f}", f"{one.calls / one.seconds:.0f}", f"{one.each * 1000:.2f}")
            cells = (*figures, f"{to_bare:.1f}", f"{to_few:.2f}")
            print(f"{way:12}", *(f"{cell:>{width}}" for cell, (_, width) in zip(cells, headings, strict=True)))


if __name__ == "__main__":
    main()
