"""The sound of one call, as the media thread sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from core.transports.websocket.arrivals import Arrivals
from core.voice.media_thread import TICK
from core.voice.ports import FRAME, AudioEnd, Frame

__all__ = ["WebSocketSession"]

_QUIET: Final[Frame] = np.zeros(FRAME, dtype=np.int16)


class WebSocketSession:
    """A `TickedSession`: what came is taken from `arrivals`, what is to go out is handed to `send`.

    Args:
        send: takes a frame of ours; called in the media thread, so it must not block.
        on_silence: called once in the media thread when nothing has come for `timeout` seconds.
        timeout: in seconds; 0: never.
    """

    def __init__(self, send: Callable[[Frame], None], on_silence: Callable[[], None], timeout: float) -> None:
        self.end: AudioEnd | None = None
        self.arrivals = Arrivals()
        self._send, self._on_silence = send, on_silence
        self._heard_of = True  # set when sound comes, whatever is in it
        self._unheard, self._most_unheard = 0, round(timeout / TICK)

    @property
    def silent_seconds(self) -> float:
        """How long nothing has come."""
        return self._unheard * TICK

    def put(self, sound: Frame) -> None:
        """Sound that came. In the event loop's thread."""
        if len(sound):
            self._heard_of = True
            self.arrivals.put(sound)

    def tick(self) -> None:
        """Exchange 20 ms."""
        self._unheard = 0 if self._heard_of else self._unheard + 1
        self._heard_of = False
        if self._unheard and self._unheard == self._most_unheard:
            self._on_silence()
        heard = self.arrivals.take()
        if self.end is None:
            return
        ours = self.end.exchange(_QUIET if heard is None else heard)
        if ours is not None:
            self._send(ours)

    def close(self) -> None:
        """It is served no longer."""
        self.end = None
