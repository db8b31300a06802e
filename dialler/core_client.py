"""The core as the dialler sees it: its public HTTP contract, and nothing else.

The same client works in one process (httpx over ASGITransport) and over a URL. Whatever it does, any backend with an API
key can do too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

import httpx

from core.kernel.clock import Clock
from core.kernel.purposes import Purpose

__all__ = ["CoreClient", "CoreUnreachable", "Fleet", "LeadRefused", "Misconfigured", "Placed", "TryLater"]

_CAMPAIGNS_FAULT = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 426})
"""Statuses about what all leads share: the key, the account, the bot, the address."""
_LEADS_FAULT = frozenset({400, 413, 414, 422, 431, 451})
"""Statuses about this one request, so about this lead. What is in neither set says nothing of what was done."""
_CAMPAIGNS_FIELDS = frozenset({"bot_id", "from_number", "purpose", "promised_callback", "calling_window", "Idempotency-Key"})
"""Fields of a dialout that are the same for all leads, or made by the dialler."""
_OVER = frozenset({200, 202, 204, 404, 409, 410})
"""Statuses of a cancel request that mean that the call has ended or is ending."""

_ASKED_TOO_OFTEN = timedelta(seconds=30)
"""How long it is not asked again if the core does not say."""
_CALLS_AT_ONCE = 100
"""Most calls that one request about deliveries may name."""


class CoreUnreachable(Exception):
    """The core did not answer, or not in a way that says what it did: whether it acted is not known."""


@dataclass(frozen=True)
class Placed:
    """The call left for the network."""

    call_id: str


@dataclass(frozen=True)
class TryLater:
    """Refused, nothing placed; it could work at `retry_at` (None: nobody knows)."""

    reason: str
    detail: str
    retry_at: datetime | None


@dataclass(frozen=True)
class LeadRefused:
    """Refused for good because of this lead: its number is `suppressed` or not dialable, or the rest of its `request` is no use."""

    cause: Literal["suppressed", "number", "request"]
    detail: str


@dataclass(frozen=True)
class Misconfigured:
    """Refused for a reason that every lead of the campaign shares: the key, the bot, the caller ID."""

    detail: str


@dataclass(frozen=True)
class Fleet:
    """Capacity: calls that can be placed now, and what the calls in progress are doing.

    `ask_again_at` is set if the core did not tell, for it was asked too often. `held`: why no call goes out on the trunk
    now; empty if the core does not tell.
    """

    available: int
    calls: int
    max: int
    by_state: dict[str, int]
    ask_again_at: datetime | None = None
    held: str | None = None


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
        self,
        bot_id: str,
        to_number: str,
        variables: dict[str, Any],
        attempt_id: str,
        *,
        purpose: Purpose | None = None,
        promised_callback: bool = False,
        calling_window: dict[str, Any] | None = None,
    ) -> Placed | TryLater | LeadRefused | Misconfigured:
        """Place a call for an attempt. Repeating it for the same attempt places no second call.

        Args:
            bot_id: the bot.
            to_number: whom to call.
            variables: the lead's.
            attempt_id: the Idempotency-Key.
            purpose: what the call is for; None: as the bot says.
            promised_callback: whether the callee asked to be called now.
            calling_window: when the campaign calls, for callbacks that are promised in the call.

        Raises:
            CoreUnreachable: if it is not known whether the call was placed.
        """
        body: dict[str, Any] = {"bot_id": bot_id, "to_number": to_number, "variables": variables}
        if purpose is not None:
            body["purpose"] = purpose
        if promised_callback:
            body["promised_callback"] = True
        if calling_window is not None:
            body["calling_window"] = calling_window
        response = await self._send("POST", "/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": attempt_id})
        if response.status_code == 200:
            return Placed(_text(_object(response), "call_id"))
        problem = self._problem(response)
        detail = str(problem.get("detail") or f"The core answered {response.status_code}.")
        match response.status_code:
            case 422:
                return await self._refused(_codes(problem), detail, attempt_id)
            case status if status in _LEADS_FAULT:
                return LeadRefused("request", detail)
            case 503 if "reason" in problem:  # without one it is not the core that answers, but something in between
                return TryLater(str(problem["reason"]), detail, self._moment(problem, response))
            case 429:
                return TryLater("no_capacity", detail, self._moment(problem, response))
            case status if status in _CAMPAIGNS_FAULT:
                return Misconfigured(detail)
        raise CoreUnreachable(f"the core answered {response.status_code} to a dialout")

    async def fleet(self, bot_id: str) -> Fleet:
        """The capacity for this bot.

        If the core refuses to say, because of the key or the bot, it is one call: its dialout then tells what is wrong.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", "/health/fleet", params={"bot_id": bot_id})
        if response.status_code in _CAMPAIGNS_FAULT:
            return Fleet(1, 0, 1, {})
        if response.status_code == 429:
            return Fleet(0, 0, 0, {}, self._moment({}, response) or self._clock.now() + _ASKED_TOO_OFTEN)
        body = _answered(response, "the question for its capacity")
        try:
            return Fleet(
                int(body["fleet_available"]),
                int(body["fleet_calls"]),
                int(body["fleet_max"]),
                dict(body.get("calls_by_state", {})),
                held=body.get("held", ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CoreUnreachable("the core's answer to the question for its capacity cannot be read") from error

    async def call_of_attempt(self, attempt_id: str) -> dict[str, Any] | None:
        """The call that was placed for an attempt; None if the core has none.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", "/api/v1/calls", params={"idempotency_key": attempt_id, "limit": 1})
        calls = _answered(response, "the question for a call").get("calls")
        if not isinstance(calls, list) or not all(isinstance(call, dict) and "call_id" in call for call in calls):
            raise CoreUnreachable("the core's answer to the question for a call cannot be read")
        return calls[0] if calls else None

    async def call(self, call_id: str) -> dict[str, Any] | None:
        """A call by its id; None if the core knows none.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", f"/api/v1/calls/{quote(call_id, safe='')}")
        if response.status_code == 404:
            return None
        call = _answered(response, "the question for a call")
        if "call_id" not in call or "result" not in call:
            raise CoreUnreachable("the core's answer to the question for a call cannot be read")
        return call

    async def cancel(self, call_id: str) -> None:
        """End a call; one that is over, or that there is not, stays as it is.

        Raises:
            CoreUnreachable: if it is not known whether the call will end: the core failed, or would not. Ask again.
        """
        response = await self._send("POST", f"/api/v1/calls/{quote(call_id, safe='')}/cancel")
        if response.status_code not in _OVER:
            raise CoreUnreachable(f"the core answered {response.status_code} to the wish to end a call")

    async def knows_bot(self, bot_id: str) -> bool:
        """Whether there is such a bot, and the key may use it.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        response = await self._send("GET", f"/api/v1/bots/{quote(bot_id, safe='')}/availability")
        if response.status_code in {404, 422}:
            return False
        _answered(response, "the question for a bot")
        return True

    async def deliveries(self, call_ids: Sequence[str], kind: str) -> list[dict[str, Any]]:
        """The deliveries of one kind that the calls have made.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        found: list[dict[str, Any]] = []
        for first in range(0, len(call_ids), _CALLS_AT_ONCE):
            params: dict[str, Any] = {"call_id": list(call_ids[first : first + _CALLS_AT_ONCE]), "kind": kind, "limit": 500}
            while True:
                body = _answered(await self._send("GET", "/api/v1/deliveries", params=params), "the question for deliveries")
                page = body.get("deliveries")
                if not isinstance(page, list) or not all(isinstance(one, dict) and "call_id" in one for one in page):
                    raise CoreUnreachable("the core's answer to the question for deliveries cannot be read")
                found += page
                if not body.get("next_cursor"):
                    break
                params["cursor"] = body["next_cursor"]
        return found

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        """Have the dead deliveries of one kind of these calls sent again. Returns how many there were.

        Raises:
            CoreUnreachable: if it did not answer.
        """
        replayed = 0
        for first in range(0, len(call_ids), _CALLS_AT_ONCE):
            body = {"call_ids": list(call_ids[first : first + _CALLS_AT_ONCE]), "kind": kind}
            answer = _answered(await self._send("POST", "/api/v1/deliveries/replay", json=body), "the wish to replay deliveries")
            replayed += int(answer.get("replayed", 0))
        return replayed

    async def _refused(self, codes: dict[str, str], detail: str, attempt_id: str) -> Placed | LeadRefused | Misconfigured:
        """What a 422 means, by its fields."""
        if codes.get("Idempotency-Key") == "key_reused":  # the lead has changed since its call was placed
            call = await self.call_of_attempt(attempt_id)
            if call is None:
                raise CoreUnreachable("the core has a call for an attempt, and does not show it")
            return Placed(str(call["call_id"]))
        if _CAMPAIGNS_FIELDS & set(codes):
            return Misconfigured(detail)
        if "to_number" in codes:
            return LeadRefused("suppressed" if codes["to_number"] == "suppressed" else "number", detail)
        return LeadRefused("request", detail)

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

    def _moment(self, problem: dict[str, Any], response: httpx.Response) -> datetime | None:
        """When it could work.

        For a closed bot that is when it opens, not when this callee may be called, too: the other callees may be sooner.
        """
        try:
            opens_at = datetime.fromisoformat(str(problem.get("opens_at")))
        except ValueError:
            opens_at = None
        if opens_at is not None and opens_at.tzinfo is not None:
            return opens_at
        seconds = response.headers.get("Retry-After", "")
        return self._clock.now() + timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


def _answered(response: httpx.Response, what: str) -> dict[str, Any]:
    """The body of a 200."""
    if response.status_code != 200:
        raise CoreUnreachable(f"the core answered {response.status_code} to {what}")
    return _object(response)


def _object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a body."""
    try:
        body = response.json()
    except ValueError as error:
        raise CoreUnreachable("the core's answer is no JSON: is this the address of a core?") from error
    if not isinstance(body, dict):
        raise CoreUnreachable("the core's answer is no JSON object: is this the address of a core?")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise CoreUnreachable(f"the core's answer has no {name}: is this the address of a core?")
    return value


def _codes(problem: dict[str, Any]) -> dict[str, str]:
    """The bad fields of a problem, each with its code."""
    errors = problem.get("errors")
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return {str(error.get("field")): str(error.get("code")) for error in found}
