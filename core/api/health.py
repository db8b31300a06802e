"""Whether this process lives, and whether it is ready for traffic: for load balancers and supervisors. No key, no personal data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import Connection

from core.api.auth import TheEngine
from core.api.openapi import answers
from core.api.problems import problem
from core.calls.engine import Engine
from core.fleet.store import load
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.failures import without_values
from core.kernel.probe import DatabaseProbe

__all__ = ["READY_SECONDS", "OrUnavailable", "Reason", "add_readiness", "router"]

log = logging.getLogger(__name__)

READY_SECONDS = 2.0
"""Real seconds that the database has for its answer."""

Reason = Literal["database", "schema", "retired", "draining"]


class OrUnavailable(APIRoute):
    """A route that answers 503 for every failure that the app has no answer for: a database that is away, or a fault of our own.

    A probe, or a load balancer, takes a 500 for a fault of its question. The log has the first failure of a row, and the recovery.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, with that answer around it."""
        answer = super().get_route_handler()
        failing = False

        async def guarded(request: Request) -> Response:
            nonlocal failing
            try:
                response = await answer(request)
            except Exception as error:
                known = any(kind in request.app.exception_handlers for kind in type(error).__mro__ if kind is not Exception)
                if known and not isinstance(error, DATABASE_FAILURES):
                    raise
                if not failing:
                    level = request.app.state.readiness.health.level(logging.ERROR)
                    log.log(level, "%s cannot answer; 503 until it can: %s", self.path, without_values(error))
                    failing = level == logging.ERROR
                detail = "This cannot be answered now: the database is away, or something failed on our side. The log says which."
                return problem(503, detail, reason="unavailable")
            if failing:
                failing = False
                log.warning("%s answers again", self.path)
            return response

        return guarded


router = APIRouter(tags=["health"], route_class=OrUnavailable)


class Live(BaseModel):
    """The process runs, and its event loop answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The process takes traffic."""

    status: Literal["ready"] = "ready"


@dataclass(frozen=True)
class NotReady:
    """Why a process is not ready: a word for programs, a sentence for people."""

    reason: Reason
    detail: str


def add_readiness(app: FastAPI, engine: Engine) -> None:
    """Give the app what `/health/ready` asks the database with."""
    app.state.readiness = DatabaseProbe(engine.db, lambda connection: _look(connection, engine))


def _look(connection: Connection, engine: Engine) -> NotReady | None:
    if (wrong := engine.schema_problem(connection)) is not None:
        return NotReady("schema", wrong)
    worker = load(connection, engine.worker_id)
    if worker is None:
        return NotReady("retired", "This process has ended its work, or another one took it over.")
    if worker.draining:
        return NotReady("draining", "This process takes no new calls; those in progress go on.")
    return None


@router.get("/health/live", summary="Whether this process runs: restart it if not")
async def live() -> Live:
    """200 as long as the process answers. It asks nothing of the database: an outage there is no reason to restart."""
    return Live()


@router.get("/health/ready", summary="Whether this process takes traffic", responses=answers(503))
async def ready(engine: TheEngine, request: Request) -> Ready:
    """200 if the database answers within two seconds, its schema is the one of this version, and the process does not drain.

    Else 503, with a `reason`: `database`, `schema`, `draining`, or `retired`.
    """
    probe: DatabaseProbe[NotReady | None] = request.app.state.readiness
    try:
        with engine.clock.outside():
            why = await probe.ask(READY_SECONDS)
    except TimeoutError:
        why = NotReady("database", f"The database gave no answer within {READY_SECONDS:g} s.")
    except Exception as error:
        log.info("not ready: the database does not answer: %s", without_values(error))
        why = NotReady("database", "The database does not answer.")
    if why is None:
        return Ready()
    return problem(503, why.detail, reason=why.reason)  # type: ignore[return-value]
