"""What the page of the system shows: workers, seats, trunks that rest, pushes that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from core.deliveries.queries import DeliveryFilter, count_by_state
from core.fleet.listing import list_workers
from core.trunks.store import TrunkInfo, every_trunk
from web.console.i18n import no_op as N_
from web.console.words import Badge

__all__ = ["WORKER_STATES", "SystemView", "changes", "look"]

WORKER_STATES: Final = {
    "working": Badge(N_("Working"), "good", "cpu"),
    "draining": Badge(N_("Draining"), "warn", "hourglass-split"),
    "ended": Badge(N_("Ended"), "", "stop-fill"),
    "lost": Badge(N_("Lost"), "bad", "exclamation-triangle"),
}
_RECENT: Final = timedelta(days=1)


@dataclass(frozen=True)
class SystemView:
    """The state of the installation.

    Attributes:
        workers: those that work or drain, as `core.fleet.listing.list_workers` gives them.
        over: those that ended or were lost within a day.
        resting: trunks that do not carry calls now, or that failed lately.
        waiting: deliveries that are pending.
        dead: deliveries that were given up.
    """

    workers: list[dict[str, Any]]
    over: list[dict[str, Any]]
    resting: list[TrunkInfo]
    waiting: int
    dead: int

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return sum(worker["calls"] for worker in self.workers)

    @property
    def seats(self) -> int:
        """Seats of the workers that take calls."""
        return sum(worker["max"] for worker in self.workers if worker["state"] == "working")


def look(connection: Connection, wall: datetime) -> SystemView:
    """Read the state of the installation."""
    workers = list_workers(connection, wall)
    states = count_by_state(connection, DeliveryFilter())
    return SystemView(
        workers=[worker for worker in workers if worker["state"] in {"working", "draining"}],
        over=[worker for worker in workers if worker["state"] in {"ended", "lost"} and wall - worker["seen_at"] < _RECENT][:10],
        resting=[trunk for trunk in every_trunk(connection) if trunk.health],
        waiting=states["pending"],
        dead=states["dead"],
    )


def changes(connection: Connection, wall: datetime) -> dict[str, object]:
    """What is compared to tell whether the page has to be shown anew: cheap to read, so without counting deliveries.

    These are counted again every ten seconds.
    """
    return {
        "workers": [(worker["id"], worker["state"], worker["calls"]) for worker in list_workers(connection, wall)[:50]],
        "resting": [(trunk.name, trunk.health.failures, str(trunk.health.resting_until)) for trunk in every_trunk(connection)],
        "every_ten_seconds": int(wall.timestamp()) // 10,
    }
