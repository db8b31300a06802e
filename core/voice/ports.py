"""The protocols between audio transports and speech providers. Sound is 16-bit PCM, 8 kHz, mono."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.contracts.transport import Answered, Digit, Failed, HungUp, Leg, PlaceOrder, Ringing, TransferOutcome

__all__ = [
    "FRAME",
    "FRAME_SECONDS",
    "RATE",
    "AudioEnd",
    "AudioEvent",
    "AudioLeg",
    "BufferedAudioLeg",
    "Frame",
    "Speech",
    "Voice",
]

RATE = 8000
"""Samples a second."""
FRAME = 160
"""Samples in a frame."""
FRAME_SECONDS = FRAME / RATE
Frame = NDArray[np.int16]
"""Sound: 16-bit samples, one dimension; a frame has `FRAME` of them."""

AudioEvent = Ringing | Answered | Failed | Digit | HungUp
"""The events of an audio leg."""


class Voice(Protocol):
    """Speech synthesis and recognition by one provider or a pair of them. One serves many calls at once."""

    def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        """The words as sound, in pieces of any length, as they become ready.

        Raises:
            VoiceError: the provider failed.
        """

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        """The words of one utterance. The sound starts when the speaker starts, and ends when the speaker stops.

        Returns "" if it contained no words.

        Raises:
            VoiceError: the provider failed.
        """


class AudioEnd(Protocol):
    """Our end of a call's audio, as seen by the transport."""

    def exchange(self, heard: Frame) -> Frame | None:
        """Called every 20 ms in the transport's media thread: takes a frame from the callee, returns the one to send.

        None is silence. It must never block.
        """


class AudioLeg(Protocol):
    """The callee's end of a call that carries sound. All methods except `run_soon` are called in the event loop's thread."""

    def run_soon(self, function: Callable[[], None]) -> None:
        """Call a function in the event loop's thread. Callable from any thread; does nothing once the loop is closed."""

    async def next(self, timeout: float | None = None) -> AudioEvent | None:
        """The next event; None if nothing happened for `timeout` clock seconds."""

    def connect(self, end: AudioEnd) -> None:
        """Start exchanging sound with this end."""

    def press(self, keys: str) -> None:
        """Send phone keys (DTMF, RFC 4733)."""

    async def hang_up(self, reason: str = "") -> None:
        """End the call: CANCEL before the answer, BYE after it. Safe at any time, any number of times."""

    async def transfer(self, destination: str) -> TransferOutcome:
        """Transfer the callee."""


@runtime_checkable
class BufferedAudioLeg(Protocol):
    """An audio leg whose other side buffers our sound before playing it."""

    def clear(self) -> None:
        """The callee interrupted: discard our audio that has not been played. Called in the event loop's thread."""


Speech = Callable[[PlaceOrder], Callable[[AudioLeg], Leg]]
"""Makes the leg of a conversation for a transport of sound.

Called with the order before anything is sent: it chooses the voice, or raises `VoiceUnavailable` if there is none for this call. The
function it returns is called once, with the audio leg.
"""
