"""A whole process with its API and no campaign yet, in virtual time: what `dialler serve` is, asked as an admin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.access.keys import create
from core.kernel.ids import Ids
from tests.core.api.support import problem_of
from tests.core.deliveries.support import Receiver
from tests.web.run.folders import settings_for
from web.composition import Whole, open_whole
from web.dialling import dialling
from web.ownership import lease

CAMPAIGNS = "/api/v1/campaigns"
BOT = {
    "name": "Reminder",
    "opening_message": "Hello, am I speaking with {{crm.customer_name}}?",
    "brain": {"scenario": "payment_reminder"},
    "permitted_hours": {"enabled": False},
    "purpose": "service",
}
PUSH = {"url": "http://crm.embedded/push", "key_mapper": {"D": "{{result.disposition}}"}}
PAYS, BUSY, DECLINES = (f"+120255501{digits}" for digits in ("00", "07", "08"))


def lead_file(numbers: Sequence[str]) -> bytes:
    """A lead file with a name and an amount for each number."""
    rows = [f"{number},Customer {n},{100 + n}" for n, number in enumerate(numbers, 1)]
    return ("phone,customer_name,amount_due\n" + "\n".join(rows) + "\n").encode()


@dataclass
class Api:
    """The API of a process, asked as an admin."""

    whole: Whole
    http: httpx.AsyncClient
    crm: Receiver

    async def get(self, path: str, **params: Any) -> Any:
        """What a GET under /api/v1/campaigns gives."""
        response = await self.http.get(f"{CAMPAIGNS}{path}", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        """What a POST under /api/v1/campaigns gives."""
        response = await self.http.post(f"{CAMPAIGNS}{path}", json=body)
        assert response.status_code == status, response.text
        return response.json() if status < 400 else problem_of(response)

    async def campaign(self, numbers: Sequence[str] = (), *, start: bool = False, **settings: Any) -> str:
        """The id of a new campaign with these leads."""
        made = await self.post("", {"name": "May", "bot_id": "reminder", **settings}, 201)
        campaign_id = str(made["id"])
        if numbers:
            await self.upload(campaign_id, lead_file(numbers))
        if start:
            await self.post(f"/{campaign_id}/start")
        return campaign_id

    async def upload(self, campaign_id: str, content: bytes, status: int = 200, name: str = "leads.csv") -> Any:
        """Upload a lead file."""
        response = await self.http.post(f"{CAMPAIGNS}/{campaign_id}/leads", files={"file": (name, content, "text/csv")})
        assert response.status_code == status, response.text
        return response.json()

    async def dial(self, campaign_id: str) -> str:
        """Dial for a campaign that is running, as the supervisor of `dialler serve` does; returns its state in the end."""
        with lease(self.whole, campaign_id) as token:
            async with dialling(self.whole, campaign_id, token) as runner:
                state = await runner.run()
        await self.whole.clock.sleep(5)  # the last pushes
        return state


def run_api(test: Callable[[Api], Coroutine[Any, Any, Any]], database_url: str, folder: Path, **settings: Any) -> None:
    """Run `test(api)` to its end in virtual time. The bot `reminder` pushes to a CRM in this process."""

    async def main() -> None:
        async with open_whole(settings_for(folder, database_url, **settings)) as whole:
            with whole.db.write() as connection:
                key = create(connection, key_id=Ids().new(), name="admin", now=whole.clock.now(), role="admin").key
            crm = Receiver(whole.clock)
            whole.client.mount("crm.embedded", crm.app())
            transport = httpx.ASGITransport(app=whole.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api", headers={"X-API-Key": key}, timeout=60) as http:
                made = await http.post("/api/v1/bots", json={**BOT, "post_call_push": PUSH})
                assert made.status_code == 201, made.text
                await test(Api(whole, http, crm))

    asyncio.run(asyncio.wait_for(main(), 120))
