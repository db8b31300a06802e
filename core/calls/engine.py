"""The call engine of one process: what its parts are handed. Built by the composition root, or by a test."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from core.access.secrets import SecretStore
from core.access.wrong_keys import WrongKeys
from core.bots.config import BotConfig
from core.calls.journal import CallJournal
from core.calls.known import Known
from core.calls.states import LIVE
from core.calls.unwritten import UnwrittenFile
from core.contracts.transport import PlaceOrder, Transport
from core.conversation.phrases import load_all
from core.conversation.transcript import Transcript
from core.deliveries.outbox import Sender
from core.kernel.backoff import DEFAULT_POLICY
from core.kernel.clock import Clock, Signal, WallTime
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.journal import Journal
from core.kernel.lines import REAL, SANDBOX, Lines, lines_of
from core.outgoing.reach import Reach
from core.recordings.recordings import Recordings
from core.trunks.departures import Departures
from core.trunks.traffic import Traffic

__all__ = ["Engine", "LiveCall", "count_by_state"]


class LiveCall(Protocol):
    """A call in progress in this process, as whoever steers calls sees it."""

    @property
    def order(self) -> PlaceOrder:
        """What the transport was told."""

    @property
    def bot(self) -> BotConfig:
        """The bot at the version that the call runs."""

    @property
    def left(self) -> Signal:
        """Set once the INVITE has left, or the call has ended without it."""

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to end."""

    @property
    def dialled_here(self) -> bool:
        """Whether it is we who make the phone ring."""

    @property
    def transcript(self) -> Transcript | None:
        """What has been said so far; None before the answer."""

    @property
    def state(self) -> str:
        """Its state, as `core.calls.states` has it."""

    @property
    def transport(self) -> Transport:
        """What carries it."""

    async def run(self) -> None:
        """Hold the call to its end and finish it."""

    async def cancel(self) -> None:
        """End the call now, wherever it is."""

    async def withdraw(self) -> None:
        """End the call because its callee is on the line with us already."""

    async def stop(self) -> None:
        """End the call because this process ends."""


def count_by_state(runs: Iterable[LiveCall]) -> dict[str, int]:
    """How many of these calls are in each state in which a call holds a seat."""
    return dict(Counter(run.state for run in runs if run.state in LIVE))


@dataclass
class Engine:
    """One worker: it places calls on its transports, holds them, and writes their results.

    `wake_deliveries` is called after a transaction that wrote deliveries; `sender` may claim them as they are written. `secrets` keeps
    the credentials that bots name. `place_timeout` bounds how long a dialout waits for its INVITE to leave. `allow_premium` lifts the
    refusal of premium-rate numbers. `push_max_age` is how long a push is tried, in clock time. `reach` is what calls talk to the
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
    sender: Sender | None = None
    secrets: SecretStore | None = None
    place_timeout: float = 15.0
    allow_premium: bool = False
    fleet_key_required: bool = False
    look_every: float = 1.0
    busy_retry_after: timedelta = timedelta(seconds=5)
    push_max_age: timedelta = DEFAULT_POLICY.max_age
    runs: dict[str, LiveCall] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    reach: Reach | None = None
    recordings: Recordings | None = None
    unwritten: Path | None = None
    """The folder in which processes keep what they cannot write while the database is away."""
    preferred_trunk: str | None = None
    schema_problem: Callable[[Connection], str | None] = lambda _: None
    on_livekit_webhook: Callable[[str, str], Awaitable[bool]] | None = None
    wrong_keys: WrongKeys = field(default_factory=WrongKeys)
    departures: Departures = field(default_factory=Departures)
    ailing_trunks: set[str] = field(default_factory=set)
    """Trunks whose failures are remembered, as far as this process knows: only of them a success is to be noted."""
    traffic: defaultdict[str, Traffic] = field(default_factory=lambda: defaultdict(Traffic))
    """The calls of this process on each trunk, as far as they tell whose fault a refusal is."""
    calls: CallJournal = field(init=False)
    """What happened on the calls of this process and is not in the database yet."""

    known: Known = field(default_factory=Known)
    journal: Journal = field(init=False)
    """What may be written a moment later, for many calls at once."""

    def __post_init__(self) -> None:
        load_all()  # no call has to wait for what people say
        self.journal = Journal(self.db, self.clock)
        self.calls = CallJournal(self.db, self.clock, self.worker_id)
        self.calls.beside = self.journal

    def keep_unwritten_in(self, folder: Path) -> None:
        """Keep what cannot be written in files of this folder, and take in what others left there."""
        self.unwritten = folder
        self.calls.file = UnwrittenFile(folder / f"{self.worker_id}.jsonl")
        self.calls.overflow = UnwrittenFile(folder / f"{self.worker_id}-more.jsonl")

    def lines_of(self, transport: str) -> Lines:
        """The lines that a call by this transport is on, whether or not it runs here."""
        here = self.transports.get(transport)
        return lines_of(transport) if here is None else REAL if here.real else SANDBOX
