"""The call engine of one process: what its parts are handed. Built by the composition root, or by a test."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from core.access.secrets import SecretStore
from core.access.wrong_keys import WrongKeys
from core.deliveries.backoff import DEFAULT_POLICY
from core.kernel.clock import Clock, WallTime
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.lines import REAL, SANDBOX, Lines, lines_of
from core.outgoing.reach import Reach
from core.recordings.recordings import Recordings
from core.transports.base import Transport
from core.trunks.departures import Departures
from core.trunks.traffic import Traffic

if TYPE_CHECKING:
    from core.calls.run import CallRun

__all__ = ["Engine"]


@dataclass
class Engine:
    """One worker: it places calls on its transports, holds them, and writes their results.

    `wake_deliveries` is called after a transaction that wrote deliveries. `secrets` keeps the credentials that bots
    name. `place_timeout` bounds how long a dialout waits for its INVITE to leave. `allow_premium` lifts the refusal of
    premium-rate numbers. `push_max_age` is how long a push is tried, in clock time. `reach` is what calls talk to the
    outside with (models, tools); bots that need it cannot talk without.
    `look_every` is how often event streams look for changes, in clock seconds. `preferred_trunk` takes the calls
    that name no caller ID in place of the default trunk. `on_livekit_webhook` takes the body and the Authorization of a
    webhook, and says whether it was one of LiveKit's. `schema_problem` says what is wrong with the version of the database's schema,
    if anything is.
    """

    db: Database
    clock: Clock
    wall: WallTime
    ids: Ids
    worker_id: str
    transports: dict[str, Transport]
    wake_deliveries: Callable[[], None] = lambda: None
    secrets: SecretStore | None = None
    place_timeout: float = 15.0
    allow_premium: bool = False
    fleet_key_required: bool = False
    look_every: float = 1.0
    busy_retry_after: timedelta = timedelta(seconds=5)
    push_max_age: timedelta = DEFAULT_POLICY.max_age
    runs: dict[str, CallRun] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    reach: Reach | None = None
    recordings: Recordings | None = None
    preferred_trunk: str | None = None
    schema_problem: Callable[[Connection], str | None] = lambda _: None
    on_livekit_webhook: Callable[[str, str], Awaitable[bool]] | None = None
    wrong_keys: WrongKeys = field(default_factory=WrongKeys)
    departures: Departures = field(default_factory=Departures)
    ailing_trunks: set[str] = field(default_factory=set)
    """Trunks whose failures are remembered, as far as this process knows: only of them a success is to be noted."""
    traffic: defaultdict[str, Traffic] = field(default_factory=lambda: defaultdict(Traffic))
    """The calls of this process on each trunk, as far as they tell whose fault a refusal is."""

    def lines_of(self, transport: str) -> Lines:
        """The lines that a call by this transport is on, whether or not it runs here."""
        here = self.transports.get(transport)
        return lines_of(transport) if here is None else REAL if here.real else SANDBOX
