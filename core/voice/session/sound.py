"""Our line as a session's audio input and output."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities

from core.voice.activity import Activity
from core.voice.line import Line, Sound
from core.voice.ports import FRAME, RATE, Frame

__all__ = ["Ear", "LineInput", "LineOutput", "pieces"]

_SILENCE = np.zeros(FRAME, dtype=np.int16)


class LineInput(AudioInput):
    """The callee's audio. Used in the event loop's thread."""

    def __init__(self) -> None:
        super().__init__(label="line")
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()

    def put(self, frame: Frame) -> None:
        """Take 20 ms of the callee's sound."""
        self._frames.put_nowait(frame)

    def put_silence(self, seconds: float) -> None:
        """Insert this much silence at once."""
        for _ in range(round(seconds * RATE / FRAME)):
            self._frames.put_nowait(_SILENCE)

    def end(self) -> None:
        """Nothing more comes."""
        self._frames.put_nowait(None)

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self._frames.get()
        if frame is None:
            raise StopAsyncIteration
        return _audio_frame(frame)


class Ear:
    """An `ActivityDetector` that leaves the decision to the session: it passes every frame on. Called in the media thread."""

    def __init__(self, hand_on: Callable[[Frame], None]) -> None:
        self._hand_on = hand_on

    def feed(self, frame: Frame) -> Activity | None:
        """Take the next frame of 20 ms."""
        self._hand_on(frame)
        return None


class LineOutput(AudioOutput):
    """Our audio. It plays as a `Sound` on the line, which stops with the next frame when the session clears it."""

    def __init__(self) -> None:
        super().__init__(label="line", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.line: Line | None = None
        """None until the call is answered."""
        self.sound: Sound | None = None
        """The sound that was started last."""
        self._playing = False
        self.on_cleared: Callable[[], None] = lambda: None
        """Called when a started sound must no longer be heard."""

    @property
    def playing(self) -> bool:
        """Whether a started sound has not ended."""
        return self._playing

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take sound, faster than it is played."""
        await super().capture_frame(frame)
        if not self._playing:
            self._playing, self.sound = True, Sound()
            if self.line is not None:
                self.line.play(self.sound)
            self.on_playback_started(created_at=time.time())
        assert self.sound is not None
        self.sound.write(np.frombuffer(frame.data, dtype=np.int16))

    def flush(self) -> None:
        """End of this utterance."""
        super().flush()
        if self._playing and self.sound is not None:
            self.sound.finish()
            if self.line is None:
                self.clear_buffer()

    def clear_buffer(self) -> None:
        """Stop: the next frame has none of it."""
        if not self._playing or self.sound is None:
            return
        if self.line is not None:
            self.line.stop()
        self.sound.interrupted = True
        self.on_cleared()
        self._finish(interrupted=True)

    def ended(self, sound: Sound) -> None:
        """The line has played it to its end."""
        if self._playing and sound is self.sound:
            self._finish(interrupted=False)

    def _finish(self, *, interrupted: bool) -> None:
        assert self.sound is not None
        self._playing = False
        self.on_playback_finished(playback_position=self.sound.played / RATE, interrupted=interrupted)


async def pieces(sound: Frame) -> AsyncIterator[rtc.AudioFrame]:
    """Sound in the pieces of 200 ms that a session takes."""
    for start in range(0, len(sound), 10 * FRAME):
        yield _audio_frame(sound[start : start + 10 * FRAME])


def _audio_frame(sound: Frame) -> rtc.AudioFrame:
    return rtc.AudioFrame(sound.astype("<i2").tobytes(), RATE, 1, len(sound))
