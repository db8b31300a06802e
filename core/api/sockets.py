"""Who may open WebSocket calls to a bot, over HTTP, for admin keys: its token made, rotated, revoked; opened to everybody."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from core.access.keys import DEFAULT_OVERLAP
from core.access.sockets import access_to, make_token, revoke_token, set_open
from core.api.auth import AdminKey, TheEngine
from core.api.bodies import StrictBody, body_schema, read_model
from core.api.openapi import answers
from core.bots.store import read_bot
from core.calls.refusals import BotNotFound

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/bots/{bot_id}/websocket", tags=["bots"])

_LONGEST_OVERLAP_HOURS = 24.0 * 90


class AccessView(BaseModel):
    """How a bot can be reached over WebSockets, beside the API keys that may use it."""

    bot_id: str
    path: str = Field(description="Where calls are opened: wss://HOST and this.")
    is_open: bool = Field(description="Whether everybody may, without a token.")
    prefix: str | None = Field(description="How the bot's token begins; null if it has none.")
    made_at: AwareDatetime | None
    previous_until: AwareDatetime | None = Field(description="Until when the token before this one works.")


class ShownToken(AccessView):
    """A token that was just made: `token` is not shown again."""

    token: str = Field(description="Send it as `Authorization: Bearer ...` or `?token=...`. It is not kept: store it now.")


class OpenBody(StrictBody):
    """Whether everybody may open calls to the bot."""

    is_open: bool


class TokenBody(StrictBody):
    """How long the former token works on."""

    overlap_hours: float = Field(default=DEFAULT_OVERLAP.total_seconds() / 3600, ge=0, le=_LONGEST_OVERLAP_HOURS)


@router.get("", summary="Who may open WebSocket calls to a bot", responses=answers(401, 403, 404, 422))
async def get_access(bot_id: str, _: AdminKey, engine: TheEngine) -> AccessView:
    """Who may, beside the API keys that may use the bot."""
    with engine.db.read() as connection:
        _find(connection, bot_id)
        return _view(connection, bot_id)


@router.put(
    "",
    summary="Open a bot to WebSocket calls without a token, or close it",
    responses=answers(401, 403, 404, 413, 422),
    openapi_extra=body_schema(OpenBody, {"is_open": False}),
)
async def put_access(bot_id: str, request: Request, _: AdminKey, engine: TheEngine) -> AccessView:
    """`is_open: true` lets everybody who reaches this server talk to the bot."""
    body = await read_model(request, OpenBody)
    with engine.db.write() as connection:
        _find(connection, bot_id)
        set_open(connection, bot_id, is_open=body.is_open)
        return _view(connection, bot_id)


@router.post(
    "/token",
    status_code=201,
    summary="Make or rotate the WebSocket token of a bot",
    responses=answers(401, 403, 404, 413, 422),
    openapi_extra=body_schema(TokenBody, {"overlap_hours": 24}, required=False),
)
async def post_token(bot_id: str, request: Request, response: Response, _: AdminKey, engine: TheEngine) -> ShownToken:
    """A new token, shown in this answer and never again; the former one works on for a while."""
    body = await read_model(request, TokenBody, may_be_empty=True)
    response.headers["Cache-Control"] = "no-store"
    with engine.db.write() as connection:
        _find(connection, bot_id)
        token = make_token(connection, bot_id, engine.clock.now(), timedelta(hours=body.overlap_hours))
        return ShownToken(token=token, **_view(connection, bot_id).model_dump())


@router.delete("/token", status_code=204, summary="Revoke the WebSocket token of a bot", responses=answers(401, 403, 404, 422))
async def delete_token(bot_id: str, _: AdminKey, engine: TheEngine) -> None:
    """Refuse the token, and the one before it, from now on. Calls in progress go on."""
    with engine.db.write() as connection:
        _find(connection, bot_id)
        if not revoke_token(connection, bot_id):
            raise HTTPException(404, f"The bot {bot_id!r} has no token.")


def _find(connection: Connection, bot_id: str) -> None:
    if read_bot(connection, bot_id) is None:
        raise BotNotFound(bot_id)


def _view(connection: Connection, bot_id: str) -> AccessView:
    return AccessView(path=f"/ws/{bot_id}", **asdict(access_to(connection, bot_id)))
