"""The health of other systems' endpoints: one warning when one fails, one message when it recovers, one when a push to it is given up.

Health belongs to an endpoint, not to a request: a CRM that is down for an hour is one line in the log, whatever the number of pushes.
Rules:

* no reply, a status about the server or the credentials (3xx, 401, 403, 429, 5xx ...), a request that cannot be built (a missing
  secret): the endpoint fails at the first one;
* a status that may be about one request (400, 404, 409, 413, 415, 422): it fails at the third in a row;
* 2xx: it works.

A reply to a request that began before the last change is ignored. An endpoint that comes and goes is logged at most three times in ten
minutes.

Endpoints are named by host and port, or alias: paths, queries and credentials may contain data that must not be logged.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Endpoint", "EndpointWatch", "Standing", "destination_of"]

log = logging.getLogger(__name__)

_OF_ONE_REQUEST = frozenset({400, 404, 409, 413, 415, 422})
_IN_A_ROW = 3
_TOLD, _WITHIN = 3, 600.0
"""Most warnings of one kind about one endpoint, and the real seconds in which they are counted."""


def destination_of(url: str) -> str:
    """`host:port` of a URL, or the alias. Never fails."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "unreadable"
    return f"{parts.hostname}:{port}" if parts.hostname else url[:255]


class Endpoint(NamedTuple):
    """What is sent, `pushes` or `questions (pre-fetch)`, and where to, as returned by `destination_of`."""

    what: str
    where: str

    def __str__(self) -> str:
        shown = self.where if re.fullmatch(r"[\w.:\-\[\]]{1,255}", self.where) else "an address that cannot be read"
        return f"{self.what} to {shown}"


@dataclass(frozen=True)
class Standing:
    """An endpoint that fails now, or to which pushes were given up; `why` is the last failure."""

    endpoint: str
    failing: bool
    why: str
    failures: int
    given_up: int

    def __str__(self) -> str:
        lost = f"{self.given_up} given up" if self.given_up else ""
        return f"{self.endpoint} {'; '.join(filter(None, ['fail' if self.failing else '', lost]))}: {self.why}"


@dataclass
class _State:
    failing: bool = False
    why: str = ""
    failures: int = 0
    """Failures since it last worked."""
    of_one_request: int = 0
    """Failures in a row that may have been about single requests."""
    since: float = 0.0
    changed: int = 0
    given_up: int = 0
    given_up_told: bool = False
    told: dict[str, deque[float]] = field(default_factory=dict)


class EndpointWatch:
    """The endpoints that one process sends to.

    Args:
        seconds: real time, in seconds.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._states: dict[Endpoint, _State] = {}
        self._count = 0

    def begin(self) -> int:
        """A request begins: pass the number to `answered` or `failed` when it is over."""
        return self._next()

    def answered(self, endpoint: Endpoint, status: int, began: int) -> None:
        """An answer came."""
        if 200 <= status < 300:
            self._worked(endpoint, began)
        else:
            self._failed(endpoint, f"it answered with status {status}", began, surely=status not in _OF_ONE_REQUEST)

    def failed(self, endpoint: Endpoint, why: str, began: int, *, surely: bool = True) -> None:
        """No usable reply came, or the request could not be sent; `why` has no values. Not `surely`: it may concern only this request."""
        self._failed(endpoint, why, began, surely=surely)

    def gave_up(self, endpoint: Endpoint, why: str) -> None:
        """A push was given up: it is not retried automatically."""
        state = self._states.setdefault(endpoint, _State())
        state.given_up += 1
        state.why = why
        if not state.given_up_told and self._may_tell(state, "given up"):
            state.given_up_told = True
            log.warning(
                "%s: one was given up: %s. Others are not logged until one arrives. `dialler deliveries list --state dead` has "
                "them, `dialler deliveries send --dead` sends them again",
                endpoint,
                why,
            )

    def standing(self) -> list[Standing]:
        """The endpoints that fail now, and those to which pushes were given up, by name."""
        found = [
            Standing(str(endpoint), state.failing, state.why, state.failures, state.given_up)
            for endpoint, state in self._states.items()
            if state.failing or state.given_up
        ]
        return sorted(found, key=lambda one: one.endpoint)

    def _failed(self, endpoint: Endpoint, why: str, began: int, *, surely: bool) -> None:
        state = self._states.setdefault(endpoint, _State())
        if began < state.changed and not state.failing:
            return  # sent before it recovered
        state.failures += 1
        state.why = why
        state.of_one_request = state.of_one_request + 1 if not surely else 0
        if state.failing or (not surely and state.of_one_request < _IN_A_ROW) or not self._may_tell(state, "failing"):
            return
        state.failing, state.since, state.changed = True, self._seconds(), self._next()
        often = " It comes and goes: no more of this is logged for ten minutes." if len(state.told["failing"]) == _TOLD else ""
        log.warning("%s fail: %s. Nothing more is logged until they work again.%s", endpoint, why, often)

    def _worked(self, endpoint: Endpoint, began: int) -> None:
        state = self._states.get(endpoint)
        if state is None or began < state.changed:
            return
        if state.failing:
            log.warning("%s work again, after %d failures in %.0f s", endpoint, state.failures, self._seconds() - state.since)
            state.changed = self._next()
        state.failing, state.failures, state.of_one_request, state.given_up_told = False, 0, 0, False

    def _may_tell(self, state: _State, kind: str) -> bool:
        told, now = state.told.setdefault(kind, deque(maxlen=_TOLD)), self._seconds()
        if len(told) == _TOLD and now - told[0] < _WITHIN:
            return False
        while told and now - told[0] >= _WITHIN:
            told.popleft()
        told.append(now)
        return True

    def _next(self) -> int:
        self._count += 1
        return self._count
