"""The composition root: wires the embedded whole, one process with the call engine and the dialler in it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Connection

from core.access.embedded import EMBEDDED_KEY_ID, embedded_key, results_secret
from core.access.installation import open_box
from core.access.person_keys import PersonKeys
from core.access.secrets import SecretStore
from core.api.app import create_core_app
from core.api.auth import require_admin
from core.api.desk import agent_who_asks
from core.calls.cancel import carry_out_cancels
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.calls.store import has_unfinished
from core.calls.trunk_health import ask_rested
from core.deliveries.retention import forget_before
from core.deliveries.worker import DeliveryWorker
from core.fleet import store as fleet
from core.kernel.backoff import DEFAULT_POLICY, RetryPolicy
from core.kernel.clock import Clock, WallTime, utc_now
from core.kernel.database import Database
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.ids import Ids
from core.kernel.processes import LeaseKeeper, this_process
from core.outgoing.client import OutgoingClient
from core.outgoing.reach import Reach
from core.outgoing.routing import AsgiApp
from core.suppressions.store import is_suppressed, suppress_person
from core.transports.sandbox import SandboxNetwork, SandboxSettings, SandboxTransport
from core.trunks.reading import BUILT_IN, find_trunk
from core.trunks.store import ensure_sandbox_trunk
from core.wiring.livekit import LiveKitParts, add_livekit
from core.wiring.sip import SipParts, add_sip, listen
from core.wiring.speech import VoiceOptions
from core.wiring.websocket import SocketParts, add_websocket
from dialler.api.app import include_campaigns
from dialler.api.results import RESULTS_PATH, include_results
from dialler.api.shared import Dialler
from dialler.core_client import CoreClient
from dialler.scheduler.periodic import start_job
from dialler.scheduler.runner import Parts
from web.clocks import make_clock
from web.migrate import schema_problem, upgrade
from web.people.api import people_router
from web.people.whole import Place
from web.pushes import by_own_clock, nobodys, of_campaign
from web.recordings import make_recordings, start_recordings
from web.reports.process import ReportProcesses
from web.settings import Settings

__all__ = ["LAB_VARIABLE", "Whole", "open_whole", "send_for"]

log = logging.getLogger(__name__)

_EMBEDDED = "embedded-dialler"
LAB_VARIABLE = "DIALLER_WEBSOCKET_LAB"
"""Says that nobody but test clients opens WebSocket calls here, so that they may be talked to in `tones`."""
_CLOSING_SECONDS = 20.0
_TRUNKS_SECONDS = 15
"""How often trunks are looked at: those that were added are listened for."""
_ONCE = RetryPolicy(first=timedelta(days=365), growth=1.0, longest=timedelta(days=365), jitter=0.0, max_age=timedelta(days=3650))
"""How pushes are tried where days pass in a second: a CRM that is down comes back in real time. So each is tried once, and again when the
campaign is over (docs/decisions/0015)."""
_FASTEST_WITH_GAPS = 1000.0
_SILENT = 4
"""Tries in a row without an answer after which such a run leaves a CRM alone until its end."""
RETENTION = timedelta(days=90)
"""How long the bodies of deliveries are kept after they arrived."""


@dataclass
class Whole:
    """Everything of one process, wired."""

    settings: Settings
    db: Database
    clock: Clock
    wall: WallTime
    ids: Ids
    engine: Engine
    parts: Parts
    deliveries: DeliveryWorker
    secrets: SecretStore
    client: OutgoingClient
    leases: LeaseKeeper
    network: SandboxNetwork
    app: FastAPI
    sip: SipParts | None = None
    livekit: LiveKitParts | None = None
    sockets: SocketParts | None = None


@contextlib.asynccontextmanager
async def open_whole(settings: Settings) -> AsyncIterator[Whole]:
    """Start everything, recover what a dead process left, and stop everything in the end.

    The body runs in a task that the clock knows.

    Raises:
        core.trunks.errors.TrunkError: the trunks of the settings cannot be.
        core.kernel.secrets.UnusableKey: if the encryption key cannot be used.
        core.storage.base.StorageMisconfigured, UnusableSetting: if recordings cannot be kept as the environment says.
    """
    db = Database(settings.database_url)
    leases = LeaseKeeper()
    clock: Clock | None = None
    try:
        upgrade(db)
        with db.read() as connection:
            clock = make_clock(settings, connection)
        with clock.hold():
            whole = await _wire(settings, db, clock, leases)
            whole.engine.keep_unwritten_in(settings.data_folder / "unwritten")
            jobs: list[asyncio.Task[None]] = []
            try:
                await recover(whole.engine)
                if not settings.alone:  # else `send_for` does, once it is known which are ours
                    _adopt_deliveries(whole)
                if whole.sip is not None:
                    await listen(whole.sip, whole.engine)
                if whole.livekit is not None:
                    await whole.livekit.watch.sync()
                jobs = _start(whole)
                if settings.in_real_time:
                    _watch_database(whole)
                yield whole
            finally:
                await _stop(whole, jobs)
    finally:
        leases.close()
        if clock is not None:
            clock.close()
        db.close()


async def _wire(settings: Settings, db: Database, clock: Clock, leases: LeaseKeeper) -> Whole:
    wall, ids = utc_now, Ids(settings.seed)
    with db.read() as connection:
        box = open_box(connection, settings.data_folder, settings.environ)
    secrets = SecretStore(box, settings.environ)
    sandbox = SandboxSettings.from_mapping(settings.sandbox)
    worker_id = Ids().new()  # never derived from the seed: it fences this process against an earlier one
    with db.write() as connection:
        network_run = _name_run(connection, settings, ids)
        fleet.register(connection, worker_id, settings.seats, this_process(), wall(), network_run)
    settings.network_log.parent.mkdir(parents=True, exist_ok=True)
    over_trunk = settings.trunk not in {None, BUILT_IN}
    network = SandboxNetwork(clock, ids, sandbox, settings.network_log, run=network_run, log_when_used=over_trunk)
    engine = Engine(db, clock, wall, ids, worker_id, {"sandbox": SandboxTransport(network)}, secrets=secrets)
    engine.look_every = float(_period(settings, 1))
    engine.schema_problem = schema_problem
    engine.fleet_key_required = _is_on(settings, "DIALLER_FLEET_KEY_REQUIRED")
    engine.allow_premium = _is_on(settings, "DIALLER_ALLOW_PREMIUM")
    with db.write() as connection:
        now = clock.now()
        ensure_sandbox_trunk(connection, channels=sandbox.channels, calls_per_second=sandbox.calls_per_second, now=now)
        if settings.trunk is not None:
            engine.preferred_trunk = find_trunk(connection, settings.trunk).name
        key = embedded_key(connection, secrets, f"http://{_EMBEDDED}{RESULTS_PATH}", now)
        signing_secret = results_secret(connection, secrets, now)
        engine.recordings = make_recordings(settings, connection, secrets, box, now)
    voices = VoiceOptions(settings.voice, settings.allow_internal)
    sip = add_sip(engine, secrets, voices) if settings.opens_trunks else None
    livekit = add_livekit(engine, secrets, voices) if settings.opens_trunks else None
    sockets = add_websocket(engine, voices, lab=_is_on(settings, LAB_VARIABLE)) if settings.in_real_time else None
    client = OutgoingClient(settings.allow_internal)
    engine.reach = Reach(client, secrets.resolver(db))
    gaps = settings.speed is not None and settings.speed <= _FASTEST_WITH_GAPS
    policy = DEFAULT_POLICY.at_speed(settings.speed) if gaps and settings.speed is not None else _ONCE
    engine.push_max_age = policy.max_age
    deliveries = DeliveryWorker(
        db,
        clock=clock,
        wall=wall,
        client=client,
        secrets=secrets,
        ids=ids,
        policy=policy,
        leave_silent=None if gaps else _SILENT,
        leave_alone=settings.leave_alone,
        poll=_period(settings, 60),
        which=nobodys if settings.alone else by_own_clock(not settings.in_real_time),
        takes=lambda _: not settings.alone,
        journal=engine.journal,
    )
    engine.wake_deliveries, engine.sender = deliveries.wake, deliveries
    app = create_core_app(engine)
    transport = httpx.ASGITransport(app=_logged(app), raise_app_exceptions=False)  # what fails there is a 500 here, as over a URL
    http = httpx.AsyncClient(transport=transport, base_url="http://core.embedded", timeout=60)
    parts = Parts(db, clock, ids, CoreClient(http, key, clock), suppress=suppress_person, shared_journal=engine.journal)
    include_results(app, parts, lambda: signing_secret)
    dialler = Dialler(
        parts, wall, look_every=float(_period(settings, 1)), suppressed=is_suppressed, reports=ReportProcesses(settings.database_url)
    )
    _include_management(app, dialler, Place(db, engine.recordings, PersonKeys(box), settings.data_folder, (settings.network_log,)))
    client.mount(_EMBEDDED, app)

    def renew() -> None:
        with db.write() as connection:
            if not fleet.renew(connection, worker_id, wall()):
                log.error("this process had stood still for so long that another one took its calls over; it goes on without them")
                fleet.revive(connection, worker_id, settings.seats, wall())

    leases.add("worker", renew)
    return Whole(settings, db, clock, wall, ids, engine, parts, deliveries, secrets, client, leases, network, app, sip, livekit, sockets)


def _include_management(app: FastAPI, dialler: Dialler, place: Place) -> None:
    """The endpoints of campaigns, and those of people as a whole."""
    include_campaigns(app, dialler, require_admin, agent_who_asks)
    app.include_router(people_router(place, dialler.parts.clock.now, dialler.wall))


def _name_run(connection: Connection, settings: Settings, ids: Ids) -> str:
    """The name of this process at the sandbox network.

    Of its own in the database and in the log, whoever else has written there, and the same again when a seeded run is repeated.
    """
    size = settings.network_log.stat().st_size if settings.network_log.exists() else 0
    return ids.new("network run", fleet.count_workers(connection), size)


def _is_on(settings: Settings, variable: str) -> bool:
    """Whether an environment variable is set to 1, yes, true or on."""
    return settings.environ.get(variable, "").strip().lower() in {"1", "yes", "true", "on"}


def _logged(app: FastAPI) -> AsgiApp:
    """The app, with its failures in the log: an embedded one has no server that writes them there."""

    async def run(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error("the call engine failed on a request: %s", without_values(error))
            raise

    return run


def _start(whole: Whole) -> list[asyncio.Task[None]]:
    clock, engine = whole.clock, whole.engine

    async def forget() -> None:
        with whole.db.write(long=True) as connection:
            # never by a clock that is ahead: other runs, and real calls, have their records here, too
            forget_before(connection, min(clock.now(), whole.wall()) - RETENTION)

    return [
        clock.spawn(whole.deliveries.run(), name="deliveries"),
        start_job(clock, "calls of dead processes", _period(whole.settings, 30), lambda: recover(engine)),
        start_job(clock, "cancelled calls", _period(whole.settings, 5), lambda: carry_out_cancels(engine)),
        start_job(clock, "retention", 86_400, forget),
        *start_recordings(engine, poll=_period(whole.settings, 60)),
        *(start_job(clock, *job) for job in (whole.livekit.jobs() if whole.livekit is not None else [])),
        start_job(clock, "rested trunks", _period(whole.settings, 5), functools.partial(ask_rested, engine)),
        *([start_job(clock, "trunks", _TRUNKS_SECONDS, functools.partial(listen, whole.sip, engine))] if whole.sip else []),
    ]


def _watch_database(whole: Whole) -> None:
    """From now on nothing in the event loop waits for the database, and what happens on calls is written in another thread."""
    loop, engine = asyncio.get_running_loop(), whole.engine

    def wake() -> None:
        engine.calls.hurry()
        whole.deliveries.wake()
        for signal in whole.parts.wakes.values():
            signal.set()

    def when_back() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    whole.db.health.when_back(when_back)
    engine.calls.threaded = True
    whole.db.watch(lambda: bool(engine.runs))


def _period(settings: Settings, real_seconds: int) -> int:
    """Clock seconds between two looks for what other processes did, every so many real seconds.

    In virtual time there is no such measure: hours, or the looks would be most of the work.
    """
    return 21_600 if settings.speed is None else max(1, round(real_seconds * settings.speed))


def send_for(whole: Whole, campaign_id: str) -> None:
    """Let a process that is there for one campaign send the pushes of that one, and no other's."""
    whole.deliveries.which, whole.deliveries.takes = of_campaign(campaign_id), lambda api_key_id: api_key_id == EMBEDDED_KEY_ID
    _adopt_deliveries(whole)
    whole.deliveries.wake()


def _adopt_deliveries(whole: Whole) -> None:
    """Send at once what a dead process was about to send, if this process is the only one left."""
    with whole.db.read() as connection:
        alone = not fleet.other_workers(connection, whole.engine.worker_id)
    if alone:
        whole.deliveries.adopt()


async def _stop(whole: Whole, jobs: list[asyncio.Task[None]]) -> None:
    """End the calls that are still there, then everything else; what could not be finished is recovered at the next start."""
    engine, clock = whole.engine, whole.clock
    stopping = [clock.spawn(run.stop(), name=f"end of call {call_id}") for call_id, run in engine.runs.items()]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSING_SECONDS):
            await clock.join(*stopping)
            await clock.join(*engine.tasks)
            await whole.deliveries.stop()
            if engine.recordings is not None:
                await engine.recordings.finish_uploads()
    for task in (*jobs, *engine.tasks, *stopping):
        clock.cancel(task)
    await clock.join(*jobs, *engine.tasks, *stopping)
    await engine.journal.close()
    await engine.calls.close()
    if whole.sip is not None:
        await whole.sip.close()
    if whole.livekit is not None:
        await whole.livekit.close()
    if whole.sockets is not None:
        whole.sockets.close()
    whole.leases.remove("worker")
    try:
        with whole.db.write() as connection:
            if has_unfinished(connection, engine.worker_id):
                fleet.expire(connection, engine.worker_id, whole.wall())
            else:
                fleet.retire(connection, engine.worker_id)
    except DATABASE_FAILURES as error:  # the next start finds out by itself that this process has ended
        log.warning("the end of this process is not on record: %s", without_values(error))
    whole.network.close()
    await whole.client.aclose()
