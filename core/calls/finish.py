"""The result of a call and its deliveries, written in one transaction.

Most calls need nothing of the network: their end is part of that transaction (`conclude`, called by `core.calls.run`). A call whose
analysis is made by a model ends first, and is `finishing` while the model is asked, outside any transaction (`finish_call`). If the
process dies meanwhile, recovery takes the call over and finishes it from the record of its end.
"""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.access.keys import ResultsEndpoint
from core.access.tables import ApiKey
from core.bots.config import BotConfig
from core.bots.store import read_version
from core.calls.analysis import analyse_call, needs_model
from core.calls.engine import Engine
from core.calls.event_log import EventLog, TakenOver
from core.calls.store import customer_of, events_of, move, read_call
from core.calls.transfer import transfer_facts
from core.calls.wishes import suppress
from core.contracts.call_result import CallResult, TranscriptEntry
from core.conversation.analysis import default_analysis, with_person, with_wishes
from core.deliveries.outbox import ANY_CLOSED, Enqueued, deliveries_for, endpoint_in, endpoint_of, enqueue
from core.fleet.store import free_seat
from core.fleet.tables import Seat
from core.kernel.statements import AnyRow, Statement, table_of
from core.recordings.recordings import NO_RECORDING, Recorded

__all__ = ["Concluded", "announce", "build_result", "conclude", "finish_call"]

log = logging.getLogger(__name__)
_keys, _seats = table_of(ApiKey), table_of(Seat)

_OF_KEY = _keys.c.id == bindparam("key")
_LEAVE_SEAT = Statement(
    update(_seats)
    .where(_seats.c.call_id == bindparam("call"))
    .values(call_id=None)
    .returning(
        select(_keys.c.results_url).where(_OF_KEY).scalar_subquery().label("results_url"),
        select(_keys.c.results_secret).where(_OF_KEY).scalar_subquery().label("results_secret"),
        ANY_CLOSED,
    )
)

_REFUSED = 300
"""The least SIP status of a call that was not answered."""


@dataclass(frozen=True)
class Concluded:
    """What a result that is committed leaves to do: deliveries to send, and a recording to upload."""

    deliveries: Enqueued
    recorded: Recorded


async def finish_call(engine: Engine, call_id: str, events: EventLog, bot: BotConfig | None = None) -> None:
    """Take an ended call to its result. Does nothing if another process has taken it over.

    Args:
        engine: the process's call engine.
        call_id: the call.
        events: its event log, to go on with.
        bot: the bot at the version that the call ran; read if it is not at hand.
    """
    try:
        with engine.db.write() as connection:
            call = read_call(connection, call_id)
            if call is None or call.state not in {"ended", "finishing"}:
                return
            bot = bot or _bot_of(connection, call)
            if not needs_model(call, bot):
                concluded = conclude(engine, connection, call, call.state, bot, events)
            elif not move(connection, call_id, call.state, "finishing", engine.worker_id, events):
                return
        if needs_model(call, bot):
            analysis = await analyse_call(engine, call, bot, events)
            with engine.db.write() as connection:
                concluded = conclude(engine, connection, call, "finishing", bot, events, analysis=analysis)
    except TakenOver:
        return
    announce(engine, concluded)


def announce(engine: Engine, concluded: Concluded) -> None:
    """Have sent and uploaded what a result has brought. To be called right after the commit, before any `await`."""
    if engine.sender is not None:
        engine.sender.begin(concluded.deliveries.claimed)
    if concluded.deliveries.waiting:
        engine.wake_deliveries()
    if engine.recordings and concluded.recorded.to_upload:
        engine.recordings.wake_uploads()


def _bot_of(connection: Connection, call: AnyRow) -> BotConfig:
    bot = read_version(connection, call.bot_id, call.bot_version)
    if bot is None:
        raise LookupError(f"bot {call.bot_id} has no version {call.bot_version}, which call {call.call_id} ran")
    return bot.config


def conclude(
    engine: Engine,
    connection: Connection,
    call: AnyRow,
    state: str,
    bot: BotConfig,
    events: EventLog,
    *,
    analysis: dict[str, Any] | None = None,
    ours: bool = False,
    **values: Any,
) -> Concluded:
    """Write the result of a call and its deliveries; `announce` what it returns.

    Args:
        engine: the process's call engine.
        connection: a transaction that may write.
        call: the call's row, as far as it is known: with its end.
        state: the state that the call is in.
        bot: the bot, at the version that the call ran.
        events: the call's event log.
        analysis: what a model made of the call, if one was asked.
        ours: whether the call ran in this process: then the process may claim the deliveries at once.
        values: more columns of the call to be written: its end, if that is not written yet.

    Raises:
        TakenOver: another process has the call by now; nothing of the transaction may stay.
    """
    now = engine.clock.now()
    recorded = engine.recordings.settle(connection, call, bot.recording, now) if engine.recordings else NO_RECORDING
    result = build_result(call, _happened(connection, call, events, ours=ours), recorded, analysis)
    events.add(now, "done", {"disposition": result.disposition})
    document = result.model_dump(mode="json")
    if not move(
        connection, call.call_id, state, "done", engine.worker_id, events, frees_seat=False, done_at=now, result=document, **values
    ):
        raise TakenOver
    key, any_closed = _leave_seat(connection, call)
    if analysis is not None and analysis.get("do_not_call") is True:  # said, though no tool noted it in the call
        suppress(connection, customer_of(call), engine.lines_of(call.transport), call.call_id, now)
    deliveries = deliveries_for(result, bot, key, engine.ids, now, max_age=engine.push_max_age)
    sender = engine.sender if ours else None
    return Concluded(enqueue(connection, deliveries, sender, call.api_key_id, any_closed=any_closed), recorded)


def _leave_seat(connection: Connection, call: AnyRow) -> tuple[ResultsEndpoint | None, bool]:
    """Free the seat of a call that has ended, if it still has one. Returns what `endpoint_of` does, read in the same statement."""
    if not call.api_key_id:
        free_seat(connection, call.call_id)
        return None, True
    freed = _LEAVE_SEAT.run(connection, call=call.call_id, key=call.api_key_id).first()
    return endpoint_of(connection, call.api_key_id) if freed is None else endpoint_in(freed)


def _happened(connection: Connection, call: AnyRow, events: EventLog, *, ours: bool) -> list[tuple[str, dict[str, Any]]]:
    """The events of a call that was answered: transfers are among them, of which other calls have none."""
    if call.answered_at is None:
        return []
    return events.happened if ours else [(event.kind, event.data) for event in events_of(connection, call.call_id)]


def _failure(ending: dict[str, Any]) -> str:
    """The status and the reason with which a call failed before the answer; empty if there are none."""
    status, reason = ending.get("sip_status") or 0, ending.get("sip_reason") or ""
    if ending["end_reason"] == "never_rang" or (not status and ending["end_reason"] == "trunk_refused"):
        return str(reason)
    return f"{status} {reason}".strip() if status >= _REFUSED else ""


def build_result(
    call: AnyRow,
    events: list[tuple[str, dict[str, Any]]],
    recorded: Recorded = NO_RECORDING,
    analysed: dict[str, Any] | None = None,
) -> CallResult:
    """The result of an ended call, from its row, its events, what became of its recording, and its analysis by a model. Pure."""
    ending: dict[str, Any] = call.ending
    duration = max((call.ended_at - call.answered_at).total_seconds(), 0.0) if call.answered_at else 0.0  # clocks may be set back
    default = default_analysis(
        disconnected_by=ending["disconnected_by"],
        end_reason=ending["end_reason"],
        customer_spoke=ending.get("customer_spoke", False),
        rang=call.ringing_at is not None,
        failure=_failure(ending),
    )
    person, transfer = ending.get("person"), transfer_facts(events)
    unserved = None if transfer.was_transferred else person
    default = with_wishes(default, callback=ending.get("callback"), do_not_call=ending.get("do_not_call", False), person=unserved)
    analysis = with_person(analysed or ending.get("analysis") or default, asked=person is not None, transferred=transfer.was_transferred)
    return CallResult(
        session_id=call.call_id,
        caller_id=customer_of(call),
        from_number=(call.from_number if call.direction == "outbound" else call.to_number) or None,
        call_duration_seconds=round(duration, 3),
        disconnected_by=ending["disconnected_by"],
        transcript=[TranscriptEntry(**line) for line in ending.get("transcript", [])],
        recording_url=recorded.url,
        recording_key=recorded.key,
        post_call_analysis=analysis,
        **dataclasses.asdict(transfer),
        bot_id=call.bot_id,
        bot_version=call.bot_version,
        direction=call.direction,
        idempotency_key=call.idempotency_key,
        disposition=str(analysis.get("DISPOSITION") or default["DISPOSITION"]),
        remarks=str(analysis.get("CALLING_REMARKS") or default["CALLING_REMARKS"]),
        end_reason=ending["end_reason"],
        sip_status=ending.get("sip_status"),
        sip_reason=ending.get("sip_reason"),
        phone_rang=ending["phone_rang"],
        fault=ending.get("fault"),
        may_have_been_dialled=ending.get("may_have_been_dialled", False),
        started_at=call.created_at,
        ringing_at=call.ringing_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        transport=call.transport,
        sandbox=call.transport == "sandbox",
        variables=call.variables,
        evidence=call.evidence,
        connected_event=call.connected_event,
        prefetched=call.prefetch.get("fields") or None if call.prefetch else None,
    )
