"""The sender of deliveries: wakes, claims what is due, sends it, records what came of it.

Deliveries of calls that end in this process are claimed as they are written (`lease`) and sent after the commit (`begin`). For the
others it looks when `wake()` says that something was written, when a delivery falls due, when there is a place for one that
waits, and by a slow timer for what other processes wrote. Each destination has a few places of its own, so a slow receiver delays nobody
else. Between claim and record no transaction is open.

At least once: a process that dies after a receiver took a delivery and before that was recorded leaves a lease; when it
has run out the delivery is sent again, under the same webhook-id. Never again once a success was recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from core.access.secrets import SecretStore
from core.deliveries.claims import (
    Attempt,
    Claimed,
    Lease,
    Which,
    bring_forward,
    claim,
    count_leased,
    every,
    next_due,
    put_back,
    record,
    record_delivered,
    release_every_lease,
)
from core.deliveries.outbox import NewDelivery
from core.deliveries.queries import DeliveryFilter, count, pending_among
from core.deliveries.sending import SecretNotHere, Unsendable, prepare, send
from core.deliveries.tables import Delivery
from core.kernel.backoff import DEFAULT_POLICY, Dead, Delivered, Retry, RetryPolicy, decide
from core.kernel.clock import Clock, WallTime
from core.kernel.database import Database
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.ids import Ids
from core.kernel.journal import Journal
from core.kernel.statements import table_of
from core.outgoing.client import OutgoingClient
from core.outgoing.watch import Endpoint

__all__ = ["DeliveryWorker"]

log = logging.getLogger(__name__)
_deliveries = table_of(Delivery)

_WHAT = {"crm_push": "pushes", "results_webhook": "results webhooks"}


class DeliveryWorker:
    """Sends deliveries of one database; any number of processes may have one each.

    Args:
        db: the database.
        clock: business time: when attempts are due.
        wall: real time: leases and signatures.
        client: what sends.
        secrets: what fills in secrets.
        ids: makes lease tokens and random streams.
        policy: how often a delivery over the network is tried; one to an app in this process is tried as by default.
        leave_silent: after so many tries in a row that no answer came to, a destination is left alone until the next `flush`; None: never.
            For clocks that do not wait in real time: the gaps of the others are enough.
        leave_alone: what this process may not send (an internal address that it may not reach, a secret that it has not) is put back as if
            nobody had tried, for a process that may; `left_alone` counts it.
        per_destination: how many are sent to one destination at once.
        most: how many are sent at once in all.
        lease: real time after which another process may send what this one claimed; longer than a request may take.
        poll: clock seconds between looks for what other processes wrote.
        which: which deliveries it sends; others are left to other processes.
        takes: tells by its API key whether the deliveries of a call that ends in this process are among those: they are claimed as they
            are written.
        journal: where it is written that a delivery arrived, for many at once a moment later; None: it is written at once.

    Raises:
        ValueError: when the lease is shorter than a request may take.
    """

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        wall: WallTime,
        client: OutgoingClient,
        secrets: SecretStore,
        ids: Ids,
        policy: RetryPolicy = DEFAULT_POLICY,
        leave_silent: int | None = None,
        leave_alone: bool = False,
        per_destination: int = 4,
        most: int = 256,
        lease: timedelta = timedelta(seconds=60),
        poll: float = 60.0,
        which: Which = every,
        takes: Callable[[str | None], bool] = lambda _: True,
        journal: Journal | None = None,
    ) -> None:
        if lease.total_seconds() < 2 * client.limits.total:
            raise ValueError(f"the lease ({lease}) must be at least twice as long as a request may take ({client.limits.total:g} s)")
        self._db, self._clock, self._wall, self._client, self._secrets, self._ids = db, clock, wall, client, secrets, ids
        self._policy, self.per_destination, self._most, self._lease, self._poll = policy, per_destination, most, lease, poll
        self._leave_silent, self._leave_alone, self.which, self.takes = leave_silent, leave_alone, which, takes
        self._journal = journal
        self._barred: dict[str, str] = {}
        """Destinations that this process may not reach, and why."""
        self._put_back: dict[str, str] = {}
        """Deliveries that it has not the secrets of, and why."""
        self._silent: Counter[str] = Counter()
        """Tries in a row that no answer came to."""
        self._changed = clock.signal()
        self._stopping = False
        self._sending: set[asyncio.Task[bool]] = set()
        self._busy: Counter[str] = Counter()
        self._backlog: set[str] = set()
        """Destinations with deliveries that are due and wait for a place."""
        self._running = False
        self._flushing = 0

    def wake(self) -> None:
        """Say that deliveries were written; to be called after the commit, from the event loop."""
        self._changed.set()

    def adopt(self) -> int:
        """Take over at once whatever a dead process had claimed, and try again at once what failed before.

        Only where no other process sends. Returns how many were claimed.
        """
        with self._db.write() as connection:
            released = release_every_lease(connection, self.which)
            bring_forward(connection, self._clock.now(), self._wall(), self.which)
        return released

    def lease(self, new: Sequence[NewDelivery], api_key_id: str | None) -> Mapping[str, Lease]:
        """Leases by id for new deliveries that it can send as soon as they are committed: within the limits, and behind nobody.

        Args:
            new: deliveries about to be written, pending.
            api_key_id: the API key of their call.
        """
        if not self._running or self._stopping or not self.takes(api_key_id):
            return {}
        wall_now = self._wall()
        given: dict[str, Lease] = {}
        taken: Counter[str] = Counter()
        for row in new:
            to = row.destination
            full = self._busy[to] + taken[to] >= self.per_destination or len(self._sending) + len(given) >= self._most
            if full or to in self._backlog:
                self._backlog.add(to)
            elif not self._is_silent(to) and to not in self._barred:
                given[row.id] = Lease(self._ids.new("delivery lease", row.id, wall_now), wall_now + self._lease)
                taken[to] += 1
        return given

    def begin(self, claimed: Sequence[Claimed]) -> None:
        """Send deliveries that were written with its leases. To be called right after the commit, before any `await`."""
        for item in claimed:
            self._busy[item.destination] += 1
            task = self._clock.spawn(self._deliver(item), name=f"delivery {item.id}")
            self._sending.add(task)
            task.add_done_callback(lambda task, item=item: self._sent(task, item))  # type: ignore[misc]

    async def run(self) -> None:
        """Send what is due, until `stop`. Started with `clock.spawn`."""
        self._running = True
        try:
            await self._until_stopped()
        finally:
            self._running = False

    async def _until_stopped(self) -> None:
        while not self._stopping:
            self._changed.clear()
            wait = self._poll
            try:
                soonest = self._send_due(self._clock.now())
            except OperationalError as error:
                log.log(
                    self._db.health.level(logging.ERROR),
                    "the database did not answer; deliveries wait for it: %s",
                    without_values(error),
                )
            else:
                if soonest is not None:
                    wait = min(wait, (soonest - self._clock.now()).total_seconds())
            await self._changed.wait(wait)
        await self._clock.join(*self._sending)

    async def stop(self) -> None:
        """Claim no more, and wait for what is being sent."""
        self._stopping = True
        self._changed.set()
        await self._clock.join(*self._sending)
        self._write_journal()

    async def flush(self, until: datetime | None = None) -> int:
        """Try every pending delivery that it may send once more, now. Works beside `run` and without it.

        Args:
            until: clock time at which to stop waiting for answers; None waits for every one.

        Returns:
            How many of those are pending still.
        """
        cutoff = self._clock.now()
        self._silent.clear()
        with self._db.write() as connection:
            bring_forward(connection, cutoff, self._wall(), self.which)
        self._flushing += 1
        try:
            while until is None or self._clock.now() < until:
                self._changed.clear()
                self._send_due(cutoff)  # what fails now is due after the cutoff, and is left alone
                if not self._sending:
                    break
                await self._changed.wait(None if until is None else (until - self._clock.now()).total_seconds())
        finally:
            self._flushing -= 1
        self._write_journal()
        with self._db.read() as connection:
            return count(connection, DeliveryFilter(state="pending"), self.which(_deliveries))

    def _send_due(self, due_by: datetime) -> datetime | None:
        """Claim what is due and has a place, start sending it. Returns when the next one falls due, if one does later."""
        wall_now = self._wall()
        with self._db.read() as connection:
            due = next_due(connection, wall_now, self.which)
        claimed: list[Claimed] = []
        self._backlog.clear()
        for destination, at in sorted(due.items(), key=lambda item: (item[1], item[0])):
            if at > due_by or self._is_silent(destination) or destination in self._barred:
                continue
            limit = min(self.per_destination - self._busy[destination], self._most - len(self._sending) - len(claimed))
            found: list[Claimed] = []
            if limit > 0:
                with self._db.write() as connection:
                    found = claim(
                        connection,
                        destination,
                        due_by=due_by,
                        wall_now=wall_now,
                        lease_until=wall_now + self._lease,
                        lease_token=self._ids.new("delivery lease", destination, at, wall_now),
                        limit=limit,
                        which=self.which,
                    )
            if len(found) >= limit:
                self._backlog.add(destination)
            claimed += found
        self.begin(claimed)
        if claimed:
            self._changed.set()  # when the next one to their destinations falls due is not known yet
        return min((at for at in due.values() if at > due_by), default=None)

    def left_alone(self) -> dict[str, int]:
        """Why deliveries were left alone, and how many for each reason; those that another process is sending just now among them."""
        self._write_journal()
        with self._db.read() as connection:
            ours = self.which(_deliveries)
            found: Counter[str] = Counter()
            for destination, why in self._barred.items():
                found[why] += count(connection, DeliveryFilter(state="pending", destination=destination), ours)
            pending = pending_among(connection, self._put_back)
            found["another process is sending it just now"] = count_leased(connection, self._wall(), self.which)
        found.update(self._put_back[one] for one in pending)
        return {why: number for why, number in found.items() if number}

    def _is_silent(self, destination: str) -> bool:
        return self._leave_silent is not None and self._silent[destination] >= self._leave_silent

    def _sent(self, task: asyncio.Task[bool], item: Claimed) -> None:
        self._sending.discard(task)
        self._busy[item.destination] -= 1
        settled = not task.cancelled() and task.exception() is None and task.result()
        if not settled or self._backlog or self._flushing:
            self._changed.set()

    async def _deliver(self, item: Claimed) -> bool:
        """Try once. Returns whether nothing more is to be done for it."""
        try:
            return await self._deliver_once(item)
        except DATABASE_FAILURES as error:  # when its lease is over it is sent again
            log.log(self._db.health.level(logging.ERROR), "delivery %s waits for the database: %s", item.id, without_values(error))
            return False

    async def _deliver_once(self, item: Claimed) -> bool:
        here, watch, began = self._client.is_here(item.url), self._client.watch, self._client.watch.begin()
        attempt = await self._attempt(item, here=here)
        if attempt.not_from_here and self._leave_alone:
            self._give_back(item, attempt)
            return False
        endpoint = Endpoint(_WHAT.get(item.kind, item.kind), item.destination)
        if attempt.status is None:
            watch.failed(endpoint, attempt.error or "no answer came", began)
        else:
            watch.answered(endpoint, attempt.status, began)
        self._silent[item.destination] = 0 if attempt.status is not None else self._silent[item.destination] + 1
        number = item.attempts + 1
        verdict = decide(
            DEFAULT_POLICY if here else self._policy,
            status=attempt.status,
            retry_after=attempt.retry_after,
            attempt=number,
            now=self._clock.now(),
            expires_at=item.expires_at,
            spread=self._ids.stream("delivery gap", item.id, number).random(),
        )
        if not isinstance(verdict, Delivered):
            self._secrets.forget_lately()  # it may have been refused for a secret that was changed since
        if isinstance(verdict, Delivered) and self._journal is not None:
            self._journal.add(_write_delivered, item.id, (item, attempt))
            return True
        with self._db.write() as connection:
            recorded = record(connection, item, attempt, verdict)
        if recorded and isinstance(verdict, Dead):
            watch.gave_up(endpoint, verdict.why)
        _log_attempt(item, attempt, type(verdict).__name__.lower(), recorded=recorded)
        return recorded and not isinstance(verdict, Retry)

    def _write_journal(self) -> None:
        if self._journal is not None:
            self._journal.flush()

    def _give_back(self, item: Claimed, attempt: Attempt) -> None:
        why = attempt.error or "this process may not send it"
        if attempt.not_from_here == "destination":
            self._barred[item.destination] = why
        else:
            self._put_back[item.id] = why
        with self._db.write() as connection:
            put_back(connection, item, self._clock.now() + DEFAULT_POLICY.first)
        log.info("delivery %s (%s): left alone, for this process may not send it", item.id, item.kind)

    async def _attempt(self, item: Claimed, *, here: bool) -> Attempt:
        at = self._clock.now()
        try:
            wire = prepare(self._db, item, self._secrets, self._wall())
        except Unsendable as error:
            lacking: Literal["delivery"] | None = "delivery" if isinstance(error, SecretNotHere) else None
            return Attempt(at=at, status=None, latency_ms=0.0, error=str(error), not_from_here=lacking)
        with contextlib.nullcontext() if here else self._clock.outside():
            return await send(self._client, wire, at, self._wall())


def _write_delivered(connection: Connection, entries: Sequence[tuple[Claimed, Attempt]]) -> Callable[[], None]:
    """Write of deliveries that they arrived: a writer of the journal."""
    recorded = record_delivered(connection, entries)

    def tell() -> None:
        for item, attempt in entries:
            _log_attempt(item, attempt, "delivered", recorded=item.id in recorded)

    return tell


def _log_attempt(item: Claimed, attempt: Attempt, outcome: str, *, recorded: bool) -> None:
    number = item.attempts + 1
    if recorded:
        log.info("delivery %s (%s): attempt %d, status %s: %s", item.id, item.kind, number, attempt.status, outcome)
    else:
        log.warning("delivery %s: attempt %d came to %s, but its lease was lost; nothing recorded", item.id, number, outcome)
