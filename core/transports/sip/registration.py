"""Registration at a trunk (RFC 3261, 10): so that its inbound calls find us behind an address that it does not know."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping

from core.kernel.clock import Clock
from core.transports.sip.asking import ask
from core.transports.sip.signalling import Peer, Reply, Signalling

__all__ = ["Registrar", "granted"]

log = logging.getLogger(__name__)

_WANTED = 600
_AGAIN = 30.0
_SHORTEST = 20.0


def granted(headers: Mapping[str, str], otherwise: int = _WANTED) -> int:
    """For how many seconds a registration was granted, by the answer's headers (names in small letters). Pure."""
    if found := re.search(r";\s*expires\s*=\s*\"?([0-9]{1,9})", headers.get("contact", ""), re.IGNORECASE):
        return int(found[1])
    expires = headers.get("expires", "").strip()
    return int(expires) if expires.isascii() and expires.isdigit() else otherwise


class Registrar:
    """Registers one trunk, and again before it runs out.

    Args:
        clock: all waiting is done through it.
        signalling: SIP; the trunk is open there.
        peer: the trunk.
    """

    def __init__(self, clock: Clock, signalling: Signalling, peer: Peer) -> None:
        self._clock, self._signalling, self._peer = clock, signalling, peer
        self._task: asyncio.Task[None] | None = None
        self.registered = False
        """Whether the trunk knows where we are now."""

    def start(self) -> None:
        """Begin."""
        self._task = self._clock.spawn(self._keep(), name=f"registration of trunk {self._peer.name}")

    async def stop(self) -> None:
        """Register no more; the trunk is told."""
        if self._task is not None:
            self._clock.cancel(self._task)
            await self._clock.join(self._task)
        if self.registered:
            self.registered = False
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(2.0):
                    await self._register(0)

    async def _keep(self) -> None:
        while True:
            reply = await self._register(_WANTED)
            if 200 <= reply.status < 300:
                if not self.registered:
                    log.info("the trunk %s has registered us", self._peer.name)
                self.registered = True
                await self._clock.sleep(max(granted(reply.headers) * 0.8, _SHORTEST))
                continue
            self.registered = False
            said = "it does not answer" if reply.from_us else f"it answers {reply.status} {reply.phrase}"
            log.warning("the trunk %s has not registered us: %s; again in %.0f s", self._peer.name, said, _AGAIN)
            await self._clock.sleep(_AGAIN)

    async def _register(self, seconds: int) -> Reply:
        return await ask(self._signalling, self._clock, self._peer, "REGISTER", (("Expires", str(seconds)),))
