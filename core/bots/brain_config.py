"""The `brain` of a bot, which decides what it says. `kind` is `rules` (the default) or `llm`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

__all__ = ["SCENARIOS", "AnyBrain", "BrainConfig", "HttpTool", "LlmBrainConfig", "ModelEndpoint"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


SCENARIOS: Final = {
    "payment_reminder": "reminds of a payment that is due, and asks when it will be made",
    "appointment_confirmation": "asks whether the person comes to an appointment, and notes another time",
    "survey": "asks your own questions, one by one",
}
"""What a rules bot can talk about: scenario name -> a phrase for people."""


class BrainConfig(_Strict):
    """The deterministic brain: no model and no network.

    A new configuration must name its scenario (`core.bots.intake`); the default here serves bots that an earlier version stored without
    one.
    """

    # required in documents: the API description shows it so
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"required": ["scenario"]})

    kind: Literal["rules"] = "rules"
    scenario: Literal["payment_reminder", "appointment_confirmation", "survey"] = Field(
        default="payment_reminder",
        description=f"What it talks about; required. {'; '.join(f'`{name}` {phrase}' for name, phrase in SCENARIOS.items())}.",
    )
    lines: dict[str, str] = Field(
        default={}, description="Your own wording of what the scenario says, by the name of the line; templates allowed."
    )
    questions: list[str] = Field(default=[], description="The survey's questions, in order; templates allowed.")

    def describe(self) -> str:
        """The brain in a word or two."""
        return self.scenario


class ModelEndpoint(_Strict):
    """A model behind an OpenAI-compatible API."""

    base_url: str = Field(description="Base URL of an OpenAI-compatible API, as in https://api.example.com/v1.")
    model: str = Field(min_length=1, max_length=200, description="The name of the model in that API.")
    key: str = Field(default="", description="`secret:NAME` of the API key; none is sent if it is left out.")


class HttpTool(_Strict):
    """A tool of the model: one HTTP request."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$", description="What the model calls it: letters, digits, _ and -.")
    description: str = Field(min_length=1, max_length=2000, description="What it does and when to use it, for the model.")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: str = Field(description="The URL, http(s); templates are allowed after the host: {{arguments.*}}, {{crm.*}}, {{call.*}}.")
    headers: dict[str, str] = Field(default={}, description="Further headers, each with either `secret:NAME` or templates, not both.")
    body: dict[str, Any] | None = Field(
        default=None,
        description="The JSON body, with templates; the arguments if it is left out. GET and DELETE send those in the query.",
    )
    arguments: dict[str, Any] = Field(default={"type": "object", "properties": {}}, description="JSON schema of the arguments; an object.")
    timeout_seconds: float = Field(default=5.0, gt=0, le=30, description="How long it may take, in real seconds.")
    say: str = Field(default="", description="What the bot says while it waits; templates allowed.")


class LlmBrainConfig(ModelEndpoint):
    """A model holds the conversation (docs/llm-brain.md)."""

    kind: Literal["llm"] = "llm"
    temperature: float | None = Field(default=0.3, ge=0, le=2, description="Sent unchanged; not sent if null.")
    max_tokens: int | None = Field(default=400, ge=1, le=100_000, description="Most tokens of one turn; not sent if null.")
    first_token_seconds: float = Field(default=5.0, gt=0, le=60, description="How long its first word may take, in real seconds.")
    timeout_seconds: float = Field(
        default=20.0, gt=0, le=120, description="How long one answer may take in all, in real seconds, with retry and fallback."
    )
    options: dict[str, Any] = Field(default={}, description="Further keys of the request; a key that is null is removed from it.")
    fallback: ModelEndpoint | None = Field(default=None, description="The model to ask when the first one fails.")
    tools: list[HttpTool] = Field(default=[], max_length=32, description="The bot's own HTTP tools, besides the built-in ones.")

    def describe(self) -> str:
        """The brain in a word or two."""
        return f"llm ({self.model})"


def _kind(value: Any) -> Any:
    return value.get("kind", "rules") if isinstance(value, dict) else getattr(value, "kind", None)


AnyBrain = Annotated[Annotated[BrainConfig, Tag("rules")] | Annotated[LlmBrainConfig, Tag("llm")], Discriminator(_kind)]
"""A brain of either kind; `rules` where `kind` is left out."""
