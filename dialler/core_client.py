"""The core as the dialler sees it: its public HTTP contract, and nothing else.

The same client works in one process (httpx over ASGITransport) and over a URL. Whatever it does, any backend with an API
key can do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from core.kernel.clock import Clock

__all__ = ["CoreClient", "CoreUnreachable", "Fleet", "Misconfigured", "NotNow", "NumberRefused", "Placed"]


class CoreUnreachable(Exception):
    """The core did not answer, or not in a way that says what it did: whether it acted is not known."""


@dataclass(frozen=True)
class Placed:
    """The call left for the network."""

    call_id: str


@dataclass(frozen=True)
class NotNow:
    """Refused, nothing placed; it could work at `retry_at` (None: nobody knows)."""

    reason: str
    detail: str
    retry_at: datetime | None


@dataclass(frozen=True)
class NumberRefused:
    """Refused for good because of the number: `suppressed`, or not dialable."""

    suppressed: bool
    detail: str


@dataclass(frozen=True)
class Misconfigured:
    """Refused for a reason that every lead of the campaign shares: the key, the bot, the caller ID."""

    detail: str


@dataclass(frozen=True)
class Fleet:
    """Capacity: calls that can be placed now, and what the calls in progress are doing."""

    available: int
    calls: int
    max: int
    by_state: dict[str, int]


class CoreClient:
    """Calls the core.

    Args:
        http: a client whose base URL is the core's.
        api_key: a dialout key.
        clock: for Retry-After.
    """

    def __init__(self, http: httpx.AsyncClient, api_key: str, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._headers = {"X-API-Key": api_key}

    async def dialout(
        self, bot_id: str, to_number: str, variables: dict[str, Any], attempt_id: str
    ) -> Placed | NotNow | NumberRefused | Misconfigured:
        """Place a call for an attempt. Repeating it for the same attempt places no second call.

        Raises:
            CoreUnreachable: if it is not known whether the call was placed.
        """
        body = {"bot_id": bot_id, "to_number": to_number, "variables": variables}
        response = await self._send("POST", "/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": attempt_id})
        if response.status_code == 200:
            return Placed(response.json()["call_id"])
        problem = self._problem(response)
        detail = str(problem.get("detail") or f"The core answered {response.status_code}.")
        if response.status_code == 422:
            fields = {e.get("field"): e.get("code") for e in problem.get("errors", [])}
            if set(fields) == {"to_number"}:
                return NumberRefused(fields["to_number"] == "suppressed", detail)
            return Misconfigured(detail)
        if response.status_code in {429, 503}:
            return NotNow(str(problem.get("reason") or "no_capacity"), detail, self._retry_at(response))
        if response.status_code in {401, 403, 404}:
            return Misconfigured(detail)
        raise CoreUnreachable(f"the core answered {response.status_code} to a dialout")

    async def fleet(self, bot_id: str) -> Fleet:
        """The capacity for this bot.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", "/health/fleet", params={"bot_id": bot_id})
        if response.status_code != 200:
            raise CoreUnreachable(f"the core answered {response.status_code} to the question for its capacity")
        body = response.json()
        return Fleet(body["fleet_available"], body["fleet_calls"], body["fleet_max"], body.get("calls_by_state", {}))

    async def call_of_attempt(self, attempt_id: str) -> dict[str, Any] | None:
        """The call that was placed for an attempt; None if the core has none.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", "/api/v1/calls", params={"idempotency_key": attempt_id, "limit": 1})
        if response.status_code != 200:
            raise CoreUnreachable(f"the core answered {response.status_code} to the question for a call")
        calls: list[dict[str, Any]] = response.json()["calls"]
        return calls[0] if calls else None

    async def cancel(self, call_id: str) -> None:
        """End a call; one that is over stays as it is.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        await self._send("POST", f"/api/v1/calls/{call_id}/cancel")

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self._headers | more.pop("headers", {})
        try:
            return await self._http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise CoreUnreachable(f"the core could not be reached: {type(error).__name__}") from error

    @staticmethod
    def _problem(response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def _retry_at(self, response: httpx.Response) -> datetime | None:
        seconds = response.headers.get("Retry-After", "")
        return self._clock.now() + timedelta(seconds=int(seconds)) if seconds.isdigit() else None
