"""The call's side of the desk: it joins the queue, polls it, and leaves it."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.bots.config import BotConfig
from core.conversation.brain import TranscriptLine
from core.conversation.desk import DeskTicket, HandoffRequest, PutThrough, StillWaiting, Unserved
from core.desk.agents import all_agents, find_agent, serves
from core.desk.errors import DeskConflict
from core.desk.moves import abandon_open, add_event, move, release
from core.desk.tables import Handoff
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.ids import Ids
from core.kernel.statements import table_of

__all__ = ["CallDesk"]

log = logging.getLogger(__name__)
_handoffs = table_of(Handoff)


class CallDesk:
    """The desk of one call.

    Args:
        db, clock, ids: of the process that has the call.
        call_id: the call.
        bot: its bot.
        caller: the customer's number.
        crm: what is known about the customer.
    """

    def __init__(self, db: Database, clock: Clock, ids: Ids, call_id: str, bot: BotConfig, caller: str, crm: dict[str, Any]) -> None:
        self._db, self._clock, self._ids = db, clock, ids
        self.call_id, self.bot, self.caller, self.crm = call_id, bot, caller, crm
        self._asked = 0
        self._connected: str | None = None

    def ask(self, request: HandoffRequest) -> DeskTicket | Unserved:
        """Join the queue; see `core.conversation.desk.Desk`."""
        try:
            return self._ask(request)
        except DATABASE_FAILURES as error:
            log.warning("call %s could not join the queue of the desk: %s", self.call_id, without_values(error))
            return Unserved("the desk cannot be reached now")

    def _ask(self, request: HandoffRequest) -> DeskTicket | Unserved:
        self._asked += 1
        config, now = self.bot.desk, self._clock.now()
        handoff_id = self._ids.new("handoff", self.call_id, self._asked)
        with self._db.write() as connection:
            on_duty = [
                agent for agent in all_agents(connection) if agent.state != "offline" and serves(agent, request.queue, self.bot.language)
            ]
            row = connection.execute(
                insert(_handoffs)
                .values(
                    id=handoff_id,
                    call_id=self.call_id,
                    bot_id=self.bot.id,
                    queue=request.queue,
                    language=self.bot.language,
                    target=request.target,
                    state="waiting",
                    caller=self.caller,
                    reason=request.reason,
                    summary=request.summary,
                    transcript=_plain(request.transcript),
                    crm=self.crm,
                    created_at=now,
                    wait_until=now + timedelta(seconds=config.wait_seconds),
                    claim_seconds=config.claim_seconds,
                    notes="",
                )
                .returning(*_handoffs.c)
            ).one()
            add_event(connection, handoff_id, "waiting", now, None)
            if on_duty or config.wait_without_agents:
                return _Ticket(self, handoff_id)
            why = "no agent who could take the call is on duty"
            move(connection, row, "give_up", now, detail=why, ended_at=now, end_reason="nobody_on_duty")
            return Unserved(why)

    def settle(self, connection: Connection, now: datetime, end_reason: str) -> None:
        """The call is over: in the transaction that ends it, its hand-off goes to the agent or is closed."""
        if self._connected is not None:
            row = connection.execute(select(_handoffs).where(_handoffs.c.id == self._connected)).one()
            if row.state == "connecting":
                move(connection, row, "connected", now, connected_at=now, claim_until=None)
        if self._asked:
            abandon_open(connection, self.call_id, now, end_reason)

    def connected(self, handoff_id: str) -> None:
        """An agent has the call; `settle` records it."""
        self._connected = handoff_id

    def read(self, handoff_id: str) -> Any:
        """The row of a hand-off."""
        with self._db.read() as connection:
            return connection.execute(select(_handoffs).where(_handoffs.c.id == handoff_id)).one()

    @property
    def db(self) -> Database:
        """The database."""
        return self._db

    def now(self) -> datetime:
        """The current time."""
        return self._clock.now()


class _Ticket:
    """One place in the queue."""

    def __init__(self, desk: CallDesk, handoff_id: str) -> None:
        self._desk, self.id = desk, handoff_id
        self._shown, self._began = 0, desk.now()

    def look(self, transcript: tuple[TranscriptLine, ...]) -> StillWaiting | PutThrough | Unserved:
        """The current state; the process that has the call ends expired claims and waits here.

        While the database does not answer the caller waits on, up to the end of their time.
        """
        try:
            return self._look(transcript)
        except DATABASE_FAILURES:
            over = self._desk.now() >= self._began + timedelta(seconds=self._desk.bot.desk.wait_seconds)
            return Unserved("the desk cannot be reached now") if over else StillWaiting()

    def _look(self, transcript: tuple[TranscriptLine, ...]) -> StillWaiting | PutThrough | Unserved:
        now, row = self._desk.now(), self._desk.read(self.id)
        self._show(transcript)
        if row.state == "connecting":
            with self._desk.db.read() as connection:
                return PutThrough(find_agent(connection, row.agent_id).address)
        expired = row.state == "claimed" and now >= row.claim_until
        over = now >= row.wait_until and row.state in {"waiting", "claimed"} and (row.state == "waiting" or expired)
        if not expired and not over:
            return StillWaiting()
        try:
            with self._desk.db.write() as connection:
                if expired:
                    claimant = row.agent_id
                    row = move(connection, row, "claim_expired", now, agent_id=None, claim_until=None)
                    release(connection, claimant, now)
                if over:
                    move(connection, row, "give_up", now, ended_at=now, end_reason="nobody_came")
        except DeskConflict:  # an agent acted at the same moment
            return StillWaiting()
        return Unserved(f"no agent came within {self._desk.bot.desk.wait_seconds:g} seconds") if over else StillWaiting()

    def not_reached(self, why: str) -> None:
        """Return it to the queue; the agent is free."""
        try:
            self._not_reached(why)
        except DATABASE_FAILURES as error:  # its time in the queue ends by itself
            log.warning("that an agent was not reached by call %s is not on record: %s", self._desk.call_id, without_values(error))

    def _not_reached(self, why: str) -> None:
        row, now = self._desk.read(self.id), self._desk.now()
        with self._desk.db.write() as connection:
            move(connection, row, "agent_not_reached", now, detail=why, agent_id=None, claim_until=None)
            release(connection, row.agent_id, now)

    def put_through(self, transcript: tuple[TranscriptLine, ...]) -> None:
        """The agent has the call."""
        self._desk.connected(self.id)
        with contextlib.suppress(*DATABASE_FAILURES):  # the end of the call writes the transcript, too
            self._show(transcript)

    def _show(self, transcript: tuple[TranscriptLine, ...]) -> None:
        if len(transcript) > self._shown:
            self._shown = len(transcript)
            with self._desk.db.write() as connection:
                connection.execute(update(_handoffs).where(_handoffs.c.id == self.id).values(transcript=_plain(transcript)))


def _plain(transcript: tuple[TranscriptLine, ...]) -> list[dict[str, Any]]:
    return [{"speaker": line.speaker, "text": line.text, "timestamp": line.timestamp} for line in transcript]
