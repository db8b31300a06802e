"""Calls of a dead process that the other side still takes for alive: ended on the wire, from what their events keep of them.

Only if the process is proven dead: on this machine that can be seen. One elsewhere that was not heard of may live and talk.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.calls.engine import Engine
from core.calls.store import EventLog
from core.contracts.transport import EndsLeftovers
from core.kernel.failures import without_values
from core.kernel.processes import ProcessIdentity, is_dead

__all__ = ["LEFTOVER", "Leftover", "end_on_the_wire", "kept_in"]

log = logging.getLogger(__name__)

LEFTOVER: Final = "dialog"
"""Under this name the events `rang` and `answered` keep what ends the call from another process."""


@dataclass(frozen=True)
class Leftover:
    """A call that was taken over while it rang or talked, and what was kept of it."""

    transport: str
    trunk: str
    kept: dict[str, Any]
    process: ProcessIdentity
    events: EventLog


def kept_in(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any] | None:
    """What the events of a call keep of its dialog: the latest. Pure."""
    found = None
    for kind, data in events:
        if kind in {"rang", "answered"} and isinstance(data.get(LEFTOVER), dict):
            found = data[LEFTOVER]
    return found


async def end_on_the_wire(engine: Engine, leftover: Leftover) -> None:
    """Tell the other side that the call is over, if that can be done; it is noted among the call's events. Never raises."""
    transport = engine.transports.get(leftover.transport)
    if not isinstance(transport, EndsLeftovers) or not is_dead(leftover.process):
        return
    try:
        await transport.end_leftover(leftover.trunk, leftover.kept)
    except Exception as error:  # its record is finished all the same; the other side notices by itself
        log.warning("call %s of a dead process could not be ended on the wire: %s", leftover.events.call_id, without_values(error))
    else:
        request = str(leftover.kept.get("request", "")).partition(" ")[0]
        leftover.events.add(engine.clock.now(), "ended_on_the_wire", {"request": request})
