"""What the tests of deliveries share: a finished call in the database, its result, a bot, a receiver in this process."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from cryptography.fernet import Fernet
from fastapi import FastAPI, Request, Response
from sqlalchemy import insert

from core.access.secrets import SecretStore
from core.bots.config import BotConfig, PostCallPush
from core.bots.tables import Bot
from core.calls.tables import Call
from core.contracts.call_result import CallResult
from core.deliveries.outbox import NewDelivery, deliveries_for, destination_of, enqueue
from core.deliveries.worker import DeliveryWorker
from core.fleet.tables import Worker
from core.kernel.clock import Clock, utc_now
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.secrets import SecretBox
from core.outgoing.client import OutgoingClient
from tests.conftest import START

NUMBER = "+12025550123"
TOKEN = "tok-0123456789"
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOX = SecretBox([Fernet.generate_key().decode()])
PUSH = PostCallPush(
    url="http://crm.embedded/push",
    token="Bearer secret:CRM_TOKEN",
    key_mapper={"CUSTOMER_ID": "{{crm.customer_id}}", "DISPOSITION": "{{result.disposition}}", "CALL_DURATION": "{{call.duration}}"},
)


def result_of(call_id: str = "call-1", **more: Any) -> CallResult:
    """A result of a call that went well."""
    return CallResult(
        **{
            "session_id": call_id,
            "caller_id": NUMBER,
            "from_number": "+12025550100",
            "call_duration_seconds": 12.5,
            "disconnected_by": "bot",
            "bot_id": "bot",
            "bot_version": 1,
            "disposition": "PTP",
            "end_reason": "completed",
            "phone_rang": True,
            "started_at": START,
            "ended_at": START + timedelta(seconds=20),
            "transport": "sandbox",
            "sandbox": True,
            "variables": {"customer_id": "C1"},
            **more,
        }
    )


def add_calls(database: Database, *call_ids: str) -> None:
    """Rows that deliveries refer to."""
    with database.write() as connection:
        connection.execute(insert(Bot).values(id="bot", name="Bot", current_version=1, created_at=START, updated_at=START))
        connection.execute(
            insert(Worker).values(
                id="w",
                max_calls=1,
                draining=False,
                host="h",
                pid=1,
                pid_started=0.0,
                started_at=START,
                seen_at=START,
                lease_until=START,
                retired=False,
            )
        )
        shared = {
            "bot_id": "bot",
            "bot_version": 1,
            "direction": "outbound",
            "to_number": NUMBER,
            "transport": "sandbox",
            "state": "placing",
        }
        for call_id in call_ids:
            row = {**shared, "call_id": call_id, "worker_id": "w", "variables": {}, "created_at": START, "cancel_requested": False}
            connection.execute(insert(Call).values(row))


def push_all(database: Database, now: datetime, *call_ids: str, push: PostCallPush = PUSH, **changes: Any) -> list[NewDelivery]:
    """Write the CRM push of each call."""
    config = BotConfig(name="Bot", post_call_push=push)
    rows = [row for call_id in call_ids for row in deliveries_for(result_of(call_id), config, None, Ids(1), now)]
    rows = [replace(row, **changes) for row in rows]
    rows = [replace(row, destination=destination_of(row.url)) for row in rows]
    with database.write() as connection:
        enqueue(connection, rows)
    return rows


@dataclass
class Receiver:
    """A receiver in this process, mounted as crm.embedded. `answers` are given in turn, then 200."""

    clock: Clock
    answers: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    down_until: datetime | None = None
    seen: list[tuple[datetime, str, dict[str, str], Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["POST", "PUT", "PATCH"])
        async def receive(request: Request, path: str) -> Response:
            now = self.clock.now()
            self.raw.append(await request.body())
            self.seen.append((now, path, dict(request.headers), json.loads(self.raw[-1])))
            status = self.answers.pop(0) if self.answers else 200
            if self.down_until is not None and now < self.down_until:
                status = 503
            return Response("thanks " + request.headers.get("authorization", ""), status, headers=self.answer_headers)

        return app

    @property
    def ids(self) -> Counter[str]:
        """How often each webhook-id was seen."""
        return Counter(headers["webhook-id"] for _, _, headers, _ in self.seen)

    @property
    def gaps(self) -> list[float]:
        """Seconds between what was seen."""
        times = [seen[0] for seen in self.seen]
        return [(b - a).total_seconds() for a, b in pairwise(times)]


def worker_for(
    database: Database, clock: Clock, receiver: Receiver | None = None, client: OutgoingClient | None = None, **more: Any
) -> DeliveryWorker:
    """A sender whose client has the receiver at crm.embedded."""
    client = client or OutgoingClient()
    if receiver is not None:
        client.mount("crm.embedded", receiver.app())
    secrets = SecretStore(BOX, {"CRM_TOKEN": TOKEN, "SIGNING": SIGNING})
    return DeliveryWorker(database, **{"clock": clock, "wall": utc_now, "client": client, "secrets": secrets, "ids": Ids(7), **more})
