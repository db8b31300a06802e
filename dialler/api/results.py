"""The results webhook: the core pushes every call result here, signed per Standard Webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dialler.leads.placements import write_placements
from dialler.leads.results import receive_result
from dialler.scheduler.runner import Parts

__all__ = ["RESULTS_PATH", "include_results"]

RESULTS_PATH = "/dialler/v1/results"


def include_results(app: FastAPI, parts: Parts, signing_secret: Callable[[], str]) -> None:
    """Add the endpoint to an app.

    Args:
        parts: the dialler's database, clock and wake signals.
        signing_secret: returns the secret (`whsec_...`) that signs results.
    """
    router = APIRouter(tags=["results"])

    @router.post(RESULTS_PATH, summary="Receive a call result", include_in_schema=False)
    async def post_result(request: Request) -> JSONResponse:
        body = await request.body()
        try:
            Webhook(signing_secret()).verify(body.decode(), dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return JSONResponse({"title": "Unauthorized", "status": 401, "detail": "The signature is missing or wrong."}, 401)
        payload = json.loads(body)
        attempt_id = str(payload.get("idempotency_key"))
        placement = parts.journal.find(write_placements, attempt_id)
        with parts.db.write() as connection:
            receipt = receive_result(connection, parts.ids, payload, parts.clock.now(), placement, parts.suppress)
        parts.journal.drop(write_placements, attempt_id)  # it is written with the result
        if payload.get("fault") == "trunk":
            parts.capacity.forget()  # the trunk may take fewer calls by now
        for campaign_id, wake in parts.wakes.items():  # a seat is free, and any campaign of this process may take it
            note = parts.note_result.get(campaign_id) if campaign_id == receipt.campaign_id else None
            if note is None or note(receipt):
                wake.set()
        return JSONResponse({"status": receipt.status})

    app.include_router(router)
