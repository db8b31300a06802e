"""How many calls can be placed now, and by what that is limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.bots.store import StoredBot
from core.calls.engine import Engine
from core.calls.store import bot_calls, trunk_calls
from core.calls.trunk_health import trouble_here, why_held
from core.fleet.store import WorkerLoad
from core.trunks.pacing import room
from core.trunks.store import TrunkInfo, choose_trunk, every_trunk

__all__ = ["Capacity", "capacity", "channels_left", "trunks_of", "why_no_trunk"]


@dataclass(frozen=True)
class Capacity:
    """Calls that this process would take now.

    Attributes:
        seats: free seats of this process; 0 while it drains.
        bot: seats that the bot has left; None if it has no limit of its own, or no bot was asked about.
        trunks: calls that the trunks have channels for, and a turn in time.
    """

    seats: int
    bot: int | None
    trunks: int

    @property
    def available(self) -> int:
        """The least of them."""
        return max(0, min(self.seats, self.trunks, self.seats if self.bot is None else self.bot))


def capacity(connection: Connection, engine: Engine, worker: WorkerLoad | None, bot: StoredBot | None, now: datetime) -> Capacity:
    """The capacity for a bot, or for any; `worker` is this process, None if it was retired."""
    seats = worker.available if worker else 0
    limit = bot.config.seats if bot else None
    left = limit - bot_calls(connection, bot.id) if bot and limit is not None else None
    trunks = trunks_of(connection, bot, engine.preferred_trunk)
    if bot is not None and not any(trunk.transport in engine.transports for trunk in trunks):
        return Capacity(seats, left, seats)  # not a lack of room: the dialout itself must say what is wrong
    return Capacity(seats, left, sum(_room(connection, engine, trunk, now, seats) for trunk in trunks) if seats else 0)


def trunks_of(connection: Connection, bot: StoredBot | None, preferred: str | None = None) -> Sequence[TrunkInfo]:
    """The trunk that the bot's calls go out on, unless a dialout names another caller ID; every trunk if no bot is asked about."""
    if bot is None:
        return every_trunk(connection)
    trunk = choose_trunk(connection, bot.config.caller_id, bot.config.default_region, preferred)
    return [] if trunk is None else [trunk]


def why_no_trunk(connection: Connection, engine: Engine, bot: StoredBot, now: datetime) -> str | None:
    """Why no call of the bot goes out on its trunk now, because the trunk failed or because of this machine, in a sentence; None if
    calls do."""
    for trunk in trunks_of(connection, bot, engine.preferred_trunk):
        transport = engine.transports.get(trunk.transport)
        if transport is None or not transport.real:
            continue
        if (trouble := trouble_here(engine, trunk)) is not None:
            return trouble[0]
        if (why := why_held(trunk, now)) is not None:
            return why
    return None


def channels_left(connection: Connection, trunk: TrunkInfo) -> int:
    """How many more calls the trunk has channels for."""
    return max(0, trunk.channels - trunk_calls(connection, trunk.name))


def _room(connection: Connection, engine: Engine, trunk: TrunkInfo, now: datetime, most: int) -> int:
    if trunk.transport not in engine.transports or trouble_here(engine, trunk) is not None:
        return 0
    held_back = trunk.channels - trunk.health.limits.channels_at(trunk.channels, now)  # for the carrier seems to take fewer
    most = min(most, max(0, channels_left(connection, trunk) - held_back))
    waiting = engine.departures.without_turn[trunk.name]
    return max(0, room(trunk.next_call_at, trunk.calls_per_second, now, most + waiting) - waiting)
