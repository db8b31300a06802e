"""Who asks: the API key of a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

from core.access.checks import TooManyRequests, Unauthorized, admit, identify, is_to_be_counted, note_uses, verify
from core.access.keys import KeyInfo, valid_hashes
from core.access.wrong_keys import RETRY_AFTER
from core.api.problems import retry_after
from core.calls.engine import Engine
from core.fleet.generation import read_generation

__all__ = ["AdminKey", "AnyKey", "KeyIfAsked", "KeyToDial", "TheEngine", "engine_of", "read_key_anew", "require_admin"]

_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="Made with `dialler keys create`.")


def engine_of(request: Request) -> Engine:
    """The call engine behind the app."""
    engine = request.app.state.engine
    assert isinstance(engine, Engine)
    return engine


async def _engine(request: Request) -> Engine:  # async: a plain function would run in another thread
    return engine_of(request)


TheEngine = Annotated[Engine, Depends(_engine)]


_SLOW_DOWN = "Too many wrong API keys came from your address: wait, and send a valid one."


async def _any_key(engine: TheEngine, request: Request, x_api_key: Annotated[str | None, Depends(_HEADER)]) -> KeyInfo:
    now = engine.clock.now()
    if x_api_key:
        key = _identified(engine, request.client.host if request.client else "", x_api_key, now)
    else:
        raise Unauthorized  # no key at all is a mistake, not an attempt
    if not is_to_be_counted(key, now):
        return key
    try:
        with engine.db.write() as connection:
            key = verify(connection, x_api_key, now)
            admit(connection, key, now)
    except TooManyRequests as error:
        raise HTTPException(429, str(error), headers=retry_after(now, error.retry_at)) from None
    return key


async def _key_to_dial(engine: TheEngine, request: Request, x_api_key: Annotated[str | None, Depends(_HEADER)]) -> KeyInfo:
    now = engine.clock.now()
    known = engine.known.key(x_api_key) if x_api_key else None
    if x_api_key and known is not None and known.is_valid(now) and known.requests_per_minute is None:
        if is_to_be_counted(known, now):
            engine.known.note_use(x_api_key, now)
            engine.journal.add(note_uses, known.id, (known.id, now))
        return known
    with engine.db.read() as connection:
        generation = read_generation(connection)
    key = await _any_key(engine, request, x_api_key)
    if x_api_key is not None:
        now = engine.clock.now()
        used = replace(key, last_used_at=now) if is_to_be_counted(key, now) else key
        engine.known.keep_key(x_api_key, used, generation)
    return key


def read_key_anew(engine: Engine, request: Request) -> KeyInfo:
    """The key of a request that was admitted by one from memory, from the database.

    Raises:
        Unauthorized: it is not valid any more.
    """
    address = request.client.host if request.client else ""
    return _identified(engine, address, request.headers.get(_HEADER.model.name, ""), engine.clock.now())


def _identified(engine: Engine, address: str, shown: str, now: datetime) -> KeyInfo:
    """Whose key it is, without asking the database for wrong ones that come again and again from one address."""

    def valid() -> frozenset[str]:
        with engine.db.read() as connection:
            return valid_hashes(connection, now)

    wall = engine.wall()
    if engine.wrong_keys.turns_away(address, shown, wall, valid):
        raise HTTPException(429, _SLOW_DOWN, headers=retry_after(wall, wall + RETRY_AFTER))
    try:
        with engine.db.read() as connection:
            return identify(connection, shown, now)
    except Unauthorized:
        engine.wrong_keys.failed(address, wall)
        raise


AnyKey = Annotated[KeyInfo, Depends(_any_key)]
KeyToDial = Annotated[KeyInfo, Depends(_key_to_dial)]
"""The key of a dialout: it may come from memory, and is checked by the generation that the dialout reads."""


async def require_admin(key: AnyKey) -> KeyInfo:
    """A dependency: the request's key, which must be an admin's."""
    if key.role != "admin":
        raise HTTPException(403, "This needs an admin key; a dialout key cannot do it.")
    return key


AdminKey = Annotated[KeyInfo, Depends(require_admin)]


async def _key_if_asked(engine: TheEngine, request: Request, x_api_key: Annotated[str | None, Depends(_HEADER)]) -> KeyInfo | None:
    if engine.fleet_key_required or "bot_id" in request.query_params:
        return await _any_key(engine, request, x_api_key)
    return None


KeyIfAsked = Annotated[KeyInfo | None, Depends(_key_if_asked)]
"""The key of a request for capacity: the totals are open unless the operator wants a key; what is said of a bot needs one."""
