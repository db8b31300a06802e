"""Suppressions over HTTP: the numbers that are never dialled. For admin keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey, TheEngine
from core.api.filters import number_from_query
from core.api.json_body import complaint_about, kind_of, read_object
from core.api.openapi import answers
from core.api.paging import make_cursor, read_cursor
from core.calls.refusals import FieldProblem, InvalidRequest
from core.kernel.numbers import NumberError, parse_number
from core.suppressions import lists as named_lists
from core.suppressions import store

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/suppressions", tags=["suppressions"])

LinesName = Literal["sandbox", "real", "all"]

_DEFAULT_REASON = "added by an operator"


class SuppressionBody(BaseModel):
    """A number to suppress (E.164) and why. For the OpenAPI document."""

    number: str = Field(max_length=64)
    reason: str = Field(default=_DEFAULT_REASON, max_length=500)


class SuppressionView(BaseModel):
    """A suppressed number; `source` is who said so: `callee`, `operator`, `import` or `api`.

    `lines` is where that was learned. `sandbox`: from a simulated callee; it holds on the sandbox alone. `real`: in a call on a
    real line. `all`: not in a call. Those two hold everywhere.
    """

    number: str
    reason: str
    source: str
    lines: LinesName
    created_at: datetime

    @classmethod
    def of(cls, found: store.SuppressionInfo) -> SuppressionView:
        """The view of a suppression."""
        return cls(number=found.number, reason=found.reason, source=found.source, lines=found.lines, created_at=found.created_at)


class SuppressionPage(BaseModel):
    """A page of suppressions, newest first; `next_cursor` is null on the last one. A number has at most one of each `lines`."""

    suppressions: list[SuppressionView]
    next_cursor: str | None


_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": SuppressionBody.model_json_schema(),
                "example": {"number": "+12025550199", "reason": "wrote to us"},
            }
        },
    }
}


@router.get("", summary="List suppressed numbers", responses=answers(401, 403, 422))
async def get_suppressions(
    _: AdminKey,
    engine: TheEngine,
    search: Annotated[str, Query(description="A part of the number or of the reason.", max_length=100)] = "",
    lines: Annotated[LinesName | None, Query(description="Only what was learned there; everything if left out.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> SuppressionPage:
    """Suppressed numbers, newest first. What the sandbox's callees asked for (`lines` is `sandbox`) does not count on real lines."""
    before = None
    if cursor is not None:
        at, last = read_cursor(cursor)
        number, kind = (last + "/").split("/")[:2]
        before = at, number, kind
    with engine.db.read() as connection:
        rows = store.list_suppressions(connection, search=search, lines=lines, limit=limit + 1, before=before)
    page, more = rows[:limit], len(rows) > limit
    return SuppressionPage(
        suppressions=[SuppressionView.of(row) for row in page],
        next_cursor=make_cursor(page[-1].created_at, f"{page[-1].number}/{page[-1].lines}") if more else None,
    )


class ListView(BaseModel):
    """A named list: where it comes from, its date, when it ceases to hold (null: never), how many entries it has."""

    name: str
    source: str
    listed_on: str | None
    expires_at: datetime | None
    entries: int
    created_at: datetime
    updated_at: datetime


class ListsView(BaseModel):
    """Named lists, by name."""

    lists: list[ListView]


@router.get("/lists", summary="List the named suppression lists", responses=answers(401, 403, 422))
async def get_lists(
    _: AdminKey,
    engine: TheEngine,
    on: Annotated[str | None, Query(description="Only lists that hold this number (E.164).", max_length=64)] = None,
) -> ListsView:
    """Lists of numbers that are not dialled, beside what callees and operators said. Files are imported on the command line."""
    number = None
    if on is not None:
        try:
            number = _without_extension(number_from_query(on))
        except NumberError as error:
            raise InvalidRequest([FieldProblem("on", str(error), "not_a_number")]) from None
    with engine.db.read() as connection:
        found = named_lists.lists(connection) if number is None else named_lists.lists_with(connection, number, engine.clock.now())
    names = ListView.model_fields
    return ListsView(lists=[ListView(**{name: getattr(one, name) for name in names}) for one in found])


_WAS_THERE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "It was suppressed before, and stays as it was", "model": SuppressionView}
}


@router.post("", status_code=201, summary="Suppress a number", responses=_WAS_THERE | answers(401, 403, 413, 422), openapi_extra=_BODY)
async def post_suppression(request: Request, response: Response, _: AdminKey, engine: TheEngine) -> SuppressionView:
    """From now on the number is not dialled, whoever asks, on any lines. One that is suppressed on real lines already stays as it is."""
    number, reason = _read_body(await read_object(request))
    with engine.db.write() as connection:
        if not store.add(connection, number, reason=reason, source="api", now=engine.clock.now()):
            response.status_code = 200
        found = store.read(connection, number)
    assert found is not None
    return SuppressionView.of(found)


@router.delete("/{number}", status_code=204, summary="Lift a suppression", responses=answers(401, 403, 404, 422))
async def delete_suppression(number: str, _: AdminKey, engine: TheEngine) -> None:
    """The number may be dialled again, on any lines."""
    try:
        number = _without_extension(number_from_query(number))
    except NumberError:
        number = ""
    with engine.db.write() as connection:
        if not store.remove(connection, number):
            raise HTTPException(404, "This number is not suppressed.")


def _read_body(body: Mapping[str, Any]) -> tuple[str, str]:
    problems: list[FieldProblem] = []
    number, reason = "", body.get("reason")
    written = body.get("number")
    if not isinstance(written, str) or len(written) > 64:
        detail = "it is missing" if written is None else f"it must be a text of at most 64 characters, not {kind_of(written)}"
        problems.append(FieldProblem("number", detail, "missing" if written is None else "not_text"))
    else:
        try:
            number = _without_extension(parse_number(written, None, allow_premium=True).key)
        except NumberError as error:
            problems.append(FieldProblem("number", str(error), "not_a_number"))
    if reason is None:
        reason = _DEFAULT_REASON
    elif not isinstance(reason, str) or len(reason) > 500 or complaint_about(reason):
        problems.append(FieldProblem("reason", "it must be a text of at most 500 characters", "not_text"))
    if problems:
        raise InvalidRequest(problems)
    return number, str(reason)


def _without_extension(key: str) -> str:
    return key.partition(";")[0]
