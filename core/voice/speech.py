"""What speaks and listens on the calls of a process, whatever transport carries their sound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.contracts.transport import Leg, PlaceOrder
from core.contracts.voice_config import VoiceConfig
from core.kernel.clock import Clock
from core.outgoing.guard import AllowList
from core.voice.errors import VoiceUnavailable
from core.voice.voices import Reveal, is_tones, parts_of, wanted_voice

if TYPE_CHECKING:
    from core.voice.phrases import Phrases
    from core.voice.ports import AudioLeg, Speech
    from core.voice.recording import CallRecording
    from core.voice.session.resting import Resting

__all__ = ["make_speech"]

_MOST_VOICES = 32  # whose sound is kept; each may take 20 MB


def make_speech(
    clock: Clock,
    *,
    name: str | None,
    allow: AllowList,
    reveal: Reveal,
    recording_of: Callable[[PlaceOrder], Callable[[], CallRecording] | None],
    lab: bool = False,
) -> Speech:
    """The speech of a process.

    Args:
        clock: its clock.
        name: the provider that `--voice` names, which takes precedence over the bots' own voices; None: none.
        allow: the internal hosts that may be reached.
        reveal: the value of a secret.
        recording_of: opens the recording of a call; None if it is not to be recorded.
        lab: whether no call reaches anybody but a test client, whatever its order says.
    """
    kept: OrderedDict[str, tuple[Phrases, Resting]] = OrderedDict()

    def lasting(voice: VoiceConfig) -> tuple[Phrases, Resting]:
        """What outlasts the calls of a voice. No key does: the next call may find another."""
        from core.voice.phrases import Phrases  # noqa: PLC0415 - loads numpy
        from core.voice.session.resting import Resting  # noqa: PLC0415

        written = voice.model_dump_json()
        found = kept[written] = kept.get(written) or (Phrases(), Resting())
        kept.move_to_end(written)
        while len(kept) > _MOST_VOICES:
            kept.popitem(last=False)
        return found

    def speech(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        voice = wanted_voice(order.voice, name)
        record = recording_of(order)
        if is_tones(voice, lab=lab or order.lab):
            from core.voice.leg import VoiceLeg  # noqa: PLC0415 - loads numpy
            from core.voice.tones import TonesVoice  # noqa: PLC0415

            return lambda audio: VoiceLeg(audio, TonesVoice(), clock, call_id=order.call_id, recording=record)
        phrases, resting = lasting(voice)
        if (refused := resting.why) is not None:
            raise VoiceUnavailable(refused)
        parts = replace(parts_of(voice, allow, reveal), phrases=phrases, resting=resting)
        from core.voice.session.leg import SessionLeg  # noqa: PLC0415 - loads livekit

        return lambda audio: SessionLeg(audio, parts, clock, call_id=order.call_id, recording=record)

    return speech
