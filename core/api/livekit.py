"""LiveKit's webhooks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from core.api.auth import TheEngine
from core.api.openapi import answers

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/livekit", tags=["livekit"])


@router.post("/webhook", status_code=204, summary="Take a webhook of LiveKit", responses=answers(401, 404, 413))
async def post_webhook(request: Request, engine: TheEngine) -> Response:
    """What LiveKit tells of rooms. It is signed with the API secret of a trunk; each event is acted on once.

    It makes us look sooner, no more: what is so is asked of LiveKit.
    """
    if engine.on_livekit_webhook is None:
        raise HTTPException(404, "The transport livekit does not run here.")
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise HTTPException(401, "It is not signed by an account of ours.") from None
    if not await engine.on_livekit_webhook(text, request.headers.get("authorization", "")):
        raise HTTPException(401, "It is not signed by an account of ours.")
    return Response(status_code=204)
