"""Who asks: the API key of a request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.exceptions import HTTPException

from core.access.keys import KeyInfo, verify
from core.engine import Engine

__all__ = ["AdminKey", "AnyKey", "TheEngine", "engine_of"]


def engine_of(request: Request) -> Engine:
    """The call engine behind the app."""
    engine = request.app.state.engine
    assert isinstance(engine, Engine)
    return engine


async def _engine(request: Request) -> Engine:  # async: a plain function would run in another thread
    return engine_of(request)


TheEngine = Annotated[Engine, Depends(_engine)]


async def _any_key(engine: TheEngine, x_api_key: Annotated[str | None, Header()] = None) -> KeyInfo:
    with engine.db.write() as connection:
        return verify(connection, x_api_key, engine.clock.now())


AnyKey = Annotated[KeyInfo, Depends(_any_key)]


async def _admin_key(key: AnyKey) -> KeyInfo:
    if key.role != "admin":
        raise HTTPException(403, "This needs an admin key; a dialout key cannot do it.")
    return key


AdminKey = Annotated[KeyInfo, Depends(_admin_key)]
