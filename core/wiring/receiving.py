"""Calls that come in: taken, each in a task of its own."""

from __future__ import annotations

import logging

from core.calls.engine import Engine
from core.calls.inbound import receive_call
from core.contracts.transport import InboundCall
from core.kernel.failures import without_values

__all__ = ["receive_soon"]

log = logging.getLogger(__name__)


def receive_soon(engine: Engine, inbound: InboundCall, transport: str) -> None:
    """Have a call to us taken. It is refused with 500 if that fails."""

    async def receive() -> None:
        try:
            await receive_call(engine, inbound, transport)
        except Exception as error:
            log.error("a call to us was refused, because it could not be taken: %s", without_values(error))
            await inbound.refuse(500, "Server Internal Error")

    task = engine.clock.spawn(receive(), name="a call to us")
    engine.tasks.add(task)
    task.add_done_callback(engine.tasks.discard)
