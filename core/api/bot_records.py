"""Bots over HTTP, for admin keys: made, listed, changed, versions, export, preview, archived."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from core.api.auth import AdminKey, TheEngine
from core.api.bodies import StrictBody, body_schema, read_model, refusal_of
from core.api.json_body import MOST_BYTES, BodyTooLarge
from core.api.openapi import answers
from core.bots.config import BotConfig
from core.bots.intake import NewBot, document_of, keep_bot, receive_bot
from core.bots.reachable import unreachable
from core.bots.store import StoredBot, all_bots, archive, read_bot, read_version, versions_of
from core.bots.template_checks import warnings_about
from core.bots.views import as_document, as_yaml, preview
from core.calls.engine import Engine
from core.calls.refusals import BotNotFound, FieldProblem, InvalidRequest
from core.kernel.config_problems import ConfigError
from core.outgoing.guard import AllowList

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/bots", tags=["bots"])

_YAML = "application/yaml"


class BotView(BaseModel):
    """A bot at one version. `config` is what differs from the defaults; credentials stand in it as `secret:NAME`."""

    bot_id: str
    version: int
    config: dict[str, Any]
    warnings: list[str] = Field(
        description="What is likely not meant: URLs at internal addresses that this server may not reach; fields that no call has."
    )

    @classmethod
    def of(cls, engine: Engine, bot: StoredBot) -> BotView:
        """The view of a stored bot."""
        allow = engine.reach.client.allow if engine.reach is not None else AllowList()
        warnings = [
            f"{key}: {where} is an internal address, which requests may not reach: "
            f"an operator can list it in DIALLER_ALLOW_INTERNAL as {where}"
            for key, where in unreachable(bot.config, allow)
        ]
        warnings += warnings_about(bot.config.model_dump(mode="json"))
        return cls(bot_id=bot.id, version=bot.version, config=as_document(bot.config), warnings=warnings)


class BotSummary(BaseModel):
    """A bot in a list."""

    bot_id: str
    name: str
    version: int
    time_zone: str
    active_hours: str
    seats: int | None


class BotList(BaseModel):
    """Every bot that is in use, by id."""

    bots: list[BotSummary]


class VersionView(BaseModel):
    """A version in a list."""

    version: int
    name: str
    created_at: datetime


class VersionList(BaseModel):
    """Every version of a bot, newest first."""

    bot_id: str
    versions: list[VersionView]


class PreviewBody(StrictBody):
    """A lead."""

    variables: dict[str, Any] = Field(default={}, description="As in a dialout.")
    to_number: str = Field(default="", max_length=64, description="As in a dialout: what `{{call.to_number}}` shows.")
    from_number: str = Field(default="", max_length=64, description="What `{{call.from_number}}` shows.")
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The version to show; the current one if left out.")


class PrefetchPreviewView(BaseModel):
    """The request of the CRM pre-fetch, which is not sent. Secrets stand as `secret:NAME`."""

    method: str
    url: str = Field(description="With the lead's values in it, percent-encoded.")
    headers: dict[str, str]
    body: Any = Field(description="JSON; null for none.")
    missing: list[str] = Field(description="References of the address that have no value: then nothing is asked.")
    error: str | None = Field(description="Why the request cannot be made, if so.")


class PreviewView(BaseModel):
    """What the bot would say to the lead. `missing` are fields of the lead that are not there or hold nothing."""

    bot_id: str
    version: int
    opening_message: str
    system_prompt: str
    voicemail_message: str | None
    missing: list[str]
    prefetch: PrefetchPreviewView | None = Field(description="What the CRM would be asked; null if the bot has no pre-fetch.")


_EXAMPLE: Final = {
    "name": "Loan reminder",
    "time_zone": "Asia/Kolkata",
    "opening_message": "Hello, am I speaking with {{crm.customer_name}}?",
    "brain": {"scenario": "payment_reminder"},
    "post_call_push": {
        "url": "https://your-crm.com/api/call-result",
        "token": "Bearer your-token",
        "method": "POST",
        "key_mapper": {"CUSTOMER_ID": "{{crm.customer_id}}", "DISPOSITION": "{{result.disposition}}"},
    },
}
_BODY: Final = body_schema(BotConfig, _EXAMPLE, _YAML)


@router.get("", summary="List bots", responses=answers(401, 403))
async def get_bots(_: AdminKey, engine: TheEngine) -> BotList:
    """Every bot that is in use, by id."""
    with engine.db.read() as connection:
        bots = all_bots(connection)
    return BotList(
        bots=[
            BotSummary(
                bot_id=bot.id,
                name=bot.config.name,
                version=bot.version,
                time_zone=bot.config.time_zone,
                active_hours=bot.config.active_hours.describe(),
                seats=bot.config.seats,
            )
            for bot in bots
        ]
    )


@router.post("", status_code=201, summary="Make a bot", responses=answers(401, 403, 409, 413, 422), openapi_extra=_BODY)
async def post_bot(request: Request, response: Response, _: AdminKey, engine: TheEngine) -> BotView:
    """Make a bot from JSON as in bot.yaml, or from YAML itself. Its id is made from its name unless it has one.

    Every problem is answered at once. A credential that is written out (`"token": "Bearer your-token"`) is stored
    encrypted, and named in its place. An archived bot of this id comes back, with the next version.
    """
    new = await _receive(request, engine, None)
    with engine.db.write() as connection:
        if read_bot(connection, new.config.id) is not None:
            raise HTTPException(409, f"There is a bot {new.config.id!r} already: change it with PUT, or give this one another id.")
        bot = _keep(engine, connection, new)
    response.headers["Location"] = f"/api/v1/bots/{bot.id}"
    return BotView.of(engine, bot)


@router.get("/{bot_id}", summary="Read a bot", responses=answers(401, 403, 404, 422))
async def get_bot(bot_id: str, _: AdminKey, engine: TheEngine) -> BotView:
    """The bot at its current version."""
    with engine.db.read() as connection:
        return BotView.of(engine, _find(connection, bot_id))


@router.put("/{bot_id}", summary="Change a bot", responses=answers(401, 403, 404, 413, 422), openapi_extra=_BODY)
async def put_bot(bot_id: str, request: Request, _: AdminKey, engine: TheEngine) -> BotView:
    """Replace the whole configuration. What changes something is a new version; calls in progress keep the one they run."""
    new = await _receive(request, engine, bot_id)
    with engine.db.write() as connection:
        _find(connection, bot_id)
        return BotView.of(engine, _keep(engine, connection, new))


@router.delete("/{bot_id}", status_code=204, summary="Archive a bot", responses=answers(401, 403, 404, 422))
async def delete_bot(bot_id: str, _: AdminKey, engine: TheEngine) -> None:
    """Take the bot out of use: no new calls, 404 to dialouts. Calls in progress go on; its versions and calls stay readable."""
    with engine.db.write() as connection:
        if not archive(connection, bot_id, engine.clock.now()):
            raise BotNotFound(bot_id)


@router.get("/{bot_id}/versions", summary="List the versions of a bot", responses=answers(401, 403, 404, 422))
async def get_versions(bot_id: str, _: AdminKey, engine: TheEngine) -> VersionList:
    """Every version, newest first; of an archived bot, too."""
    with engine.db.read() as connection:
        versions = versions_of(connection, bot_id)
    if not versions:
        raise BotNotFound(bot_id)
    return VersionList(bot_id=bot_id, versions=[VersionView(version=v.version, name=v.name, created_at=v.created_at) for v in versions])


@router.get("/{bot_id}/versions/{version}", summary="Read a version of a bot", responses=answers(401, 403, 404, 422))
async def get_version(bot_id: str, version: int, _: AdminKey, engine: TheEngine) -> BotView:
    """The bot as it was at one version."""
    with engine.db.read() as connection:
        return BotView.of(engine, _find_version(connection, bot_id, version))


@router.get(
    "/{bot_id}/export",
    summary="A bot as bot.yaml",
    response_class=PlainTextResponse,
    responses={200: {"content": {_YAML: {"schema": {"type": "object"}}}}, **answers(401, 403, 404, 422)},
)
async def get_export(bot_id: str, _: AdminKey, engine: TheEngine, version: int | None = None) -> PlainTextResponse:
    """The bot as a bot.yaml: for a campaign's folder, or to change and send again."""
    with engine.db.read() as connection:
        bot = _find(connection, bot_id) if version is None else _find_version(connection, bot_id, version)
    return PlainTextResponse(as_yaml(bot.config), media_type=_YAML)


@router.post(
    "/{bot_id}/preview",
    summary="What a bot would say to a lead",
    responses=answers(401, 403, 404, 413, 422),
    openapi_extra=body_schema(PreviewBody, {"variables": {"customer_name": "Rahul Sharma"}}),
)
async def post_preview(bot_id: str, request: Request, _: AdminKey, engine: TheEngine) -> PreviewView:
    """The opening message and the prompt with the lead's values in them, and what the CRM would be asked. Nothing is sent or dialled."""
    body = await read_model(request, PreviewBody)
    with engine.db.read() as connection:
        bot = _find(connection, bot_id) if body.version is None else _find_version(connection, bot_id, body.version)
    number = dict.fromkeys(("to_number", "customer_number", "caller_id"), body.to_number)
    shown = preview(bot.config, body.variables, {**number, "from_number": body.from_number, "direction": "outbound"})
    return PreviewView(
        bot_id=bot.id,
        version=bot.version,
        opening_message=shown.texts["opening_message"],
        system_prompt=shown.texts["system_prompt"],
        voicemail_message=shown.texts.get("voicemail_message"),
        missing=shown.missing,
        prefetch=PrefetchPreviewView(**asdict(shown.prefetch)) if shown.prefetch else None,
    )


async def _receive(request: Request, engine: Engine, bot_id: str | None) -> NewBot:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise BodyTooLarge
    try:
        new = receive_bot(document_of(bytes(content), request.headers.get("content-type", "")), bot_id)
    except ConfigError as error:
        raise refusal_of(error) from None
    if new.secrets and engine.secrets is None:
        raise InvalidRequest([FieldProblem("body", "no secrets can be stored here: name them, as in secret:NAME", "no_store")])
    return new


def _keep(engine: Engine, connection: Connection, new: NewBot) -> StoredBot:
    return keep_bot(connection, new, engine.secrets, engine.clock.now())


def _find(connection: Connection, bot_id: str) -> StoredBot:
    bot = read_bot(connection, bot_id)
    if bot is None:
        raise BotNotFound(bot_id)
    return bot


def _find_version(connection: Connection, bot_id: str, version: int) -> StoredBot:
    bot = read_version(connection, bot_id, version) if 0 < version < 2**31 else None
    if bot is None:
        raise HTTPException(404, f"There is no version {version} of a bot {bot_id!r}.")
    return bot
