"""Whose packets belong to a call, among those that come from the right address. Pure.

The first stream that is heard is the call's: its port (behind a NAT not the one that was written) and its SSRC. Another is
taken only once that one has been silent for a while, as when a carrier goes from its ringback to the callee; or at once if it
comes from the port that was written, and the present one does not.
"""

from __future__ import annotations

__all__ = ["Source"]

_GONE_TICKS = 5
"""Ticks of 20 ms without a packet after which another stream may take over."""


class Source:
    """The stream of one call.

    Args:
        port: the one that the session description names.
    """

    def __init__(self, port: int) -> None:
        self._written = port
        self._stream: tuple[int, int] | None = None
        self._quiet = 0

    def tick(self) -> None:
        """20 ms have passed."""
        self._quiet += 1

    def takes(self, port: int, ssrc: int) -> bool:
        """Whether a packet from this port, of this stream, belongs to the call."""
        if self._stream != (port, ssrc):
            better = self._stream is not None and port == self._written != self._stream[0]
            if self._stream is not None and self._quiet <= _GONE_TICKS and not better:
                return False
            self._stream = (port, ssrc)
        self._quiet = 0
        return True
