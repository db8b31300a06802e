"""What audio transports and speech providers look like to each other. Sound is 16-bit PCM, 8 kHz, mono."""

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
"""Samples of a frame."""
FRAME_SECONDS = FRAME / RATE
Frame = NDArray[np.int16]
"""Sound: 16-bit samples, one dimension; `FRAME` of them where a frame is meant."""

AudioEvent = Ringing | Answered | Failed | Digit | HungUp
"""What can happen on an audio leg."""


class Voice(Protocol):
    """Speech synthesis and recognition of one provider or pair of providers. One serves many calls at once."""

    def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        """The words as sound, in pieces of any length, as they become ready.

        Raises:
            VoiceError: the provider failed.
        """

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        """The words of one utterance. The sound begins to come when the speaker begins, and ends when it ends.

        Returns "" if no words were in it.

        Raises:
            VoiceError: the provider failed.
        """


class AudioEnd(Protocol):
    """Our end of a call's audio, as the transport sees it."""

    def exchange(self, heard: Frame) -> Frame | None:
        """Called every 20 ms in the transport's media thread: takes a frame of the callee, gives the one to be sent.

        None is silence. It must never block.
        """


class AudioLeg(Protocol):
    """The callee's end of a call that carries sound. All methods but `run_soon` are called in the event loop's thread."""

    def run_soon(self, function: Callable[[], None]) -> None:
        """Call a function in the event loop's thread. From any thread; nothing happens once the loop is closed."""

    async def next(self, timeout: float | None = None) -> AudioEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""

    def connect(self, end: AudioEnd) -> None:
        """From now on exchange sound with this end."""

    def press(self, keys: str) -> None:
        """Send keys of the phone (RFC 4733)."""

    async def hang_up(self, reason: str = "") -> None:
        """End the call: CANCEL before the answer, BYE after it. Safe at any moment, any number of times."""

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over."""


@runtime_checkable
class BufferedAudioLeg(Protocol):
    """An audio leg whose other side keeps sound of ours for a while before it plays it."""

    def clear(self) -> None:
        """The callee broke in: what of ours was not played yet is not to be played. In the event loop's thread."""


Speech = Callable[[PlaceOrder], Callable[[AudioLeg], Leg]]
"""How a transport of sound makes the leg of a conversation.

Called with the order before anything leaves: then the voice is chosen, or `VoiceUnavailable` raised if there is none for this call. What it
returns is called once, with the audio leg.
"""
