"""API keys over HTTP: made, listed, changed, rotated, revoked. For admin keys. A key is shown once, when it is made."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from core.access import keys as store
from core.access.embedded import EMBEDDED_KEY_ID
from core.access.keys import DEFAULT_OVERLAP, KeyInfo, KeySettings, NewKey, Role
from core.access.sealing import seal, secret_name
from core.api.auth import AdminKey, TheEngine
from core.api.bodies import StrictBody, body_schema, read_model
from core.api.openapi import answers
from core.bots.loading import url_complaint
from core.bots.store import all_bots
from core.calls.engine import Engine
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.moments import moment_text

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

_LONGEST_OVERLAP_HOURS: Final = 24.0 * 90
_RESULTS_SECRET = "what signs them: whsec_..., which is stored encrypted, or `secret:NAME` of a secret that is stored"  # noqa: S105

Name = Annotated[str, Field(min_length=1, max_length=200, description="What you call it: the program that will use it.")]
Bots = Annotated[list[Annotated[str, Field(max_length=64)]] | None, Field(max_length=1000, description="Bot ids it may use; null: all.")]
Url = Annotated[str | None, Field(max_length=2000, description="Where the results of its calls are pushed.")]
SigningSecret = Annotated[str | None, Field(max_length=500, description=f"Of these results, {_RESULTS_SECRET}.")]
Expiry = Annotated[AwareDatetime | None, Field(description="From when on it is refused; null: never.")]
Rate = Annotated[int | None, Field(ge=1, le=100_000, description="Most requests a minute, and at once after a pause; null: no limit.")]


class NewKeyBody(StrictBody):
    """A key to be made."""

    name: Name
    role: Literal["dialout", "admin"] = Field(
        default="dialout", description="`dialout`: place calls and read them. `admin`: manage everything."
    )
    bots: Bots = None
    results_url: Url = None
    results_secret: SigningSecret = None
    expires_at: Expiry = None
    requests_per_minute: Rate = None


class KeyChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    name: Name = ""
    bots: Bots = None
    results_url: Url = None
    results_secret: SigningSecret = None
    expires_at: Expiry = None
    requests_per_minute: Rate = None


class RotationBody(StrictBody):
    """How long the former key works on."""

    overlap_hours: float = Field(default=DEFAULT_OVERLAP.total_seconds() / 3600, ge=0, le=_LONGEST_OVERLAP_HOURS)


class KeyView(StrictBody):
    """A key without the key; `prefix` is how it begins. `valid`: neither revoked nor expired now."""

    id: str
    name: str
    role: Role
    prefix: str
    bots: list[str] | None
    results_url: str | None
    results_secret: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    previous_until: AwareDatetime | None = Field(description="Until when the key that this one replaced works.")
    requests_per_minute: int | None
    valid: bool


class ShownKey(KeyView):
    """A key that was just made: `key` is not shown again."""

    key: str = Field(description="Send it in the X-API-Key header. It is not kept: store it now.")


class KeyList(StrictBody):
    """Every key, oldest first, revoked ones too."""

    keys: list[KeyView]


@router.get("", summary="List API keys", responses=answers(401, 403))
async def get_keys(_: AdminKey, engine: TheEngine) -> KeyList:
    """Every key, oldest first, revoked ones too; the keys themselves are not kept."""
    with engine.db.read() as connection:
        return KeyList(keys=[_view(engine, info) for info in store.list_keys(connection)])


_NEW: Final = {"name": "our CRM", "bots": ["loan-reminder"], "requests_per_minute": 600}


@router.post(
    "", status_code=201, summary="Make an API key", responses=answers(401, 403, 413, 422), openapi_extra=body_schema(NewKeyBody, _NEW)
)
async def post_key(request: Request, response: Response, _: AdminKey, engine: TheEngine) -> ShownKey:
    """Make a key. It is shown in this answer and never again."""
    body = await read_model(request, NewKeyBody)
    key_id = engine.ids.new("key", engine.clock.now(), body.name)
    settings = KeySettings(
        body.name, _scope(body.bots), body.results_url, body.results_secret or None, body.expires_at, body.requests_per_minute
    )
    with engine.db.write() as connection:
        settings = _checked(engine, connection, key_id, settings, body.role, body.expires_at)
        new = store.create(connection, key_id=key_id, now=engine.clock.now(), role=body.role, **asdict(settings))
    return _shown(engine, new, response)


@router.get("/{key_id}", summary="Read an API key", responses=answers(401, 403, 404, 422))
async def get_key(key_id: str, _: AdminKey, engine: TheEngine) -> KeyView:
    """One key, without the key itself."""
    with engine.db.read() as connection:
        return _view(engine, _found(store.find_key(connection, key_id)))


@router.patch(
    "/{key_id}",
    summary="Change an API key",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(KeyChangeBody, {"requests_per_minute": 60}),
)
async def patch_key(key_id: str, request: Request, _: AdminKey, engine: TheEngine) -> KeyView:
    """Change its name, scope, expiry, results endpoint or limit; what is left out stays as it is. Its role cannot be changed."""
    body = await read_model(request, KeyChangeBody)
    with engine.db.write() as connection:
        info = _ours(_found(store.find_key(connection, key_id)))
        given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
        if "bots" in given:
            given["bots"] = _scope(body.bots)
        settings = _checked(engine, connection, key_id, replace(info.settings, **given), info.role, body.expires_at)
        return _view(engine, _found(store.change(connection, key_id, settings)))


@router.post(
    "/{key_id}/rotate",
    summary="Give a key a new text",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(RotationBody, {"overlap_hours": 24}, required=False),
)
async def post_rotate(key_id: str, request: Request, response: Response, _: AdminKey, engine: TheEngine) -> ShownKey:
    """Make a new key in place of this one. The former works on for the overlap (24 hours), so that nothing stops meanwhile.

    The id stays, and with it the scope, the calls and the Idempotency-Keys. A key from an earlier rotation ends now.
    """
    body = await read_model(request, RotationBody, may_be_empty=True)
    with engine.db.write() as connection:
        info = _ours(_found(store.find_key(connection, key_id)))
        new = store.rotate(connection, info.id, engine.clock.now(), timedelta(hours=body.overlap_hours))
    if new is None:
        raise HTTPException(409, "This key was revoked: make a new one.")
    return _shown(engine, new, response)


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key", responses=answers(401, 403, 404, 409, 422))
async def delete_key(key_id: str, _: AdminKey, engine: TheEngine) -> None:
    """Refuse the key from now on, for good. One that was revoked before stays so."""
    with engine.db.write() as connection:
        info = _ours(_found(store.find_key(connection, key_id)))
        store.revoke(connection, info.id, engine.clock.now())


def _checked(
    engine: Engine, connection: Connection, key_id: str, settings: KeySettings, role: Role, expires_at: datetime | None
) -> KeySettings:
    """The settings as they are kept: a signing secret that was written out goes to the secret store. `expires_at`: if it is to change."""
    problems, now = [], engine.clock.now()
    if expires_at is not None and expires_at <= now:
        why = f"it is over: it is {moment_text(now, 'seconds')} now; to refuse a key from now on, revoke it"
        problems.append(FieldProblem("expires_at", why, "past"))
    if settings.bots is not None:
        known = {bot.id for bot in all_bots(connection)}
        if role == "admin":
            problems.append(FieldProblem("bots", "it is for dialout keys: an admin key manages every bot", "not_for_admin"))
        elif unknown := [bot for bot in settings.bots if bot not in known]:
            problems.append(FieldProblem("bots", f"there is no bot {', '.join(map(repr, unknown))}", "unknown_bot"))
        elif not settings.bots:
            problems.append(FieldProblem("bots", "it is empty: the key could use no bot; leave it out for all", "empty"))
    if settings.results_url and (complaint := url_complaint(settings.results_url)) is not None:
        problems.append(FieldProblem("results_url", f"{complaint[0]}. {complaint[1]}".removesuffix("."), "not_a_url"))
    if settings.results_secret and not settings.results_url:
        problems.append(FieldProblem("results_secret", "there is no results_url whose pushes it could sign", "no_url"))
    name = secret_name("KEY", key_id, "RESULTS_SECRET")
    sealed = seal(settings.results_secret or "", name)
    if sealed.text and not sealed.text.startswith("secret:"):
        problems.append(FieldProblem("results_secret", "it is neither whsec_... nor secret:NAME", "not_a_secret"))
    if sealed.value is not None and engine.secrets is None:
        problems.append(FieldProblem("results_secret", "no secrets can be stored here: write secret:NAME", "no_store"))
    if problems:
        raise InvalidRequest(problems)
    if sealed.value is not None and engine.secrets is not None:
        engine.secrets.set(connection, name, sealed.value, now)
    return replace(settings, results_secret=sealed.text or None, results_url=settings.results_url or None)


def _scope(bots: list[str] | None) -> tuple[str, ...] | None:
    return None if bots is None else tuple(dict.fromkeys(bots))


def _found(info: KeyInfo | None) -> KeyInfo:
    if info is None:
        raise HTTPException(404, "There is no such key.")
    return info


def _ours(info: KeyInfo) -> KeyInfo:
    if info.id == EMBEDDED_KEY_ID:
        raise HTTPException(409, "This is the key of the dialler itself: without it no campaign can dial.")
    return info


def _view(engine: Engine, info: KeyInfo) -> KeyView:
    return KeyView.model_validate({**asdict(info), "valid": info.is_valid(engine.clock.now())})


def _shown(engine: Engine, new: NewKey, response: Response) -> ShownKey:
    response.headers["Cache-Control"] = "no-store"
    return ShownKey.model_validate({**_view(engine, new.info).model_dump(), "key": new.key})
