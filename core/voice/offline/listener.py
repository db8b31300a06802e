"""The process that listens: `python -m core.voice.offline.listener`. Takes the sound of an utterance, returns its words."""

from __future__ import annotations

import sys
from typing import IO

import numpy as np

from core.voice.errors import VoiceUnavailable
from core.voice.offline.models import listener_model
from core.voice.offline.wire import Kind, read_message, write_message

__all__ = ["serve"]

_NO_SPEECH = 0.6  # above this no-speech probability by Whisper, a piece of sound has no words
_UNLIKELY = -1.2  # below this mean log probability, the words are invented


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Serve requests until the other side is gone."""
    try:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - its failure is reported

        from core.voice.offline.resampling import Resampler  # noqa: PLC0415

        model = WhisperModel(str(listener_model()), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    except (VoiceUnavailable, ImportError, OSError, RuntimeError, ValueError) as error:
        write_message(answers, Kind.FAILED, str(error).encode())
        return

    def words(sound: bytes) -> str:
        resampler = Resampler(8000, 16000)
        samples = np.concatenate((resampler.push(np.frombuffer(sound, dtype=np.int16)), resampler.rest()))
        segments, _ = model.transcribe(
            samples.astype(np.float32) / 32768,
            language="en",
            beam_size=1,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        likely = [part.text.strip() for part in segments if part.no_speech_prob < _NO_SPEECH or part.avg_logprob > _UNLIKELY / 2]
        return " ".join(text for text in likely if text)

    words(np.zeros(8000, dtype=np.int16).tobytes())  # warm-up: the first utterance takes longer than later ones
    write_message(answers, Kind.READY)
    while (request := read_message(requests)) is not None:
        try:
            write_message(answers, Kind.TEXT, words(request[1]).encode())
        except BrokenPipeError:
            return
        except Exception as error:  # whatever a sound does to the recognition, the next one must work
            write_message(answers, Kind.FAILED, f"Whisper could not listen ({type(error).__name__})".encode())
        else:
            write_message(answers, Kind.END)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
