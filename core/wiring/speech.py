"""What speaks and listens on the calls of a process, from the parts of its call engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.calls.engine import Engine
from core.contracts.transport import PlaceOrder
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.speech import make_speech

if TYPE_CHECKING:
    from core.voice.ports import Speech
    from core.voice.recording import CallRecording, RecordingWriter

__all__ = ["VoiceOptions", "speech_of"]


@dataclass(frozen=True)
class VoiceOptions:
    """The settings of a process that concern voices.

    Attributes:
        name: the provider that takes precedence over the bots' own (`--voice`); None: none.
        allow: the internal hosts that may be reached.
    """

    name: str | None
    allow: AllowList


def speech_of(engine: Engine, writer: RecordingWriter, voices: VoiceOptions, *, lab: bool = False) -> Speech:
    """The speech of a transport of this process.

    Args:
        engine: the process's call engine.
        writer: what recordings are written by.
        voices: the settings of the process that concern voices.
        lab: whether no call reaches anybody but a test client.
    """

    def reveal(text: str) -> SecretStr:
        if engine.secrets is None:
            raise VoiceUnavailable("this process has no secret store, which the key of the voice is in")
        with engine.db.read() as connection:
            return engine.secrets.resolve(connection, text)

    def recording_of(order: PlaceOrder) -> Callable[[], CallRecording] | None:
        recordings = engine.recordings
        if not order.record or recordings is None:
            return None
        return lambda: writer.open(recordings.file_of(order.call_id))

    return make_speech(engine.clock, name=voices.name, allow=voices.allow, reveal=reveal, recording_of=recording_of, lab=lab)
