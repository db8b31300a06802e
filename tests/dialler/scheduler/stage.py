"""A campaign on a stage: its runner in virtual time, and a core whose calls end when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from dialler.campaigns.store import change_state, read_campaign
from dialler.leads.results import receive_result
from dialler.scheduler.holds import Hold
from dialler.scheduler.runner import CampaignRunner, Parts
from tests.conftest import START
from tests.dialler.scheduler.fake_core import FakeCore
from tests.support import CAMPAIGN, TOKEN, add_leads, lead_row, make_campaign

__all__ = ["NUMBERS", "InVirtualTime", "Stage", "order", "state_of"]

InVirtualTime = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]
NUMBERS = [f"+120255501{n:02d}" for n in range(20, 40)]


def state_of(db: Database) -> str:
    with db.read() as connection:
        return str(read_campaign(connection, CAMPAIGN).state)


def order(db: Database, event: str, **more: Any) -> None:
    with db.write() as connection:
        change_state(connection, CAMPAIGN, event, START, **more)


class Stage:
    """A campaign, its runner, and a core whose calls end when `finish` says so. `holds` are the words of what was told."""

    def __init__(self, db: Database, clock: VirtualClock, core: FakeCore, leads: int = 1, **settings: Any) -> None:
        self.db, self.clock, self.core = db, clock, core
        make_campaign(db, START, **{"max_attempts": 1, **settings})
        self.leads = add_leads(db, START, *NUMBERS[:leads])
        self.parts = Parts(db, clock, Ids(1), core.client(clock))
        self.holds: list[Hold | None] = []
        self.runner = CampaignRunner(self.parts, CAMPAIGN, TOKEN, self.holds.append)
        self.running = clock.spawn(self.runner.run(), name="runner")

    async def until_dialled(self, count: int = 1) -> None:
        while len(self.core.calls) < count:
            await self.clock.sleep(1)

    def finish(self, number: int = 0, **more: Any) -> None:
        key = list(self.core.calls)[number]
        result = self.core.end(key, **more)
        with self.db.write() as connection:
            receive_result(connection, self.parts.ids, result, self.clock.now())
        self.runner.wake.set()

    async def ended(self) -> str:
        await self.clock.join(self.running)
        return self.running.result()

    def states(self) -> list[str]:
        return [lead_row(self.db, lead).state for lead in self.leads]

    def campaign(self) -> Any:
        with self.db.read() as connection:
            return read_campaign(connection, CAMPAIGN)
