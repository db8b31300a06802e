"""What speaks and listens on calls that carry sound, whatever transport carries it."""

from __future__ import annotations

import atexit
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.engine import Engine
from core.transports.base import Leg, PlaceOrder
from core.voice.errors import VoiceUnavailable
from web.settings import Settings

if TYPE_CHECKING:
    from core.voice.offline.voice import OfflineVoice
    from core.voice.ports import AudioLeg, Speech, Voice
    from core.voice.recording import CallRecording, RecordingWriter

__all__ = ["check_voice", "make_speech", "voice_for"]


def make_speech(settings: Settings, engine: Engine, writer: RecordingWriter, is_lab: Callable[[PlaceOrder], bool]) -> Speech:
    """The speech of this process.

    Args:
        settings: the process's; `voice` names the voice.
        engine: its call engine.
        writer: what recordings are written by.
        is_lab: whether a call cannot reach anybody but a test line.
    """
    from core.voice.leg import VoiceLeg  # noqa: PLC0415 - loads numpy

    def recording_of(order: PlaceOrder) -> Callable[[], CallRecording] | None:
        recordings = engine.recordings
        if not order.record or recordings is None:
            return None
        return lambda: writer.open(recordings.file_of(order.call_id))

    def speech(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        voice = voice_for(settings.voice, lab=is_lab(order))
        return lambda audio: VoiceLeg(audio, voice, engine.clock, call_id=order.call_id, recording=recording_of(order))

    return speech


def check_voice(name: str | None, *, lab: bool) -> None:
    """Look, before anything is dialled, whether there is a voice of that name, and load what it needs. Takes seconds.

    Raises:
        core.voice.errors.VoiceUnavailable: there is none, or it cannot be loaded, or must not be heard by anybody.
    """
    voice_for(name, lab=lab)
    if name == "offline":
        _offline().load()


def voice_for(name: str | None, *, lab: bool) -> Voice:
    """The voice of that name.

    Raises:
        core.voice.errors.VoiceUnavailable: there is none, or it must not be heard by anybody.
    """
    from core.voice.tones import TonesVoice  # noqa: PLC0415 - loads numpy

    if name == "offline":
        return _offline()
    if name == "tones" and lab:
        return TonesVoice()
    if name == "tones":
        raise VoiceUnavailable("the voice 'tones' has no words: it speaks on lab trunks only, never to people")
    if name is not None:
        raise VoiceUnavailable(f"there is no voice called {name!r}: offline, or tones on lab trunks (docs/voice.md)")
    raise VoiceUnavailable("no voice is configured, so nobody could be talked to (docs/voice.md)")


@functools.cache
def _offline() -> OfflineVoice:
    """One pair for all calls of this process."""
    from core.voice.offline.voice import OfflineVoice  # noqa: PLC0415 - loads numpy

    voice = OfflineVoice()
    atexit.register(voice.close)
    return voice
