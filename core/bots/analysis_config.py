"""What is asked of a model after the call: `analysis` and `quality` of a bot whose brain is a model."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AnalysisConfig", "QualityConfig"]

_PROMPT: Final = (
    "You read the transcript of a phone call that a bot had with a customer, and say what came of it. "
    "Go by what the customer said, not by what the bot hoped for. Use null for what was not said."
)
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["DISPOSITION", "CALLING_REMARKS"],
    "properties": {
        "DISPOSITION": {
            "type": "string",
            "description": "One word for what came of the call, in capitals.",
            "pattern": "^[A-Z][A-Z0-9_]*$",
            "examples": ["PROMISE_TO_PAY", "APPOINTMENT_CONFIRMED", "CALLBACK", "WRONG_NUMBER", "DO_NOT_CALL", "NO_OUTCOME"],
        },
        "SUB_DISPOSITION": {"type": ["string", "null"], "description": "A finer word."},
        "CALLING_REMARKS": {"type": "string", "description": "One or two sentences for a colleague."},
        "callback_requested": {"type": "boolean", "description": "The customer asked to be called again."},
        "callback_at": {"type": ["string", "null"], "description": "When: ISO 8601 date and time with offset; null if no time was named."},
        "do_not_call": {"type": "boolean", "description": "The customer asked never to be called again."},
        "wants_person": {"type": "boolean", "description": "The customer asked to speak to a human being, and was not connected to one."},
        "wrong_number": {"type": "boolean", "description": "The number is somebody else's."},
    },
}
_QUALITY_PROMPT: Final = (
    "You judge how well a bot held a phone call. Score the bot, not the customer: was it polite, did it understand, "
    "did it keep to its task, did it end well?"
)
_SCORE: Final = {"type": "number", "minimum": 0, "maximum": 100}
_QUALITY_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["overall_score", "remarks"],
    "properties": {"empathy_score": _SCORE, "compliance_score": _SCORE, "overall_score": _SCORE, "remarks": {"type": "string"}},
}


class QualityConfig(BaseModel):
    """How the bot's own conduct is scored."""

    # `schema` is the key that people write; pydantic has a method of that name, so the field has another
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    prompt: str = Field(default=_QUALITY_PROMPT, min_length=1, description="What is asked of the model.")
    output_schema: dict[str, Any] = Field(default=_QUALITY_SCHEMA, alias="schema", description="JSON schema of the answer; an object.")


class AnalysisConfig(QualityConfig):
    """What is made of a conversation once it has ended: `post_call_analysis`."""

    prompt: str = Field(default=_PROMPT, min_length=1, description="What is asked of the model.")
    output_schema: dict[str, Any] = Field(default=_SCHEMA, alias="schema", description="JSON schema of the answer; an object.")
    model: str = Field(default="", description="Another model at the same endpoint; the brain's own if left out.")
    max_tokens: int | None = Field(default=2000, ge=1, le=100_000, description="Most tokens of the answer; not sent if null.")
    timeout_seconds: float = Field(default=60.0, gt=0, le=300, description="How long the answer may take, in real seconds.")
