"""What the scheduler works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.kernel.clock import Clock, Signal
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.core_client import CoreClient
from dialler.scheduler.capacity import Capacity

__all__ = ["Parts"]


@dataclass
class Parts:
    """What a runner works with. `wakes` are the signals of the campaigns that run here, set when a result comes in; `capacity` is used
    while only one does."""

    db: Database
    clock: Clock
    ids: Ids
    core: CoreClient
    wakes: dict[str, Signal] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
