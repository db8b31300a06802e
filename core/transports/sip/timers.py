"""Session timers (RFC 4028). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["SHORTEST", "SessionTimer", "longer", "reply_timer", "timer_of_answer", "too_short"]

SHORTEST = 90
"""The shortest session that we agree to when they ask, in seconds (RFC 4028, 5). What they decide is taken as it is."""
_LEAST = 2  # whatever they decide: refreshing must not become all that is done
_HEADER = re.compile(r"\s*([0-9]{1,9})\s*(?:;(.*))?")


@dataclass(frozen=True)
class SessionTimer:
    """A call that must be refreshed every `seconds`: by us, or by them."""

    seconds: int
    we_refresh: bool

    @property
    def due(self) -> float:
        """When, in seconds: our refresh, at half of the time; or the end of a call that they have not refreshed."""
        return self.seconds / 2 if self.we_refresh else self.seconds - min(32, self.seconds / 3)


def _parse(header: str) -> tuple[int, Literal["uac", "uas"] | None] | None:
    match = _HEADER.fullmatch(header)
    if match is None or int(match[1]) <= 0:
        return None
    refresher = re.search(r"(?:^|;)\s*refresher\s*=\s*(uac|uas)", (match[2] or "").lower())
    return int(match[1]), None if refresher is None else ("uac" if refresher[1] == "uac" else "uas")


def timer_of_answer(header: str) -> SessionTimer | None:
    """What the Session-Expires header of an answer to our request asks; None if it asks nothing."""
    found = _parse(header)
    return None if found is None else SessionTimer(max(found[0], _LEAST), we_refresh=found[1] != "uas")


def too_short(header: str, *, they_can: bool) -> bool:
    """Whether the Session-Expires of their request is to be refused with 422: a peer without timers would not understand it."""
    found = _parse(header)
    return they_can and found is not None and found[0] < SHORTEST


def longer(timer: SessionTimer, min_se: str) -> SessionTimer | None:
    """What to ask after a 422 with this Min-SE; None if it says nothing of use."""
    found = _parse(min_se)
    return None if found is None or found[0] <= timer.seconds else SessionTimer(found[0], timer.we_refresh)


def reply_timer(header: str, *, they_can: bool) -> tuple[SessionTimer, str] | None:
    """What their request asks, and the header of our answer; None if it asks nothing.

    Args:
        header: its Session-Expires.
        they_can: whether its Supported has `timer`: then they refresh, unless they want us to.
    """
    found = _parse(header)
    if found is None:
        return None
    we = found[1] == "uas" or not they_can
    seconds = max(found[0], SHORTEST)
    return SessionTimer(seconds, we), f"{seconds};refresher={'uas' if we else 'uac'}"
