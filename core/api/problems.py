"""Error bodies: RFC 9457 problem details, one shape for every error of the API."""

from __future__ import annotations

import math
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.access.checks import Unauthorized
from core.api.json_body import BodyTooLarge
from core.calls.refusals import BotNotFound, FieldProblem, InvalidRequest, KeyReused, NotNow
from core.kernel.clock import Clock
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.database_health import RETRY_AFTER, DatabaseAway
from core.kernel.moments import moment_text

__all__ = ["MEDIA_TYPE", "install_problem_handlers", "problem", "retry_after"]

MEDIA_TYPE = "application/problem+json"

_NOWHERE = {
    404: "There is nothing at this path. docs/api.md and /openapi.json list what there is.",
    405: "This path does not take this method; the Allow header says which it takes.",
}


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """A problem document: `type`, `title`, `status`, `detail`, and further members."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def retry_after(now: datetime, at: datetime | None) -> dict[str, str]:
    """The Retry-After header for a moment: whole seconds, rounded up, at least 1; none if the moment is not known."""
    return {} if at is None else {"Retry-After": str(max(1, math.ceil((at - now).total_seconds())))}


def install_problem_handlers(app: FastAPI, clock: Clock) -> None:
    """Answer every error of the API with a problem document; `core.api.edge` does for what nobody expected."""

    @app.exception_handler(Unauthorized)
    async def unauthorized(_: Request, error: Unauthorized) -> JSONResponse:
        return problem(401, str(error), headers={"WWW-Authenticate": "ApiKey"})

    @app.exception_handler(BotNotFound)
    async def not_found(_: Request, error: BotNotFound) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(InvalidRequest)
    async def invalid(_: Request, error: InvalidRequest) -> JSONResponse:
        return _fields(error.problems)

    @app.exception_handler(KeyReused)
    async def key_reused(_: Request, error: KeyReused) -> JSONResponse:
        return _fields([FieldProblem("Idempotency-Key", str(error), "key_reused")])

    @app.exception_handler(BodyTooLarge)
    async def too_large(_: Request, error: BodyTooLarge) -> JSONResponse:
        return problem(413, str(error))

    @app.exception_handler(NotNow)
    async def not_now(_: Request, error: NotNow) -> JSONResponse:
        moments = {"retry_at": error.retry_at, "opens_at": error.opens_at}
        given = {name: moment_text(at) for name, at in moments.items() if at is not None}
        given |= {"rule": error.rule} if error.rule is not None else {}
        return problem(503, str(error), headers=retry_after(clock.now(), error.retry_at), reason=error.reason, **given)

    async def database_failed(_: Request, error: Exception) -> JSONResponse:
        again = {"Retry-After": str(RETRY_AFTER)}
        if isinstance(error, DatabaseAway):  # nothing was tried
            return problem(503, "The database does not answer. Nothing was done; try again later.", headers=again, reason="database")
        return problem(503, "The database did not answer. Whether this was done is not known; try again later.", headers=again)

    for failure in DATABASE_FAILURES:
        app.add_exception_handler(failure, database_failed)

    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        return _fields([FieldProblem(_field(e["loc"]), e["msg"], e["type"]) for e in error.errors()])

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        said = str(error.detail)
        detail = _NOWHERE.get(error.status_code, said) if said == HTTPStatus(error.status_code).phrase else said
        return problem(error.status_code, detail, headers=dict(error.headers) if error.headers else None)


def _fields(problems: list[FieldProblem]) -> JSONResponse:
    """422 with every bad field."""
    errors = [{"field": p.field, "detail": p.detail, "code": p.code} for p in problems]
    return problem(422, str(InvalidRequest(problems)), errors=errors)


def _field(loc: tuple[int | str, ...]) -> str:
    """`("query", "limit")` -> `limit`."""
    parts = [str(part) for part in loc]
    return ".".join(parts[1:]) if len(parts) > 1 and parts[0] in {"body", "query", "path", "header"} else ".".join(parts)
