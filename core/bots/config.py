"""The configuration of a bot: `bot.yaml`, and the `config` of a bot over the API. Every key has a default except `name`.

Unknown keys are errors. Secrets are never written here: `token: secret:NAME` names one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.bots.analysis_config import AnalysisConfig, QualityConfig
from core.bots.brain_config import AnyBrain, BrainConfig
from core.contracts.call_result import DisconnectedBy
from core.contracts.voice_config import VoiceConfig
from core.kernel.durations import LongDuration
from core.kernel.hours import HoursConfig, PermittedHours
from core.kernel.purposes import Purpose
from core.kernel.rules import RuleSettings
from core.prefetch.config import PrefetchConfig

__all__ = [
    "AnalysisConfig",
    "BotConfig",
    "BrainConfig",
    "DeskConfig",
    "FirstWordsConfig",
    "PostCallPush",
    "PrefetchConfig",
    "PushFilter",
    "QualityConfig",
    "RecordingConfig",
    "ResultsWebhook",
    "SilenceConfig",
    "VoiceConfig",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SilenceConfig(_Strict):
    """What the bot does when the callee says nothing."""

    after_seconds: float = Field(default=5.0, gt=0, le=60, description="How long a silence is, in seconds.")
    re_engagements: int = Field(default=2, ge=0, le=10, description="How many times the bot asks again before it ends the call.")
    lines: list[str] = Field(
        default=["Hello, are you there?", "I can't hear you. Are you still on the line?"],
        min_length=1,
        description="What it asks, in turn.",
    )
    goodbye: str = Field(
        default="I can't hear you, so I will try again another time. Goodbye.", description="What it says before it gives up."
    )


class FirstWordsConfig(_Strict):
    """What the bot says before anything else, besides what the rules for the callee require (`rules.loosen` leaves that out)."""

    say: list[Literal["automated", "recorded", "may_i_go_on"]] = Field(
        default=[], description="That it is an automated assistant; that the call is recorded, if it is; whether it may go on."
    )
    texts: dict[Literal["automated", "recorded", "may_i_go_on"], str] = Field(
        default={}, description="Your own wording, in the bot's language; templates allowed."
    )


class PushFilter(_Strict):
    """Which calls are pushed: those that meet every condition given."""

    dispositions: list[str] = Field(
        default=[], description="Only these dispositions; case, blanks, dashes and underscores do not matter. Every one if left out."
    )
    disconnected_by: list[DisconnectedBy] = Field(default=[], description="Only calls with these values. Every one if left out.")
    connected: bool | None = Field(
        default=None, description="`true`: only calls that somebody or something picked up; `false`: only the others."
    )


class PostCallPush(_Strict):
    """The push of each outcome to the CRM, as in the integration guide."""

    url: str = Field(
        description="The URL, http(s); templates are allowed after the host, as in a key mapper. "
        "`sample-crm` is the sample CRM that `dialler run` starts itself."
    )
    token: str = Field(
        default="", description="Value of the Authorization header; `secret:NAME` names a secret, as in `Bearer secret:CRM_TOKEN`."
    )
    secret: str = Field(default="", description="`secret:NAME` of the signing secret (whsec_...); unsigned if empty.")
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    key_mapper: dict[str, Any] = Field(
        default={}, description="Your field names, each with a template: {{crm.*}}, {{call.*}}, {{result.*}}, {{analysis.*}}."
    )
    only: PushFilter = Field(default=PushFilter(), description="Which calls are pushed; every one if left out.")


class ResultsWebhook(_Strict):
    """Where the whole call result is pushed, signed per Standard Webhooks."""

    url: str = Field(description="The URL, http(s); templates are allowed after the host, as in a key mapper.")
    secret: str = Field(default="", description="`secret:NAME` of the signing secret (whsec_...); unsigned if empty.")


class RecordingConfig(_Strict):
    """Recordings of answered calls."""

    enabled: bool = Field(default=True, description="Whether answered calls are recorded.")
    link_expires: LongDuration = Field(default=timedelta(days=30), description="How long a link to a recording is valid.")
    retention: LongDuration | None = Field(
        default=timedelta(days=90), description="How long a recording is kept after its call; null keeps it for ever."
    )

    @field_validator("link_expires")
    @classmethod
    def _not_too_short(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise ValueError("a link must be good for at least a minute")
        return value


class DeskConfig(_Strict):
    """Hand-offs to the agent desk: transfer targets whose address is `desk:QUEUE`."""

    wait_seconds: float = Field(default=60.0, gt=0, le=3600, description="How long a caller is kept waiting for an agent, in seconds.")
    claim_seconds: float = Field(
        default=30.0, gt=0, le=600, description="How long an agent who claimed a call may take to connect, in seconds."
    )
    wait_without_agents: bool = Field(
        default=False, description="Whether callers wait even if no agent for them is on duty; otherwise they are told at once."
    )
    hold_lines: list[str] = Field(
        default=[
            "Please hold the line, I am connecting you to a colleague.",
            "Thank you for waiting. A colleague will be with you shortly.",
        ],
        description="What the bot says to waiting callers, in turn; templates allowed. None: it is silent.",
    )
    hold_every_seconds: float = Field(default=15.0, ge=2, le=300, description="How long it is silent between these lines.")
    nobody_line: str = Field(
        default="I'm sorry, nobody is free right now, but a colleague will call you back. When would suit you for the call?",
        description="What it says when nobody came; templates allowed.",
    )


class BotConfig(_Strict):
    """A bot."""

    name: str = Field(min_length=1, max_length=200, description="Its name.")
    id: str = Field(default="", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$|^$", description="Its `bot_id`; made from the name if left out.")
    language: str = Field(default="en", description="Language of its lines (BCP 47).")
    time_zone: str = Field(default="UTC", description="IANA time zone of its active hours, and of dates that callees name.")
    default_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$", description="Country (ISO 3166) of numbers written nationally.")
    system_prompt: str = ""
    opening_message: str = Field(default="Hello.", description="What it says first; templates allowed.")
    brain: AnyBrain = BrainConfig()
    analysis: AnalysisConfig = Field(default=AnalysisConfig(), description="How a brain of `kind: llm` analyses the call afterwards.")
    quality: QualityConfig | None = Field(default=None, description="Scores the bot's own conduct; needs a brain of `kind: llm`.")
    purpose: Purpose | None = Field(default=None, description="What its calls are for; a dialout or a campaign may say otherwise.")
    active_hours: HoursConfig = Field(default=HoursConfig(), description="When it may call and be called.")
    permitted_hours: PermittedHours = Field(default=PermittedHours(), description="When callees may be called, in their own time.")
    rules: RuleSettings = Field(default=RuleSettings(), description="Caps per person beyond the rule packs; rules that are loosened.")
    seats: int | None = Field(default=None, ge=1, description="Most calls of this bot at once; the fleet's own limit if left out.")
    ring_timeout_seconds: float = Field(default=45, gt=0, le=180, description="How long a phone may ring.")
    extension_pause_seconds: float = Field(
        default=2, ge=0, le=30, description="Pause between the answer and the keys of an extension; the opening comes after them."
    )
    max_call_duration_seconds: float = Field(default=600, gt=0, le=14_400, description="Longest call, from the answer on.")
    closure_phrases: list[str] = Field(
        default=["goodbye", "have a nice day"], description="Phrases that end the call when the bot says them."
    )
    first_words: FirstWordsConfig = Field(default=FirstWordsConfig(), description="What it says before anything else.")
    private: list[str] | None = Field(
        default=None,
        description="Fields of a lead that only the person may hear, once they have confirmed who they are. "
        "Every one but names if left out.",
    )
    confirm_identity: bool | None = Field(
        default=None,
        description="`false`: private fields are said to anybody who answers. Left out: `true`, but not for the scenario `survey`.",
    )
    silence: SilenceConfig = SilenceConfig()
    voicemail_message: str = Field(default="", description="The message it leaves after the beep; it hangs up at once if empty.")
    transfer_targets: dict[str, str] = Field(
        default={}, description="Name -> number, sip: address, or desk:QUEUE, that callees can be transferred to."
    )
    desk: DeskConfig = Field(default=DeskConfig(), description="How callers are transferred to the agent desk.")
    voice: VoiceConfig | None = Field(default=None, description="Speech synthesis and recognition on real calls.")
    recording: RecordingConfig = Field(default=RecordingConfig(), description="Recordings of its answered calls.")
    caller_id: str | None = Field(default=None, description="Its own caller ID; the trunk's default number if left out.")
    prefetch: PrefetchConfig | None = Field(default=None, description="Asks the CRM for the callee's data at the start of each call.")
    post_call_push: PostCallPush | None = None
    results_webhook: ResultsWebhook | None = None

    @property
    def confirms_identity(self) -> bool:
        """Whether what is private is said only to the person who has confirmed who they are."""
        if self.confirm_identity is not None:
            return self.confirm_identity
        return not (isinstance(self.brain, BrainConfig) and self.brain.scenario == "survey")
