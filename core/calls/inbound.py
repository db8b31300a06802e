"""A call that comes in: to one of our numbers (DID), or to a bot by name. It reaches the bot, or is refused, which is on record.

The bot's active hours and the seats decide, as for every call. The callee's permitted hours and the suppression list do not:
they protect people from us, and here they call.
"""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from sqlalchemy import Connection, select

from core.bots.config import BotConfig
from core.bots.store import StoredBot, read_bot
from core.calls.dialout import lock_bot, take_room, take_seat_here
from core.calls.engine import Engine
from core.calls.finish import finish_call
from core.calls.occupied import withdraw_dialled
from core.calls.outcome import Ending, failed_before_answer
from core.calls.phones import phone_of
from core.calls.refusals import Draining, NotNow
from core.calls.run import CallRun
from core.calls.store import EventLog, insert_call, move
from core.contracts.transport import DivertedCall, InboundCall, Leg, NotAnswered, PlaceOrder
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.hours import UnknownTimeZoneError, is_open
from core.kernel.statements import table_of
from core.prefetch.fetch import ASKED
from core.trunks.store import TrunkInfo, choose_trunk
from core.trunks.tables import CallerId

__all__ = ["CallNumbers", "Received", "Wanted", "receive_call", "record_unanswered"]

log = logging.getLogger(__name__)

_numbers = table_of(CallerId)

_NOT_FOUND: Final = (404, "Not Found")
_UNAVAILABLE: Final = (480, "Temporarily Unavailable")
_GIVEN_UP: Final = 487
"""The SIP status of a call whose caller hung up before the answer (CANCEL)."""
_BUSY: Final = (486, "Busy Here")
_DRAINING: Final = (503, "Service Unavailable")
"""The caller's network is to try another process, or later: nobody is busy."""


@dataclass(frozen=True)
class Received:
    """What became of a call to us: its id (None: no bot answers that number, so there is no record), and the SIP status."""

    call_id: str | None
    sip_status: int
    sip_reason: str

    @property
    def answered(self) -> bool:
        """Whether a bot takes it."""
        return self.sip_status == 200


@dataclass(frozen=True)
class Wanted:
    """What a call that names its bot itself wants: there is no number, and no trunk, that it comes by.

    Attributes:
        bot_id: the bot.
        direction: `outbound` if the customer was called, by a dialler that is not ours.
        api_key_id: the API key that it came with.
        connected_event: what it began with.
        variables: what it says of the customer, as a dialout does.
        noted: what else is worth keeping of how it came; it stands in its event `incoming`.
    """

    bot_id: str
    direction: Literal["inbound", "outbound"] = "inbound"
    api_key_id: str | None = None
    connected_event: dict[str, Any] | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)


class CallNumbers(Protocol):
    """Who calls whom, and what the other side calls it."""

    @property
    def from_number(self) -> str:
        """The customer's number."""

    @property
    def to_number(self) -> str:
        """Ours."""

    @property
    def reference(self) -> str:
        """What the other side calls the call."""


class InboundRun(CallRun):
    """A call that somebody makes to us. Its order is turned round: `to_number` is the customer's, `from_number` ours."""

    dialled_here = False

    def __init__(
        self,
        engine: Engine,
        inbound: InboundCall,
        order: PlaceOrder,
        transport: str,
        bot: BotConfig,
        events: EventLog,
        wanted: Wanted | None = None,
    ) -> None:
        super().__init__(engine, order, transport, bot, wanted.variables if wanted else {}, events, None)
        self._inbound = inbound
        self.direction = wanted.direction if wanted else "inbound"
        self.connected_event = wanted.connected_event if wanted else None

    async def _reach(self) -> Leg | Ending:
        """Ask the CRM who calls, if the bot does, and pick up."""
        await self._inbound.ring()
        ending = await self._prefetch()
        if ending is None and self.cancelled:
            ending = Ending("error", "cancelled", phone_rang=False)
        if ending is None:
            try:
                return await self._inbound.answer(self.order)
            except NotAnswered as error:
                log.warning("call %s was refused with %d: %s", self.order.call_id, error.sip_status, error.reason)
                return failed_before_answer(error.sip_status, error.reason, rang=False, from_trunk=False)
        status, reason = _UNAVAILABLE
        await self._inbound.refuse(status, reason)
        return dataclasses.replace(ending, sip_status=status, sip_reason=reason)

    async def _until_answered(self, leg: Leg) -> Ending | None:
        ending = await super()._until_answered(leg)
        if ending is not None and ending.sip_status == _GIVEN_UP and ending.end_reason != "cancelled":
            return dataclasses.replace(ending, disconnected_by="customer", end_reason="caller_gave_up", phone_rang=True, fault="callee")
        return ending

    async def _let_go(self) -> None:
        await self._inbound.refuse(*_UNAVAILABLE)
        await super()._let_go()


async def receive_call(engine: Engine, inbound: InboundCall, transport: str, wanted: Wanted | None = None) -> Received:
    """Take a call that rings here. Returns once its bot picks up, or it is refused.

    A bot that is closed, or without a free seat, refuses it, and that is a call with a result: `outside_hours`. So does a process
    that drains, with 503.

    Args:
        engine: the process's call engine.
        inbound: the call.
        transport: the name of the transport that it came by.
        wanted: the bot that it names; None: that of the number.
    """
    try:
        run = _commit(engine, inbound, transport, wanted)
    except DATABASE_FAILURES as error:  # nobody is to wait for a bot that cannot be given a call
        log.log(engine.db.health.level(logging.ERROR), "a call to us was refused: %s", without_values(error))
        await inbound.refuse(*_DRAINING)
        return Received(None, *_DRAINING)
    if isinstance(run, InboundRun):
        call_id = run.order.call_id
        engine.runs[call_id] = run
        task = engine.clock.spawn(run.run(), name=f"call {call_id}")
        engine.tasks.add(task)
        task.add_done_callback(engine.tasks.discard)
        await withdraw_dialled(engine, phone_of(run.order.to_number), run.lines, call_id)
        return Received(call_id, 200, "OK")
    received, events = run
    await inbound.refuse(received.sip_status, received.sip_reason)
    if events is not None:
        await finish_call(engine, events.call_id, events)
    return received


def _commit(engine: Engine, inbound: InboundCall, transport: str, wanted: Wanted | None) -> InboundRun | tuple[Received, EventLog | None]:
    """The call, on record: with a seat; or refused, with its events if there is a record."""
    now, call_id = engine.clock.now(), engine.ids.new("inbound", inbound.reference)
    try:
        with engine.db.write() as connection:
            found = _find(connection, inbound, transport, wanted)
            if found is None:
                return Received(None, *_NOT_FOUND), None
            bot, trunk = found
            _check_open(engine, bot.config)
            if trunk is not None:
                take_room(engine, connection, bot, trunk, call_id, now)
            else:
                lock_bot(engine, connection, bot, now)
                take_seat_here(engine, connection, call_id, now)
            asked = ASKED if bot.config.prefetch else None
            events = _insert(engine, connection, inbound, bot, trunk, transport, wanted, call_id, asked)
    except NotNow as refused:
        return _refuse(engine, inbound, transport, wanted, call_id, refused)
    line, record = trunk.name if trunk else transport, bot.config.recording.enabled
    order = PlaceOrder(
        call_id, call_id, inbound.from_number, inbound.to_number or None, line,
        record=record, lab=trunk is not None and trunk.lab, voice=bot.config.voice,
    )  # fmt: skip
    return InboundRun(engine, inbound, order, transport, bot.config, events, wanted)


def _refuse(
    engine: Engine, inbound: InboundCall, transport: str, wanted: Wanted | None, call_id: str, refused: NotNow
) -> tuple[Received, EventLog | None]:
    """Record a call that was refused: it has ended as it began."""
    closed = refused.reason == "outside_active_hours"
    status, reason = _UNAVAILABLE if closed else _DRAINING if isinstance(refused, Draining) else _BUSY
    end_reason = "outside_active_hours" if closed else "no_capacity"
    ending = Ending("outside_hours", end_reason, phone_rang=False, sip_status=status, sip_reason=reason)
    events = _insert_ended(engine, inbound, transport, wanted, call_id, ending)
    return (Received(None, *_NOT_FOUND) if events is None else Received(call_id, status, reason)), events


async def record_unanswered(engine: Engine, inbound: CallNumbers, transport: str, wanted: Wanted, ending: Ending) -> None:
    """Put a call on record that never came to an answer: it has ended as it began, and has a result. Nothing if its bot is gone."""
    events = _insert_ended(engine, inbound, transport, wanted, engine.ids.new("inbound", inbound.reference), ending)
    if events is not None:
        await finish_call(engine, events.call_id, events)


def _insert_ended(
    engine: Engine, inbound: CallNumbers, transport: str, wanted: Wanted | None, call_id: str, ending: Ending
) -> EventLog | None:
    with engine.db.write() as connection:
        found = _find(connection, inbound, transport, wanted)
        if found is None:  # its bot was archived at this moment
            return None
        events = _insert(engine, connection, inbound, *found, transport, wanted, call_id, None)
        now = engine.clock.now()  # after its beginning, not before
        events.add(now, "ended", {"disconnected_by": ending.disconnected_by, "end_reason": ending.end_reason})
        move(connection, call_id, "placing", "ended", engine.worker_id, events, ended_at=now, ending=dataclasses.asdict(ending))
    return events


def _find(connection: Connection, inbound: CallNumbers, transport: str, wanted: Wanted | None) -> tuple[StoredBot, TrunkInfo | None] | None:
    """The bot that answers the call, and the trunk of the number that was called; None if no bot does."""
    if wanted is not None:
        named = read_bot(connection, wanted.bot_id)
        return None if named is None else (named, None)
    trunk = choose_trunk(connection, inbound.to_number, None)
    bot_id = connection.execute(select(_numbers.c.bot_id).where(_numbers.c.number == inbound.to_number)).scalar_one_or_none()
    bot = read_bot(connection, bot_id) if bot_id is not None else None
    return None if bot is None or trunk is None or trunk.transport != transport else (bot, trunk)


def _check_open(engine: Engine, bot: BotConfig) -> None:
    """Raises NotNow outside the bot's active hours; a time zone that does not exist fails closed."""
    try:
        if is_open(bot.active_hours, bot.time_zone, engine.clock.now()):
            return
    except UnknownTimeZoneError:
        pass
    raise NotNow("outside_active_hours", "The bot is outside its active hours.", None)


def _insert(
    engine: Engine,
    connection: Connection,
    inbound: CallNumbers,
    bot: StoredBot,
    trunk: TrunkInfo | None,
    transport: str,
    wanted: Wanted | None,
    call_id: str,
    prefetch: dict[str, Any] | None,
) -> EventLog:
    """The call, begun; fenced like any other."""
    now, events = engine.clock.now(), EventLog(call_id)
    where = {"trunk": trunk.name} if trunk else {"transport": transport, "reference": inbound.reference}
    diverted = inbound.diverted_from if isinstance(inbound, DivertedCall) else ()
    told = {"diverted_from": [{"number": number, "reason": reason} for number, reason in diverted]} if diverted else {}
    events.add(now, "incoming", {**where, "worker": engine.worker_id, **told, **(wanted.noted if wanted else {})})
    direction = wanted.direction if wanted else "inbound"
    called, caller = inbound.to_number, inbound.from_number
    if direction == "outbound":
        called, caller = caller, called
    insert_call(
        connection,
        {
            "call_id": call_id,
            "bot_id": bot.id,
            "bot_version": bot.version,
            "to_number": called,
            "from_number": caller or None,
            "trunk": trunk.name if trunk else None,
            "transport": transport,
            "worker_id": engine.worker_id,
            "api_key_id": wanted.api_key_id if wanted else None,
            "connected_event": wanted.connected_event if wanted else None,
            "variables": wanted.variables if wanted else {},
            "prefetch": prefetch,
            "created_at": now,
            "direction": direction,
            "cancel_requested": False,
        },
        events,
    )
    return events
