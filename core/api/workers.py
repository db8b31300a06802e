"""Workers over HTTP: who holds calls, and draining one. For admin keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from core.api.auth import AdminKey, TheEngine
from core.api.openapi import answers
from core.calls.engine import Engine
from core.fleet.listing import list_workers
from core.fleet.store import set_draining

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/workers", tags=["workers"])


class WorkerRecord(BaseModel):
    """A process that holds calls. `lost`: not heard of for the length of its lease. Moments are real time."""

    id: str
    state: Literal["working", "draining", "ended", "lost"]
    calls: int
    max: int
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime


class WorkerList(BaseModel):
    """Workers, newest first."""

    workers: list[WorkerRecord]


@router.get("", summary="List workers", responses=answers(401, 403, 422))
async def get_workers(
    _: AdminKey, engine: TheEngine, all_: Annotated[bool, Query(alias="all", description="Also those that have ended or are lost.")] = False
) -> WorkerList:
    """The processes that hold calls, newest first."""
    with engine.db.read() as connection:
        rows = [WorkerRecord.model_validate(row) for row in list_workers(connection, engine.wall())]
    return WorkerList(workers=[row for row in rows if all_ or row.state in {"working", "draining"}])


@router.post("/{worker_id}/drain", summary="Let a worker finish its calls and take none", responses=answers(401, 403, 404, 422))
async def post_drain(worker_id: str, _: AdminKey, engine: TheEngine) -> WorkerRecord:
    """From now on it takes no new call; the calls it holds go on to their end. Once it shows no calls it can be stopped."""
    return _set(engine, worker_id, draining=True)


@router.post("/{worker_id}/undrain", summary="Let a worker take calls again", responses=answers(401, 403, 404, 422))
async def post_undrain(worker_id: str, _: AdminKey, engine: TheEngine) -> WorkerRecord:
    """It takes calls again."""
    return _set(engine, worker_id, draining=False)


def _set(engine: Engine, worker_id: str, *, draining: bool) -> WorkerRecord:
    with engine.db.write() as connection:
        if not set_draining(connection, worker_id, draining):
            raise HTTPException(404, "There is no such worker, or it has ended.")
        row = next(row for row in list_workers(connection, engine.wall()) if row["id"] == worker_id)
    return WorkerRecord.model_validate(row)
