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

from core.access.keys import Unauthorized
from core.calls.refusals import BotNotFound, InvalidRequest, KeyReused, NotNow
from core.kernel.clock import Clock

__all__ = ["install_problem_handlers", "problem"]


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """A problem document: `type`, `title`, `status`, `detail`, and further members."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def retry_after(now: datetime, at: datetime | None) -> dict[str, str]:
    """The Retry-After header for a moment: whole seconds, rounded up, at least 1."""
    return {} if at is None else {"Retry-After": str(max(1, math.ceil((at - now).total_seconds())))}


def install_problem_handlers(app: FastAPI, clock: Clock) -> None:
    """Answer every error of the API with a problem document."""

    @app.exception_handler(Unauthorized)
    async def unauthorized(_: Request, error: Unauthorized) -> JSONResponse:
        return problem(401, str(error), headers={"WWW-Authenticate": "ApiKey"})

    @app.exception_handler(BotNotFound)
    async def not_found(_: Request, error: BotNotFound) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(InvalidRequest)
    async def invalid(_: Request, error: InvalidRequest) -> JSONResponse:
        errors = [{"field": p.field, "detail": p.detail, "code": p.code} for p in error.problems]
        return problem(422, str(error), errors=errors)

    @app.exception_handler(KeyReused)
    async def key_reused(_: Request, error: KeyReused) -> JSONResponse:
        return problem(422, str(error), errors=[{"field": "Idempotency-Key", "detail": str(error), "code": "key_reused"}])

    @app.exception_handler(NotNow)
    async def not_now(_: Request, error: NotNow) -> JSONResponse:
        headers = retry_after(clock.now(), error.retry_at)
        at = error.retry_at.isoformat() if error.retry_at else None
        return problem(503, str(error), headers=headers, reason=error.reason, retry_at=at)

    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": _field(e["loc"]), "detail": e["msg"], "code": e["type"]} for e in error.errors()]
        return problem(422, "; ".join(f"{e['field']}: {e['detail']}" for e in errors), errors=errors)

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers) if error.headers else None)


def _field(loc: tuple[int | str, ...]) -> str:
    """`("body", "to_number")` -> `to_number`."""
    parts = [str(part) for part in loc]
    return ".".join(parts[1:]) if len(parts) > 1 and parts[0] in {"body", "query", "path", "header"} else ".".join(parts)
