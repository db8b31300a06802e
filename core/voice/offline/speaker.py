"""The process that speaks: `python -m core.voice.offline.speaker`. Takes texts, returns sound sentence by sentence.

piper is licensed under the GPL, version 3: it runs in this separate process, and no other module imports it.
"""

from __future__ import annotations

import sys
from typing import IO

from core.voice.errors import VoiceUnavailable
from core.voice.offline.models import speaker_model
from core.voice.offline.wire import Kind, read_message, write_message

__all__ = ["serve"]


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Serve requests until the other side is gone."""
    try:
        from piper import PiperVoice  # noqa: PLC0415 - its failure is reported

        from core.voice.offline.resampling import Resampler  # noqa: PLC0415

        voice = PiperVoice.load(speaker_model())
        for _ in voice.synthesize("Hello."):  # warm-up: the first sentence takes longer than later ones
            pass
    except (VoiceUnavailable, ImportError, OSError, RuntimeError) as error:
        write_message(answers, Kind.FAILED, str(error).encode())
        return
    write_message(answers, Kind.READY)
    while (request := read_message(requests)) is not None:
        try:
            resampler = Resampler(voice.config.sample_rate, 8000)
            for chunk in voice.synthesize(request[1].decode()):
                write_message(answers, Kind.SOUND, resampler.push(chunk.audio_int16_array).tobytes())
            write_message(answers, Kind.SOUND, resampler.rest().tobytes())
        except BrokenPipeError:
            return
        except Exception as error:  # whatever a text does to the synthesis, the next one must work
            write_message(answers, Kind.FAILED, f"piper could not speak ({type(error).__name__})".encode())
        else:
            write_message(answers, Kind.END)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
