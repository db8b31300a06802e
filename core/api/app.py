"""The call engine's API as one ASGI app."""

from __future__ import annotations

from fastapi import FastAPI

from core.api import (
    bot_records,
    bots,
    calls,
    deliveries,
    desk,
    dialout,
    fleet,
    health,
    keys,
    livekit,
    recordings,
    sandbox,
    sockets,
    suppressions,
    trunks,
    websocket,
    workers,
)
from core.api.docs_page import add_docs_page
from core.api.edge import Edge
from core.api.health import add_readiness
from core.api.openapi import complete_document
from core.api.problems import install_problem_handlers
from core.calls.engine import Engine

__all__ = ["create_core_app", "include_core"]


_MANAGEMENT = (keys, bot_records, sockets, trunks, deliveries, workers, desk, sandbox, livekit)


def include_core(app: FastAPI, engine: Engine) -> None:
    """Put the engine's endpoints into an app."""
    app.state.engine = engine
    add_readiness(app, engine)
    for module in (websocket, dialout, calls, recordings, health, fleet, bots, suppressions, *_MANAGEMENT):
        app.include_router(module.router)
    install_problem_handlers(app, engine.clock)
    complete_document(app)
    app.add_middleware(Edge, clock=engine.clock)


def create_core_app(engine: Engine) -> FastAPI:
    """An app that serves the call engine alone."""
    app = FastAPI(title="Campaign dialler: call engine", version="1", redirect_slashes=False, docs_url=None, redoc_url=None)
    add_docs_page(app)
    include_core(app, engine)
    return app
