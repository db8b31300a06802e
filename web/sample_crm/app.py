"""The HTTP API of the sample CRM."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import HTMLResponse

from core.kernel.clock import utc_now
from web.sample_crm.ledger import Ledger
from web.sample_crm.page import page

__all__ = ["Faults", "create_app"]

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass
class Faults:
    """How the sample CRM misbehaves, for tests.

    It answers 503 to the first `fail_first` pushes, and to every push until the file `down_until` exists; each answer comes `latency` real
    seconds late.
    """

    fail_first: int = 0
    down_until: Path | None = None
    latency: float = 0.0

    def refuses(self) -> bool:
        """Whether to refuse the current push."""
        if self.fail_first > 0:
            self.fail_first -= 1
            return True
        return self.down_until is not None and not self.down_until.exists()


def create_app(ledger: Ledger, token: str, faults: Faults, lifespan: Lifespan | None = None) -> FastAPI:
    """The app: takes pushes at /api/call-result and lists them at /api/call-results, for clients with the token.

    A browser that opens its address sees the counts, without the token.
    """
    app = FastAPI(title="Sample CRM", lifespan=lifespan, openapi_url=None)
    app.state.refused = 0

    async def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "The Authorization header must be `Bearer` and the token of this CRM. A browser may see / without it.")

    @app.post("/api/call-result", dependencies=[Depends(authorised)])
    async def receive(request: Request, webhook_id: Annotated[str, Header(min_length=1, max_length=200)]) -> dict[str, Any]:
        await asyncio.sleep(faults.latency)  # real time: this is another system
        if faults.refuses():
            app.state.refused += 1
            raise HTTPException(503, "The sample CRM is down.")
        try:
            body = await request.json()
        except ValueError:
            raise HTTPException(400, "The body must be JSON.") from None
        if not isinstance(body, dict):
            raise HTTPException(422, "The body must be a JSON object.")
        return {"status": "ok", "first": ledger.add(webhook_id, body, utc_now())}

    @app.get("/", response_class=HTMLResponse)
    async def look() -> str:
        known = ledger.summary()
        return page(known["received"], known["repeats"], app.state.refused, known["dispositions"], ledger.name)

    @app.get("/api/call-results", dependencies=[Depends(authorised)])
    async def show(summary: bool = False, skip: int = 0, limit: int = 1000) -> dict[str, Any]:
        if summary:
            return {**ledger.summary(), "refused": app.state.refused}
        return {"results": ledger.results()[max(skip, 0) :][: max(limit, 0)]}

    return app
