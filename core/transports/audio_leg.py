"""What the audio legs of all transports have in common: events in their order, calls from other threads, keys, whose refusal it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from core.contracts.leg_events import LegEvents
from core.contracts.transport import Answered
from core.kernel.clock import Clock
from core.transports.load import NOT_CROWDED, Crowding
from core.transports.sip.reasons import Cause, names_callee, refused_by_trunk
from core.voice.ports import AudioEnd, AudioEvent

__all__ = ["SoundSession", "TransportLeg"]


class SoundSession(Protocol):
    """What exchanges the sound of a call with `end` in the media thread."""

    end: AudioEnd | None


class TransportLeg:
    """The part of an `AudioLeg` that does not depend on its transport.

    Args:
        clock: all waiting is done through it.
        crowding: how full the trunk was when the call left.
    """

    def __init__(self, clock: Clock, crowding: Crowding = NOT_CROWDED) -> None:
        self._clock, self._crowding = clock, crowding
        self._loop = asyncio.get_running_loop()
        self._events: LegEvents[AudioEvent] = LegEvents(clock)
        self._sound: SoundSession | None = None
        self.keys_on_answer = ""
        """Keys that are pressed after the callee has answered: an extension."""
        self.pause_before_keys = 0.0
        """Seconds between the answer and these keys: a switchboard does not listen at once."""

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self._events.final is not None

    def run_soon(self, function: Callable[[], None]) -> None:
        """Call a function in the event loop's thread; from any thread. Nothing happens once the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)

    async def next(self, timeout: float | None = None) -> AudioEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""
        return await self._events.next(timeout)

    def connect(self, end: AudioEnd) -> None:
        """From now on exchange sound with this end. Nothing happens once the call is over."""
        if self._sound is not None and not self.ended:
            self._sound.end = end

    def press(self, keys: str) -> None:
        """Send keys of the phone. Nothing happens where the transport has none."""

    def _put_answer(self) -> None:
        """The callee has answered."""
        self._events.put(Answered())
        if self.keys_on_answer:
            self._clock.spawn(self._press_extension(), name="extension")

    async def _press_extension(self) -> None:
        await self._clock.sleep(self.pause_before_keys)
        if not self.ended:
            self.press(self.keys_on_answer)

    def _whose_refusal(self, status: int, cause: Cause | None, *, rang: bool, by_trunk: bool) -> tuple[bool, bool]:
        """Whether our own trunk refused the call, and whether that says nothing of the trunk's health.

        Args:
            status: the final SIP status.
            cause: the cause that came with it.
            rang: whether ringing was seen.
            by_trunk: whether it is known to have been the trunk.
        """
        full, too_fast = self._crowding
        ours = by_trunk or refused_by_trunk(status, cause, rang=rang, full=full, too_fast=too_fast)
        return ours, full or too_fast or (cause is not None and names_callee(cause))
