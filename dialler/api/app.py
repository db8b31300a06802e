"""Adds the dialler's endpoints for campaign managers to an app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI

from dialler.api import campaigns, desk, events, handoffs, imports, leads, ledger, reports, why
from dialler.api.shared import Dialler

__all__ = ["include_campaigns"]


def include_campaigns(
    app: FastAPI, dialler: Dialler, admin_only: Callable[..., Awaitable[Any]], agent: Callable[..., Awaitable[str | None]]
) -> None:
    """Add the endpoints of campaigns, and of the work list at the agent desk, to an app.

    Args:
        app: must answer HTTPException and RequestValidationError with problem documents, as the core's app does.
        dialler: the dialler behind the endpoints.
        admin_only: a dependency that refuses everybody but admins.
        agent: a dependency that gives the name of the agent who asks, as `dialler.api.desk` wants it.
    """
    app.state.dialler = dialler
    for module in (campaigns, imports, leads, handoffs, ledger, reports, why, events):
        app.include_router(module.router, dependencies=[Depends(admin_only)])
    app.include_router(desk.desk_router(agent))
