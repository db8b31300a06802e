"""One call, from the INVITE to its end."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from core.bots.config import BotConfig
from core.calls.analysis import needs_model
from core.calls.answer import CONFIRM_SECONDS, put_through, until_answered
from core.calls.brains import disclosure_of_call, make_brain, template_values
from core.calls.departure import Turn, await_departure
from core.calls.engine import Engine
from core.calls.event_log import EventLog, TakenOver
from core.calls.finish import Concluded, announce, conclude, finish_call
from core.calls.first_words import first_words_for
from core.calls.journal import LeftInFile
from core.calls.leftovers import LEFTOVER
from core.calls.outcome import Ending, withdrawn, worker_stopped
from core.calls.states import next_state
from core.calls.store import keep_prefetch, move, read_call
from core.calls.trunk_limits import leaves
from core.calls.unwritten import OptOut
from core.calls.wishes import DO_NOT_CALL, KEPT_AT_ONCE, Wishes
from core.contracts.transport import KeepsLeftover, Leg, PlaceOrder, SpokenLeg
from core.conversation.analysis import has_conversation
from core.conversation.limits import limits_of
from core.conversation.session import converse
from core.conversation.speech import said_first
from core.conversation.transcript import Transcript
from core.deliveries.outbox import Enqueued
from core.desk.ticket import CallDesk
from core.kernel.failures import without_values
from core.prefetch.fetch import Fetched, fetch
from core.prefetch.merge import merged
from core.recordings.recordings import NO_RECORDING
from core.transports.refused import RefusedLeg

__all__ = ["CallRun"]

log = logging.getLogger(__name__)

TRANSFER_METHODS = {"websocket": "websocket_reverse_transfer", "livekit": "livekit_sip_refer"}
"""The guide's words for how a transport hands callees over; `sip_refer` for every other."""

_OVERTIME_SECONDS = 120.0
"""How long after its longest duration a conversation may take to say goodbye; then its line is taken for stuck."""


class CallRun:
    """A call in progress in this process: one that we make; `core.calls.inbound` has those that are made to us.

    Args:
        engine: the process's call engine.
        order: what the transport is told; its `to_number` is the customer's.
        transport: the name of the transport.
        bot: the bot's configuration, at the version that the call runs.
        variables: the dialout's variables (crm).
        events: the call's event log, whose first events were written with its intent.
        turn: when it may leave, by the trunk's rate; None: it has no turn to wait for.
    """

    direction: Literal["outbound", "inbound"] = "outbound"
    dialled_here = True
    """Whether it is we who make the phone ring."""
    connected_event: dict[str, Any] | None = None
    """What a WebSocket call began with."""

    def __init__(
        self,
        engine: Engine,
        order: PlaceOrder,
        transport: str,
        bot: BotConfig,
        variables: dict[str, Any],
        events: EventLog,
        turn: Turn | None,
    ) -> None:
        self.engine, self.order, self.bot, self.variables, self.events, self.turn = engine, order, bot, variables, events, turn
        self.transport, self.lines = engine.transports[transport], engine.lines_of(transport)
        self.left = engine.clock.signal()
        """Set once the INVITE has left, or the call has ended without it."""
        self.state = "placing"
        self._cancel_asked = engine.clock.signal()
        self._stopping = self._withdrawn = self._left_us = False
        self._leg: Leg | None = None
        self.rang = False
        """Whether the phone is known to have rung."""
        self._fetching: asyncio.Task[Fetched] | None = None
        self._crm = variables
        self._started_at = self.placed_at = engine.clock.now()
        self._desk = CallDesk(engine.db, engine.clock, engine.ids, order.call_id, bot, order.to_number, variables)
        self.answered_at: datetime | None = None
        self.transcript: Transcript | None = None
        self._wishes = Wishes()

    async def run(self) -> None:
        """Hold the call to its end and finish it. Never raises for what happens on the call: a failure becomes its ending."""
        self.engine.calls.follow(self.events, self._lose)
        try:
            ending, talk = await self._hold()
            if self._stopping and ending.end_reason == "cancelled":
                ending = worker_stopped(ending)
            elif self._withdrawn and ending.end_reason == "cancelled":
                ending = withdrawn(ending)
            finished = await self._end(ending, talk)
            self.left.set()
            if not finished:
                await finish_call(self.engine, self.order.call_id, self.events, self.bot)
        except TakenOver:
            await self._let_go()
        except LeftInFile as error:
            log.warning("the end of call %s is in a file until the database is back", error)
        finally:
            self.left.set()
            self.engine.calls.forget(self.events)
            self.engine.runs.pop(self.order.call_id, None)
            self._off_the_trunk()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to end."""
        return self._cancel_asked.is_set()

    async def cancel(self) -> None:
        """End the call now, wherever it is."""
        self._cancel_asked.set()
        if self._fetching is not None:
            self.engine.clock.cancel(self._fetching)
        if self._leg is not None:
            await self._leg.hang_up("cancelled")

    async def stop(self) -> None:
        """End the call because this process ends: unlike an operator's order, that is no reason not to try again."""
        self._stopping = True
        await self.cancel()

    async def withdraw(self) -> None:
        """End the call because its callee has come to talk to us in another one; not one that they have answered."""
        if self.state == "talking":
            return
        self._withdrawn = True
        await self.cancel()

    async def _hold(self) -> tuple[Ending, dict[str, Any]]:
        try:
            reached = await self._reach()
            if isinstance(reached, Ending):
                return reached, {}
            self._leg = reached
            self.left.set()
            if self.cancelled:
                await self._leg.hang_up("cancelled")
            await self._prepare_opening(self._leg)
            ending = await self._until_answered(self._leg)
            if ending is not None:
                return ending, {}
            return await self._talk(self._leg)
        except TakenOver:
            raise
        except Exception as error:
            log.error("call %s failed in this process: %s", self.order.call_id, without_values(error))
            self.note("failure", {"error": type(error).__name__})
            await self._let_go()
            rang = self.state != "placing" or self.rang
            unknown = self._left_us and not rang and not isinstance(self._leg, RefusedLeg)
            return Ending("error", "pipeline_failure", rang or unknown, "unknown", may_have_been_dialled=unknown), {}

    async def _reach(self) -> Leg | Ending:
        """Place the call when its turn comes; its ending if it may not leave any more."""
        assert self.turn is not None
        departed = await_departure(self.engine, self.turn, self.order, self.bot, self._cancel_asked, self.lines, self._prefetch)
        if (stopped := await departed) is not None:
            return stopped
        self.placed_at = self.engine.clock.now()
        if self.transport.real:
            leaves(self.engine, self.order, self._started_at)
        self._left_us = True
        async with self.engine.clock.timeout(CONFIRM_SECONDS):  # an INVITE that takes longer has failed (RFC 3261, timer B)
            return await self.transport.place(self.order)

    async def _prefetch(self) -> Ending | None:
        """Ask the CRM for the callee's data, if the bot does; the ending, if it does not call without."""
        wanted, clock = self.bot.prefetch, self.engine.clock
        if wanted is None or self.cancelled:
            return None
        values = template_values(self.order, self.bot, self.variables, self._started_at, self.direction, self.connected_event)
        self._fetching = clock.spawn(fetch(self.engine.reach, wanted, values), name=f"prefetch {self.order.call_id}")
        await clock.join(self._fetching)
        if self._fetching.cancelled():
            return None  # because the call was: whoever waits for the departure sees it
        fetched = self._fetching.result()
        self.note("prefetch", fetched.facts())
        with self.engine.db.write() as connection:
            if not keep_prefetch(connection, self.order.call_id, self.engine.worker_id, fetched.record(clock.now()), self.events):
                raise TakenOver
        self._crm = merged(self.variables, fetched.fields, wanted.precedence)
        self._desk.crm = self._crm
        if fetched.outcome == "failed" and wanted.on_failure == "do_not_call":
            return Ending("error", "prefetch_failed", phone_rang=False)
        return None

    async def _prepare_opening(self, leg: Leg) -> None:
        """Where words become sound, that of the first ones is made while the phone rings. A model is not asked ahead. So is that of the
        words for when the synthesis fails: they must not need it."""
        if not isinstance(leg, SpokenLeg):
            return
        values = template_values(self.order, self.bot, self._crm, self._started_at, self.direction, self.connected_event)
        limits = limits_of(self.bot, values, first_words=first_words_for(self.bot, self.order.to_number, values))
        if self.bot.brain.kind != "llm" or self.bot.opening_message.strip():
            disclosure = disclosure_of_call(self.bot, values)
            brain = make_brain(self.engine, self.bot, self.order, values, self.engine.clock.now(), lambda *_: None, disclosure)
            leg.prepare(said_first((await brain.opening()).say, limits.first_words, disclosure))
        leg.prepare(limits.lines.apology)

    async def _until_answered(self, leg: Leg) -> Ending | None:
        """Follow the call until somebody answers (None) or it fails."""
        return await until_answered(self, leg)

    async def _talk(self, leg: Leg) -> tuple[Ending, dict[str, Any]]:
        bot, clock = self.bot, self.engine.clock
        assert self.answered_at is not None
        values = template_values(self.order, bot, self._crm, self._started_at, self.direction, self.connected_event)
        disclosure = disclosure_of_call(bot, values)
        brain = make_brain(self.engine, bot, self.order, values, self.answered_at, self.note, disclosure)
        first_words = first_words_for(bot, self.order.to_number, values)
        limits = limits_of(bot, values, TRANSFER_METHODS.get(self.transport.name, "sip_refer"), first_words)
        if self.dialled_here and self.transport.real:
            await put_through(leg, self.order.extension_seconds, clock)
        async with clock.timeout(bot.max_call_duration_seconds + _OVERTIME_SECONDS):
            self.transcript = Transcript(clock)
            end = await converse(leg, brain, limits, clock, self._note_said, self._desk, self.transcript, disclosure)
        first = leg.answer_to_first_audio if isinstance(leg, SpokenLeg) else None
        if first is not None:
            self.events.add(self.answered_at + timedelta(seconds=first), "first_audio", {"seconds": round(first, 3)})
        talk = {
            "answer_to_first_audio_seconds": None if first is None else round(first, 3),
            "transcript": [{"speaker": line.speaker, "text": line.text, "timestamp": line.timestamp} for line in end.transcript],
            "customer_spoke": end.customer_spoke,
            "analysis": await brain.analysis() if has_conversation(end.disconnected_by, customer_spoke=end.customer_spoke) else None,
        }
        if self.cancelled:
            return Ending("bot", "cancelled", True, None, 200, "OK"), talk
        return Ending(end.disconnected_by, end.end_reason, True, "unknown" if end.disconnected_by == "error" else None, 200, "OK"), talk

    def _off_the_trunk(self) -> None:
        if self.dialled_here and self.transport.real:
            self.engine.traffic[self.order.trunk].over(self.order.call_id)

    async def _end(self, ending: Ending, talk: dict[str, Any]) -> bool:
        """Write the end of the call, and its result unless a model is to be asked about it. Returns whether it has its result."""
        now = self.engine.clock.now()
        self._off_the_trunk()
        self.events.add(now, "ended", {"disconnected_by": ending.disconnected_by, "end_reason": ending.end_reason})
        record = {**dataclasses.asdict(ending), **dataclasses.asdict(self._wishes), **talk}
        tries = itertools.count()
        values = {"state": "ended", "ended_at": now, "ending": record}
        concluded = await self.engine.calls.finish(
            self.events, values, lambda connection: self._write_end(connection, now, record, next(tries))
        )
        self.state = "done" if concluded is not None else "ended"
        if concluded is not None:
            announce(self.engine, concluded)
        return concluded is not None

    def _write_end(self, connection: Connection, now: datetime, record: dict[str, Any], tries: int) -> Concluded | None:
        engine, call_id = self.engine, self.order.call_id
        if tries and (state := self._written_before(connection)) is not None:
            return Concluded(Enqueued(), NO_RECORDING) if state == "done" else None
        call, concluded = self.events.row(ended_at=now, ending=record), None
        if not needs_model(call, self.bot):
            concluded = conclude(engine, connection, call, self.state, self.bot, self.events, ours=True, ended_at=now, ending=record)
        elif not move(connection, call_id, self.state, "ended", engine.worker_id, self.events, ended_at=now, ending=record):
            raise TakenOver
        self._desk.settle(connection, now, record["end_reason"])
        return concluded

    def _written_before(self, connection: Connection) -> str | None:
        """The state that an earlier try wrote, if its commit was not confirmed. Its deliveries wait until its lease is over."""
        row = read_call(connection, self.order.call_id)
        if row is None or row.worker_id != self.engine.worker_id or row.state not in {"ended", "done"}:
            return None
        self.events.resume(row.state)
        return str(row.state)

    def move(self, event: str, **values: Any) -> None:
        """Take the call to its next state, in memory; the database learns of it from the journal."""
        kept = self._leg.leftover if isinstance(self._leg, KeepsLeftover) else None
        self.note(event, {LEFTOVER: kept} if kept else {})
        self.state = next_state(self.state, event)
        self.events.change(self.state, **values)
        self.engine.calls.note(self.events)

    def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """Add an event to the call's."""
        self.events.add(self.engine.clock.now(), kind, dict(data))

    def _note_said(self, kind: str, data: Mapping[str, Any]) -> None:
        """Note an event of the conversation; a wish of the callee is kept at once."""
        self.note(kind, data)
        if kind not in KEPT_AT_ONCE:
            return
        self._wishes = self._wishes.and_then(kind, data)
        now, number, lines, call_id = self.engine.clock.now(), self.order.to_number, self.lines, self.order.call_id
        self.engine.calls.keep(self.events, OptOut(number, lines, call_id, now) if kind == DO_NOT_CALL else None)

    def _lose(self) -> None:
        """Another process has taken the call over: whoever talks here is not to go on."""
        self.engine.clock.spawn(self._let_go(), name=f"let go of {self.order.call_id}")

    async def _let_go(self) -> None:
        if self._leg is not None:
            await self._leg.hang_up("let go")
