"""The `voice` of a bot: what speaks and listens on real calls, and how turns are taken."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["EndpointingConfig", "InterruptionConfig", "SttConfig", "TtsConfig", "VoiceConfig"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SttConfig(_Strict):
    """Speech recognition. A name alone is short for its `provider`."""

    provider: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        description="`offline`, or a provider that livekit has a plugin for: `deepgram`, `elevenlabs`, `cartesia`, `openai`, `sarvam`, ...",
    )
    model: str = Field(default="", max_length=200, description="The provider's name for it; the plugin's default if left out.")
    language: str = Field(default="", max_length=35, description="The provider's name for it; the plugin's default if left out.")
    key: str = Field(default="", description="`secret:NAME` of the API key; if left out, the plugin looks in the environment.")
    base_url: str = Field(default="", description="Another URL for the same API, such as your own models behind an OpenAI-compatible API.")
    options: dict[str, Any] = Field(default={}, description="Further settings, under the plugin's names.")

    @model_validator(mode="before")
    @classmethod
    def _from_a_name(cls, value: Any) -> Any:
        return {"provider": value} if isinstance(value, str) else value


class TtsConfig(SttConfig):
    """Speech synthesis. A name alone is short for its `provider`."""

    voice: str = Field(default="", max_length=200, description="The provider's name for the voice; the plugin's default if left out.")


class InterruptionConfig(_Strict):
    """How callees can interrupt the bot."""

    enabled: bool = Field(default=True, description="Whether they can.")
    min_words: int = Field(default=0, ge=0, le=20, description="How many words it takes to interrupt; 0: any speech that is long enough.")
    min_seconds: float = Field(default=0.5, ge=0.05, le=5, description="How long speech must last to interrupt.")


class EndpointingConfig(_Strict):
    """When a callee's turn is over."""

    min_seconds: float = Field(default=0.5, ge=0, le=5, description="Silence after which a turn may be over.")
    max_seconds: float = Field(default=3.0, ge=0.1, le=15, description="Silence after which it is over, whatever was said.")

    @field_validator("max_seconds")
    @classmethod
    def _not_below(cls, value: float, info: Any) -> float:
        if value < info.data.get("min_seconds", 0.0):
            raise ValueError("it is less than min_seconds")
        return value


class VoiceConfig(_Strict):
    """What speaks and listens on real calls (docs/voice.md)."""

    stt: SttConfig | None = Field(default=None, description="Speech recognition.")
    tts: TtsConfig | None = Field(default=None, description="Speech synthesis.")
    interruption: InterruptionConfig = Field(default=InterruptionConfig(), description="How callees can interrupt the bot.")
    endpointing: EndpointingConfig = Field(default=EndpointingConfig(), description="When a callee's turn is over.")
    voicemail: Literal["leave_message", "hang_up", "go_on"] = Field(
        default="leave_message",
        description="What the bot does when a machine answers: leave `voicemail_message` after the beep (hang up if there is none), "
        "hang up at once, or go on as with a person.",
    )
