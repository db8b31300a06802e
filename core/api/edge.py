"""Around every request: one line in the log without a number in it, and no exception that escapes.

A server's own access log has paths and query strings in it, and these have phone numbers; so it is to be off, and this
line takes its place: the method, the path's template, the status.
"""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.problems import problem
from core.kernel.clock import Clock
from core.kernel.failures import without_values

__all__ = ["Edge"]

log = logging.getLogger("core.api")

_FAILED = (
    "Something failed on our side, and it is not known what was done before it did. A dialout is safe to repeat under the "
    "same Idempotency-Key."
)


class Edge:
    """ASGI middleware.

    Args:
        app: what it is put around.
        clock: virtual time stands still while a request is answered.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with self._clock.hold():
                if b"%00" in scope.get("query_string", b""):  # no database takes it, and nobody means it
                    await problem(422, "The query has a NUL character in it.")(scope, receive, watched)
                elif "\x00" in scope["path"]:
                    await problem(404, "There is nothing at this path.")(scope, receive, watched)
                else:
                    await self._app(scope, receive, watched)
        except Exception as error:
            log.error("%s %s failed: %s", scope["method"], _path(scope), without_values(error))
            if status:
                raise  # the answer has begun: only the server can break it off
            await problem(500, _FAILED)(scope, receive, watched)
        finally:
            log.info("%s %s %d", scope["method"], _path(scope), status)


def _path(scope: Scope) -> str:
    """The template of the path, such as `/api/v1/calls/{call_id}`."""
    return str(getattr(scope.get("route"), "path", "(an unknown path)"))
