"""One call."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.access.embedded import EMBEDDED_KEY_ID
from core.calls.store import customer_of, events_of, read_call
from dialler.leads.queries import find_attempt
from web.console.accounts.sessions import Visitor
from web.console.i18n import gettext as _
from web.console.live.hub import Source
from web.console.ownership import is_within, owner_of
from web.console.pages import Page, ThePage
from web.console.rights import Right, Scope
from web.console.routing import Screen
from web.console.screens.calls.story import happened, reason_of
from web.console.words import CALL_STATES, badge_of, plain

__all__ = ["screen"]

screen = Screen()


def _look(connection: Connection, call_id: str) -> dict[str, Any] | None:
    call = read_call(connection, call_id)
    if call is None:
        return None
    said = None if call.state == "done" else int(time.time())  # what is said changes from second to second
    return {"state": call.state, "events": len(events_of(connection, call_id)), "said": said}


def _campaign_of(connection: Connection, call: Any) -> tuple[str | None, int | None]:
    """The campaign and the lead that a call is for; None for calls of the API and inbound ones."""
    if call.api_key_id != EMBEDDED_KEY_ID or call.idempotency_key is None:
        return None, None
    attempt = find_attempt(connection, call.idempotency_key)
    return (attempt.campaign_id, attempt.lead_id) if attempt is not None else (None, None)


def _may_watch(connection: Connection, visitor: Visitor, call_id: str) -> bool:
    call = read_call(connection, call_id)
    if call is None or not visitor.may(Right.CALLS_READ):
        return False
    campaign_id, _lead = _campaign_of(connection, call)
    if campaign_id is None:
        return visitor.grant(Right.CALLS_READ).scope is Scope.ALL
    return is_within(visitor, Right.CALLS_READ, owner_of(connection, campaign_id))


screen.live("call", Source(_look, _may_watch))


@screen.get("/calls/{call_id}", Right.CALLS_READ)
async def show_call(page: ThePage, call_id: str) -> Response:
    """The page."""
    return _call(page, call_id, "screens/calls/call.html")


@screen.get("/calls/{call_id}/live", Right.CALLS_READ)
async def show_part(page: ThePage, call_id: str) -> Response:
    """The part that is live."""
    return _call(page, call_id, "screens/calls/part.html")


def _call(page: Page, call_id: str, template: str) -> Response:
    console = page.console
    with console.db.read() as connection:
        if not _may_watch(connection, page.visitor, call_id):
            raise HTTPException(404, _("There is no such call, or it is not of one of your campaigns."))
        call = read_call(connection, call_id)
        assert call is not None
        events = events_of(connection, call_id)
        campaign_id, lead_id = _campaign_of(connection, call)
        campaign = page.campaign(connection, campaign_id, Right.CALLS_READ) if campaign_id else None
        show = page.shown_number(connection, campaign_id)
        may_lead = campaign_id is not None and page.reaches(connection, campaign_id, Right.LEADS_READ)
    result = call.result or {}
    run = console.whole.engine.runs.get(call_id)
    if run is not None and run.transcript is not None:
        said = [{"speaker": line.speaker, "text": line.text, "timestamp": line.timestamp} for line in run.transcript.lines]
    else:
        said = result.get("transcript") or (call.ending or {}).get("transcript") or []
    return page.html(
        template,
        call=call,
        result=result,
        said=said,
        story=[(event.at, *happened(event.kind, event.data or {})) for event in events],
        campaign=campaign,
        lead_id=lead_id if may_lead else None,
        number=show(customer_of(call)),
        badge=badge_of(CALL_STATES, call.state),
        why=reason_of(result.get("disconnected_by")),
        opening=(call.ending or {}).get("answer_to_first_audio_seconds"),
        plain=plain,
        call_zone=page.zone_of(campaign) if campaign is not None else page.zone,
        over=call.state == "done",
        clock=console.now(),
    )
