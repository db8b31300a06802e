"""A core for tests of the dialler: its HTTP contract, answered from memory by the rules that a test sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.kernel.clock import Clock
from dialler.core_client import CoreClient
from tests.support import result_of

__all__ = ["FakeCore"]

Answer = Callable[[], httpx.Response]


@dataclass
class FakeCore:
    """Places each Idempotency-Key once.

    `dialouts` are the keys that it was asked to dial, in order, repeats included; `calls` what it placed, by key. What
    stands in `answers` is given, one a dialout, after the call was placed, in place of the true answer; what stands in
    `refusals` in place of placing it, and what stands in `of_number`, for that number, every time. While `down` nothing
    is answered.
    """

    available: int = 5
    seats: int = 5
    down: bool = False
    held: str | None = "untold"
    """Why no call goes out on the trunk, as its fleet health says; `untold`: that has no such field."""
    dialouts: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    refusals: list[Answer] = field(default_factory=list)
    of_number: dict[str, Answer] = field(default_factory=dict)
    of_cancels: list[Answer] = field(default_factory=list)
    on_dialout: Callable[[str], None] = lambda _: None

    def client(self, clock: Clock) -> CoreClient:
        """A client of this core."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://core.test")
        return CoreClient(http, "key", clock)

    def end(self, key: str, **more: Any) -> dict[str, Any]:
        """The call of that key has ended, with that result."""
        self.calls[key]["result"] = result_of(key, session_id=self.calls[key]["call_id"], **more)
        return dict(self.calls[key]["result"])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        match request.method, request.url.path.split("/")[1:]:
            case "GET", ["health", "fleet"]:
                held = {} if self.held == "untold" else {"held": self.held}
                return httpx.Response(200, json={"fleet_available": self.available, "fleet_calls": 0, "fleet_max": self.seats, **held})
            case "POST", ["api", "v1", "sip", "dialout"]:
                return self._dialout(request)
            case "GET", ["api", "v1", "calls"]:
                found = self.calls.get(request.url.params["idempotency_key"])
                return httpx.Response(200, json={"calls": [found] if found else [], "next_cursor": None})
            case "GET", ["api", "v1", "calls", call_id]:
                call = next((call for call in self.calls.values() if call["call_id"] == call_id), None)
                return httpx.Response(200, json=call) if call else httpx.Response(404, json={"detail": "no such call"})
            case "POST", ["api", "v1", "calls", call_id, "cancel"]:
                if self.of_cancels:
                    return self.of_cancels.pop(0)()
                self.cancelled.append(call_id)
                return httpx.Response(200, json={})
        return httpx.Response(404, json={"detail": "no such path"})

    def _dialout(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["Idempotency-Key"]
        self.dialouts.append(key)
        self.on_dialout(key)
        if key not in self.calls:
            if self.refusals:
                return self.refusals.pop(0)()
            number = json.loads(request.content)["to_number"]
            if number in self.of_number:
                return self.of_number[number]()
            self.calls[key] = {"call_id": f"call-of-{key}", "to_number": number, "idempotency_key": key, "state": "ringing", "result": None}
        if self.answers:
            return self.answers.pop(0)()
        return httpx.Response(200, json={"status": "ok", "call_id": self.calls[key]["call_id"]})
