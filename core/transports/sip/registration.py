"""Registration at a trunk (RFC 3261, 10): so that its inbound calls find us behind an address that it does not know."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from core.kernel.clock import Clock
from core.transports.sip.asking import ask, why_refused
from core.transports.sip.signalling import Peer, Reply, Signalling
from core.transports.sip.standing import Registration

__all__ = ["Registrar", "again_after", "granted"]

log = logging.getLogger(__name__)

_WANTED = 600
_AGAIN = 30.0
"""Seconds after which a trunk that does not answer is asked again; after refusals twice as long each time."""
_LONGEST = 600.0
_SHORTEST = 1.0


def granted(headers: Mapping[str, str], otherwise: int = _WANTED) -> int:
    """For how many seconds a registration was granted, by the answer's headers (names in small letters). Pure."""
    if found := re.search(r";\s*expires\s*=\s*\"?([0-9]{1,9})", headers.get("contact", ""), re.IGNORECASE):
        return int(found[1])
    expires = headers.get("expires", "").strip()
    return int(expires) if expires.isascii() and expires.isdigit() else otherwise


def again_after(reply: Reply, refusals: int, left: float) -> float:
    """After how many seconds a registration that was not granted is tried again. Pure.

    Args:
        reply: the answer.
        refusals: how often in a row it was refused, this time with them; one that was not answered does not count.
        left: for how many seconds the registration before is still good.
    """
    asked = reply.headers.get("retry-after", "").strip().split(";")[0].split("(")[0].strip()
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return min(float(asked), _LONGEST)
    wait = min(_AGAIN * float(2 ** min(max(refusals - 1, 0), 10)), _LONGEST)
    return max(min(wait, left / 2), _SHORTEST) if left > 0 else wait


def _minimum(reply: Reply) -> int | None:
    """The shortest registration that a 423 names, if it is one that can be asked for."""
    named = reply.headers.get("min-expires", "").strip()
    return int(named) if reply.status == 423 and named.isascii() and named.isdigit() and _WANTED < int(named) <= 86_400 else None


class Registrar:
    """Registers one trunk, and again before it runs out.

    Args:
        clock: all waiting is done through it.
        signalling: SIP; the trunk is open there.
        peer: the trunk.
        tell: called with every answer, and at the end.
    """

    def __init__(self, clock: Clock, signalling: Signalling, peer: Peer, tell: Callable[[Registration], None] = lambda _: None) -> None:
        self._clock, self._signalling, self._peer, self._tell = clock, signalling, peer, tell
        self._task: asyncio.Task[None] | None = None
        self._wanted, self._refusals = _WANTED, 0
        self._standing = Registration(clock.now())

    @property
    def registered(self) -> bool:
        """Whether the trunk knows where we are now."""
        return self._standing.state(self._clock.now()) == "registered"

    def start(self) -> None:
        """Begin."""
        self._task = self._clock.spawn(self._keep(), name=f"registration of trunk {self._peer.name}")

    async def stop(self) -> None:
        """Register no more; the trunk is told."""
        if self._task is not None:
            self._clock.cancel(self._task)
            await self._clock.join(self._task)
        if self.registered:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(2.0):
                    await self._register(0)
        self._stands(Registration(self._clock.now(), None, "it was taken back, because the process ended or the trunk was changed"))

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(await self._once())

    async def _once(self) -> float:
        """Register. Returns the seconds until the next time."""
        reply = await self._register(self._wanted)
        if (longer := _minimum(reply)) is not None and longer > self._wanted:
            self._wanted = longer
            reply = await self._register(longer)
        now, seconds = self._clock.now(), granted(reply.headers, self._wanted)
        if 200 <= reply.status < 300 and seconds > 0:
            if not self.registered:
                log.info("the trunk %s has registered us", self._peer.name)
            self._refusals = 0
            self._stands(Registration(now, now + timedelta(seconds=seconds)))
            return max(seconds * 0.8, _SHORTEST)
        if not reply.from_us:
            self._refusals += 1
        until = self._standing.expires_at
        left = (until - now).total_seconds() if until else 0.0
        wait, said = again_after(reply, self._refusals, left), _in_words(reply)
        log.warning("the trunk %s has not registered us: %s; again in %.0f s", self._peer.name, said, wait)
        self._stands(Registration(now, until if left > 0 else None, said))
        return wait

    def _stands(self, standing: Registration) -> None:
        self._standing = standing
        self._tell(standing)

    async def _register(self, seconds: int) -> Reply:
        return await ask(self._signalling, self._clock, self._peer, "REGISTER", (("Expires", str(seconds)),))


def _in_words(reply: Reply) -> str:
    if reply.from_us:
        return "it does not answer"
    if 200 <= reply.status < 300:
        return f"it answers {reply.status} {reply.phrase}, and grants no time"
    return f"it answers {reply.status} {reply.phrase}. {why_refused(reply)}".strip()
