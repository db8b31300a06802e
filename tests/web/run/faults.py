"""Deaths at exact points: the process kills itself with SIGKILL, as no clean-up can prevent."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

import core.calls.finish
import core.calls.recovery
import core.calls.run
import core.deliveries.worker
import dialler.imports.store
import dialler.scheduler.dispatch
import web.run.session
from core.calls.event_log import EventLog
from core.calls.run import CallRun
from core.deliveries.claims import Claimed
from core.deliveries.worker import DeliveryWorker
from core.kernel.journal import Journal
from core.transports.sandbox import SandboxTransport
from dialler.core_client import CoreClient
from dialler.leads.placements import write_placements

__all__ = ["POINTS", "install"]


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def _before(holder: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die on the call of a function."""
    original = getattr(holder, name)

    @functools.wraps(original)
    def dying(*args: Any, **more: Any) -> Any:
        if when(*args, **more):
            die()
        return original(*args, **more)

    setattr(holder, name, dying)


def _after(holder: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die when a function has done its work."""
    original = getattr(holder, name)

    @functools.wraps(original)
    def dying(*args: Any, **more: Any) -> Any:
        result = original(*args, **more)
        if when(*args, **more):
            die()
        return result

    setattr(holder, name, dying)


def _after_awaiting(holder: Any, name: str) -> None:
    original = getattr(holder, name)

    @functools.wraps(original)
    async def dying(*args: Any, **more: Any) -> Any:
        await original(*args, **more)
        die()

    setattr(holder, name, dying)


def _writes(wanted: str) -> Callable[..., bool]:
    """Whether the journal has just written that the call is in that state."""
    return lambda _log, _what, state: state == wanted


def _rings(run: CallRun, event: str, **_: Any) -> bool:
    return event == "rang"


def _carries(kind: str) -> Callable[..., bool]:
    """Whether what happened is that a delivery of that kind arrived."""
    return lambda _, writer, __, entry: writer is not write_placements and isinstance(entry[0], Claimed) and entry[0].kind == kind


def _placed(_journal: Journal, writer: object, *_: Any) -> bool:
    return writer is write_placements


POINTS: dict[str, Callable[[], None]] = {
    "leads staged, not activated": lambda: _before(dialler.imports.store, "activate_leads"),
    "claimed, not sent": lambda: _before(CoreClient, "dialout"),
    "intent committed, INVITE not sent": lambda: _before(SandboxTransport, "place"),
    "INVITE sent, ringing not recorded": lambda: _after_awaiting(SandboxTransport, "place"),
    "ringing, not recorded": lambda: _after(CallRun, "move", _rings),
    "ringing": lambda: _after(EventLog, "_is_written", _writes("ringing")),
    "placed, answer not taken in": lambda: _before(Journal, "add", _placed),
    "talking": lambda: _after(EventLog, "_is_written", _writes("talking")),
    "talked, end not recorded": lambda: _before(CallRun, "_end"),
    "ending, no result made": lambda: _before(core.calls.finish, "build_result"),
    "result written, not committed": lambda: _after(core.calls.run, "conclude"),
    "done, sending not begun": lambda: _before(core.calls.run, "announce"),
    "done, nothing delivered": lambda: _before(DeliveryWorker, "_attempt"),
    "pushed, not recorded": lambda: _before(Journal, "add", _carries("crm_push")),
    "result taken in, not recorded": lambda: _before(Journal, "add", _carries("results_webhook")),
    "all dialled, nothing written": lambda: _before(web.run.session, "write_outputs"),
    "recovered, not finished": lambda: _before(core.calls.recovery, "finish_call"),
}
"""Points of death by name, each with what installs it."""


def install(fault: str) -> None:
    """Install a fault by its name; none for an empty one."""
    if fault:
        POINTS[fault]()
