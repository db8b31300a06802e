"""The call engine's API as one ASGI app."""

from __future__ import annotations

from fastapi import FastAPI

from core.api import bots, calls, fleet, suppressions
from core.api.problems import install_problem_handlers
from core.engine import Engine

__all__ = ["create_core_app", "include_core"]


def include_core(app: FastAPI, engine: Engine) -> None:
    """Put the engine's endpoints into an app."""
    app.state.engine = engine
    for module in (calls, fleet, bots, suppressions):
        app.include_router(module.router)
    install_problem_handlers(app, engine.clock)


def create_core_app(engine: Engine) -> FastAPI:
    """An app that serves the call engine alone."""
    app = FastAPI(title="Campaign dialler: call engine", version="1")
    include_core(app, engine)
    return app
