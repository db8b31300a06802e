"""A `Voice` as a session's speech recognition and synthesis."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import numpy as np
from livekit.agents import APIConnectionError, APIConnectOptions, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from core.voice.errors import VoiceError
from core.voice.ports import RATE, Frame, Voice

__all__ = ["VoiceStt", "VoiceTts"]


class VoiceStt(stt.STT):
    """Recognition of whole utterances.

    Args:
        voice: the voice that recognizes.
        nothing: called when an utterance had no words.
    """

    def __init__(self, voice: Voice, nothing: Callable[[], None]) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._voice, self._nothing = voice, nothing

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,  # noqa: ARG002
        conn_options: APIConnectOptions,  # noqa: ARG002
    ) -> stt.SpeechEvent:
        frame = utils.merge_frames(buffer)

        async def sound() -> AsyncIterator[Frame]:
            yield np.frombuffer(frame.data, dtype=np.int16)

        assert frame.sample_rate == RATE
        try:
            text = await self._voice.transcribe(sound())
        except VoiceError as error:
            raise APIConnectionError(str(error)) from error
        if not text:
            self._nothing()
        return stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language="en", text=text)],
        )


class VoiceTts(tts.TTS):
    """Synthesis of whole texts, whose sound arrives as it becomes ready."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)
        self.voice = voice

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> tts.ChunkedStream:
        """The sound of a text."""
        return _Stream(self, text, conn_options)


class _Stream(tts.ChunkedStream):
    def __init__(self, ours: VoiceTts, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=ours, input_text=text, conn_options=conn_options)
        self._voice = ours.voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm", frame_size_ms=100)
        try:
            async with contextlib.aclosing(self._voice.synthesize(self._input_text)) as sound:
                async for piece in sound:
                    output_emitter.push(piece.astype("<i2").tobytes())
        except VoiceError as error:
            raise APIConnectionError(str(error)) from error
        output_emitter.flush()
