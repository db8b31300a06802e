"""Trunks and their numbers over HTTP. For admin keys."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey, TheEngine
from core.api.bodies import body_schema, read_model
from core.api.openapi import answers
from core.api.trunk_bodies import LiveKitBody, NumberBody, NumberChangeBody, SipBody, TrunkBody, TrunkChangeBody
from core.calls.engine import Engine
from core.calls.refusals import FieldProblem, InvalidRequest
from core.contracts.transport import WEBSOCKET
from core.transports.livekit.store import standings
from core.trunks.errors import BadTrunk, TrunkConflict, UnknownTrunk
from core.trunks.foreign import no_transport
from core.trunks.limits import Limits
from core.trunks.numbers import add_number, change_number, remove_number
from core.trunks.passwords import seal_password
from core.trunks.reading import NumberRecord, TrunkRecord, all_trunks, find_number, find_trunk
from core.trunks.records import add_trunk, change_trunk, remove_trunk, reset_trunk

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/trunks", tags=["trunks"])


class NumberView(BaseModel):
    """A number of ours (DID) and the bot that an inbound call to it reaches."""

    number: str
    bot_id: str | None
    label: str


class LiveKitStanding(BaseModel):
    """How a trunk stands at its LiveKit server, as of the last look."""

    outbound_trunk_id: str | None
    inbound_trunk_id: str | None
    dispatch_rule_id: str | None
    error: str | None = Field(description="What keeps it from being as the record says; null if nothing does.")
    looked_at: datetime


class LimitsView(BaseModel):
    """What the carrier of a trunk seems to allow, as its refusals show: learned, and tried again step by step."""

    channels: int | None = Field(description="Calls at once; null: as many as the record says.")
    calls_per_second: float | None = Field(description="New calls a second; null: as many as the record says.")
    unclear: bool = Field(description="Which of the two it is, is not clear yet.")
    learned_at: datetime | None = Field(description="When a limit was lowered last.")
    reason: str | None = Field(description="The refusal that showed it: its status and phrase.")
    words: str = Field(description="The same in a sentence's part, for people.")


class HealthView(BaseModel):
    """What the circuit breaker of a trunk remembers (docs/transport-sip.md)."""

    state: Literal["closed", "resting", "trial"] = Field(
        description="`closed`: calls go out; `resting`: none does; `trial`: the rest is over, and one call is let out to try it."
    )
    failures: int = Field(description="Failures of the trunk in a row.")
    rests: int = Field(description="Rests in a row, without a call between them that it carried.")
    resting_until: datetime | None
    reason: str | None = Field(description="The last failure, in words.")
    limits: LimitsView | None = Field(default=None, description="What the carrier seems to allow; null: what the record says.")


class RegistrationView(BaseModel):
    """How the registration of a trunk of SIP stands (docs/transport-sip.md)."""

    state: Literal["registered", "expired", "not_registered"] = Field(
        description="`registered`: calls to its numbers find us; `expired`: it ran out unrenewed; `not_registered`: see the reason."
    )
    reason: str | None = Field(description="What was wrong with the last answer, in words; null if nothing was.")
    at: datetime = Field(description="When the last news came.")
    expires_at: datetime | None = Field(description="Until when the trunk knows where we are, if it is not renewed; null if it does not.")


class TrunkView(BaseModel):
    """A trunk and its numbers."""

    name: str
    transport: str
    channels: int
    calls_per_second: float
    default_number: str | None
    is_default: bool
    created_at: datetime
    numbers: list[NumberView]
    health: HealthView
    registration: RegistrationView | None = Field(description="How its registration stands; null if it has none, or none was tried yet.")
    sip: dict[str, Any] | None = Field(description="How it is reached, but for what is at its default; its password by reference.")
    livekit: dict[str, Any] | None = Field(description="The same for a trunk of LiveKit; its secrets by reference.")
    livekit_standing: LiveKitStanding | None = Field(description="How it stands at its LiveKit server; null if nobody has looked yet.")


class TrunkList(BaseModel):
    """Every trunk, the default one first."""

    trunks: list[TrunkView]


@router.get("", summary="List trunks", responses=answers(401, 403))
async def get_trunks(_: AdminKey, engine: TheEngine) -> TrunkList:
    """Every trunk with its numbers, the default one first."""
    with engine.db.read() as connection:
        return TrunkList(trunks=[_view(connection, trunk, engine.clock.now()) for trunk in all_trunks(connection)])


_NEW: Final = {
    "name": "carrier",
    "transport": "sandbox",
    "channels": 30,
    "calls_per_second": 5,
    "numbers": [{"number": "+12025550101", "bot_id": "loan-reminder"}],
}


@router.post(
    "", status_code=201, summary="Make a trunk", responses=answers(401, 403, 409, 413, 422), openapi_extra=body_schema(TrunkBody, _NEW)
)
async def post_trunk(request: Request, _: AdminKey, engine: TheEngine) -> TrunkView:
    """Make a trunk with its numbers."""
    body = await read_model(request, TrunkBody)
    lines = sorted(set(engine.transports) - {WEBSOCKET})  # whose calls come in, by no trunk
    if body.transport not in lines:
        detail = no_transport(body.transport) or f"{body.transport!r} does not run here: there is {', '.join(lines) or 'none'}"
        raise InvalidRequest([FieldProblem("transport", detail, "unknown_transport")])
    with _refusals(), engine.db.write() as connection:
        return _view(
            connection,
            add_trunk(
                connection,
                body.name,
                transport=body.transport,
                channels=body.channels,
                calls_per_second=body.calls_per_second,
                numbers=[NumberRecord(new.number, new.bot_id, new.label) for new in body.numbers],
                default_number=body.default_number,
                is_default=body.is_default,
                sip=_sealed(engine, connection, body.name, body.sip),
                livekit=_sealed(engine, connection, body.name, body.livekit),
                now=engine.clock.now(),
            ),
            engine.clock.now(),
        )


@router.get("/{name}", summary="Read a trunk", responses=answers(401, 403, 404, 422))
async def get_trunk(name: str, _: AdminKey, engine: TheEngine) -> TrunkView:
    """One trunk with its numbers."""
    with _refusals(), engine.db.read() as connection:
        return _view(connection, find_trunk(connection, name), engine.clock.now())


@router.patch(
    "/{name}",
    summary="Change a trunk",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(TrunkChangeBody, {"is_default": True}),
)
async def patch_trunk(name: str, request: Request, _: AdminKey, engine: TheEngine) -> TrunkView:
    """Change its limits, its default number, or make it the default trunk. It counts from the next dialout on."""
    body = await read_model(request, TrunkChangeBody)
    with _refusals(), engine.db.write() as connection:
        sip = _sealed(engine, connection, name, body.sip)
        livekit = _sealed(engine, connection, name, body.livekit)
        changes = {**body.model_dump(), "sip": sip, "livekit": livekit}
        return _view(connection, change_trunk(connection, name, **changes), engine.clock.now())


@router.post("/{name}/reset", summary="End a trunk's rest", responses=answers(401, 403, 404, 422))
async def post_reset(name: str, _: AdminKey, engine: TheEngine) -> TrunkView:
    """Forget its failures, and what its carrier seems to allow: calls go out on it at once."""
    with _refusals(), engine.db.write() as connection:
        return _view(connection, reset_trunk(connection, name), engine.clock.now())


@router.delete("/{name}", status_code=204, summary="Remove a trunk", responses=answers(401, 403, 404, 409, 422))
async def delete_trunk(name: str, _: AdminKey, engine: TheEngine) -> None:
    """Remove a trunk and its numbers. Calls in progress on it go on."""
    with _refusals(), engine.db.write() as connection:
        remove_trunk(connection, name)


@router.post(
    "/{name}/numbers",
    status_code=201,
    summary="Put a number on a trunk",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(NumberBody, {"number": "+12025550102", "bot_id": "loan-reminder", "label": "north"}),
)
async def post_number(name: str, request: Request, _: AdminKey, engine: TheEngine) -> NumberView:
    """From now on it can be a `from_number`, and an inbound call to it reaches its bot."""
    body = await read_model(request, NumberBody)
    with _refusals(), engine.db.write() as connection:
        return _number_view(add_number(connection, name, NumberRecord(body.number, body.bot_id, body.label)))


@router.patch(
    "/{name}/numbers/{number}",
    summary="Change a number",
    responses=answers(401, 403, 404, 413, 422),
    openapi_extra=body_schema(NumberChangeBody, {"bot_id": "loan-reminder"}),
)
async def patch_number(name: str, number: str, request: Request, _: AdminKey, engine: TheEngine) -> NumberView:
    """Give it another bot (null: none) or label; what is left out stays as it is."""
    body = await read_model(request, NumberChangeBody)
    with _refusals(), engine.db.write() as connection:
        before = find_number(connection, name, number)
        changed = replace(before, **{key: getattr(body, key) for key in body.model_fields_set})
        return _number_view(change_number(connection, name, changed))


@router.delete("/{name}/numbers/{number}", status_code=204, summary="Take a number off a trunk", responses=answers(401, 403, 404, 409, 422))
async def delete_number(name: str, number: str, _: AdminKey, engine: TheEngine) -> None:
    """It is no longer one of ours."""
    with _refusals(), engine.db.write() as connection:
        remove_number(connection, name, number)


def _sealed(engine: Engine, connection: Connection, trunk: str, body: SipBody | LiveKitBody | None) -> dict[str, Any] | None:
    """The settings with their password put into the secret store."""
    if body is None:
        return None
    given = body.model_dump(by_alias=True, exclude_unset=True)
    for field in ("password", "api_secret"):
        if given.get(field) and engine.secrets is not None:
            given[field] = seal_password(engine.secrets, connection, trunk, given[field], engine.clock.now(), field.upper())
    return given


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """The errors of the records as those of the API."""
    try:
        yield
    except UnknownTrunk as error:
        raise HTTPException(404, str(error)) from None
    except TrunkConflict as error:
        raise HTTPException(409, str(error)) from None
    except BadTrunk as error:
        raise InvalidRequest([FieldProblem(field, detail) for field, detail in error.problems]) from None
    except IntegrityError:
        raise HTTPException(409, "Another request just created this; read it and try again.") from None


def _number_view(record: NumberRecord) -> NumberView:
    return NumberView(number=record.number, bot_id=record.bot_id, label=record.label)


def _limits_view(limits: Limits, trunk: TrunkRecord) -> LimitsView | None:
    words = limits.in_words(trunk.channels, trunk.calls_per_second)
    if not words:
        return None
    return LimitsView(
        channels=None if limits.channels is None else int(limits.channels.holds),
        calls_per_second=None if limits.rate is None else round(limits.rate.holds, 3),
        unclear=limits.unclear,
        learned_at=limits.lowered_at,
        reason=limits.reason or None,
        words=words,
    )


def _view(connection: Connection, trunk: TrunkRecord, now: datetime) -> TrunkView:
    standing, health = standings(connection).get(trunk.name) if trunk.livekit is not None else None, trunk.health
    return TrunkView(
        name=trunk.name,
        transport=trunk.transport,
        channels=trunk.channels,
        calls_per_second=trunk.calls_per_second,
        default_number=trunk.default_number,
        is_default=trunk.is_default,
        created_at=trunk.created_at,
        numbers=[_number_view(record) for record in trunk.numbers],
        health=HealthView(
            state=health.state(now),
            failures=health.failures,
            rests=health.rests,
            resting_until=health.resting_until,
            reason=health.reason or None,
            limits=_limits_view(health.limits, trunk),
        ),
        registration=None
        if (registration := trunk.registration) is None
        else RegistrationView(
            state=registration.state(now),
            reason=registration.reason or None,
            at=registration.at,
            expires_at=registration.expires_at,
        ),
        sip=trunk.sip,
        livekit=trunk.livekit,
        livekit_standing=None
        if standing is None
        else LiveKitStanding(**{key: getattr(standing, key) for key in LiveKitStanding.model_fields}),
    )
