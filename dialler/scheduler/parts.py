"""What the scheduler works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

from core.kernel.clock import Clock, Signal
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.journal import Journal
from dialler.core_client import CoreClient
from dialler.leads.results import Receipt, Suppress
from dialler.scheduler.capacity import Capacity

__all__ = ["Parts"]


@dataclass
class Parts:
    """What a runner works with. `wakes` are the signals of the campaigns that run here, set when a result comes in; `capacity` is used
    while only one does. `journal` is made if it is not given. `suppress` puts the other numbers of a person who opted
    out on the suppression list."""

    db: Database
    clock: Clock
    ids: Ids
    core: CoreClient
    wakes: dict[str, Signal] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    suppress: Suppress | None = None
    shared_journal: InitVar[Journal | None] = None
    journal: Journal = field(init=False)
    note_result: dict[str, Callable[[Receipt], bool]] = field(default_factory=dict)
    """Of each campaign that runs here: told of its results, says whether its runner must be woken."""

    def __post_init__(self, shared_journal: Journal | None) -> None:
        self.journal = shared_journal or Journal(self.db, self.clock)
