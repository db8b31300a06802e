"""The progress of a campaign as server-sent events (text/event-stream), until the campaign is over.

event: progress    whenever a count or the state has changed
event: end         the campaign is over: the last progress once more; the stream ends
: heartbeat        a comment, now and then, so that no proxy closes an idle connection
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.kernel.event_stream import HEARTBEAT, RETRY, EventStream, sse
from core.kernel.moments import moment_text
from dialler.api.shared import CampaignId, Dialler, TheDialler, answers, require
from dialler.campaigns.states import OVER
from dialler.leads.progress import progress

__all__ = ["progress_events", "router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}", tags=["campaigns"])

_HEARTBEAT_LOOKS: Final = 15
"""A heartbeat after this many checks that found nothing new."""
_DEAREST: Final = 20.0
"""Share of the time that checks may take: slow checks are made less often."""
_SCHEMA: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The stream."}
}


@router.get("/events", summary="The progress of a campaign, as it happens", response_class=Response, responses={**_SCHEMA, **answers(404)})
async def get_events(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> EventStream:
    """Server-sent events: `progress` whenever something has changed, `end` when the campaign is over."""
    with dialler.db.read() as connection:
        require(connection, campaign_id)
    return EventStream(progress_events(dialler, campaign_id, request.is_disconnected))


async def progress_events(dialler: Dialler, campaign_id: str, gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
    """The events of a campaign, each in its wire format.

    Args:
        dialler: its clock is used for waiting.
        campaign_id: the campaign.
        gone: returns whether the client has gone.
    """
    yield RETRY
    last, quiet, number = None, 0, 0
    while True:
        began = time.perf_counter()
        shown = _look(dialler, campaign_id)
        cost = time.perf_counter() - began
        if shown != last:
            last, quiet, number = shown, 0, number + 1
            yield sse("progress", number, shown)
        if shown["state"] in OVER:
            yield sse("end", number + 1, shown)
            return
        quiet += 1
        if quiet % _HEARTBEAT_LOOKS == 0:
            yield HEARTBEAT
        if await gone():
            return
        await dialler.parts.clock.sleep(dialler.look_every * max(1.0, _DEAREST * cost))


def _look(dialler: Dialler, campaign_id: str) -> dict[str, Any]:
    with dialler.db.read() as connection:
        campaign, counted = require(connection, campaign_id), progress(connection, campaign_id)
    return {
        "state": campaign.state,
        "reason": campaign.reason,
        "hold_reason": campaign.hold_reason,
        "hold_until": moment_text(campaign.hold_until) if campaign.hold_until else None,
        "leads": counted.leads,
        "done": counted.done,
        "waiting": counted.waiting,
        "in_flight": counted.in_flight,
        "held": counted.by_state.get("held", 0),
        "attempts": counted.attempts,
        "answered": counted.answered,
        "by_state": {state: count for state, count in sorted(counted.by_state.items()) if state != "staged"},
    }
