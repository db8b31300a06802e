"""The end of a call, made durable: ended -> finishing -> result and deliveries in one transaction.

Whatever needs the network (analysis by a model, upload of a recording) happens while the call is `finishing`, outside
any transaction; if the process dies there, recovery takes the call over and finishes it from what the `ended` record holds.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from sqlalchemy import Row

from core.access.keys import results_endpoint
from core.bots.store import read_version
from core.calls.analysis import analyse_call
from core.calls.result import CallResult, TranscriptEntry
from core.calls.store import EventLog, customer_of, events_of, move, read_call
from core.calls.transfer import transfer_facts
from core.calls.wishes import suppress
from core.conversation.analysis import default_analysis, with_wishes
from core.deliveries.outbox import deliveries_for, enqueue
from core.engine import Engine
from core.recordings.recordings import NO_RECORDING, Recorded

__all__ = ["build_result", "finish_call"]

log = logging.getLogger(__name__)


async def finish_call(engine: Engine, call_id: str, events: EventLog) -> None:
    """Take an ended call to its result. Does nothing if another process has taken it over."""
    with engine.db.write() as connection:
        call = read_call(connection, call_id)
        if call is None or call.state not in {"ended", "finishing"}:
            return
        if not move(connection, call_id, call.state, "finishing", engine.worker_id, events):
            return
        bot = read_version(connection, call.bot_id, call.bot_version)
        if bot is None:
            raise LookupError(f"bot {call.bot_id} has no version {call.bot_version}, which call {call_id} ran")
    analysis = await analyse_call(engine, call, bot.config, events)
    now = engine.clock.now()
    with engine.db.write() as connection:
        recorded = engine.recordings.settle(connection, call, bot.config.recording, now) if engine.recordings else NO_RECORDING
        result = build_result(call, [(event.kind, event.data) for event in events_of(connection, call_id)], recorded, analysis)
        events.add(now, "done", {"disposition": result.disposition})
        document = result.model_dump(mode="json")
        if not move(connection, call_id, "finishing", "done", engine.worker_id, events, done_at=now, result=document):
            return
        if analysis is not None and analysis.get("do_not_call") is True:  # said, though no tool noted it in the call
            suppress(connection, customer_of(call), call_id, now)
        key = results_endpoint(connection, call.api_key_id) if call.api_key_id else None
        enqueue(connection, deliveries_for(result, bot.config, key, engine.ids, now, max_age=engine.push_max_age))
    engine.wake_deliveries()
    if engine.recordings and recorded.to_upload:
        engine.recordings.wake_uploads()


def build_result(
    call: Row[Any],
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
    )
    default = with_wishes(default, callback=ending.get("callback"), do_not_call=ending.get("do_not_call", False))
    analysis = analysed or ending.get("analysis") or default
    return CallResult(
        session_id=call.call_id,
        caller_id=customer_of(call),
        from_number=call.from_number if call.direction == "outbound" else call.to_number,
        call_duration_seconds=round(duration, 3),
        disconnected_by=ending["disconnected_by"],
        transcript=[TranscriptEntry(**line) for line in ending.get("transcript", [])],
        recording_url=recorded.url,
        recording_key=recorded.key,
        post_call_analysis=analysis,
        **dataclasses.asdict(transfer_facts(events)),
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
        prefetched=call.prefetch.get("fields") or None if call.prefetch else None,
    )
