"""The configuration of a bot's CRM pre-fetch: where a call asks for the callee's data before it leaves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PrefetchConfig"]


class PrefetchConfig(BaseModel):
    """One HTTP request at the start of each call, whose answer becomes `{{crm.*}}` (docs/prefetch.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="The URL to ask, http(s); templates are allowed after the host: {{crm.*}}, {{call.*}}.")
    method: Literal["GET", "POST"] = "GET"
    token: str = Field(
        default="", description="Value of the Authorization header; `secret:NAME` names a secret, as in `Bearer secret:CRM_TOKEN`."
    )
    headers: dict[str, str] = Field(default={}, description="Further headers, each with either `secret:NAME` or templates, not both.")
    body: dict[str, Any] | None = Field(default=None, description="The JSON body of a POST, with templates, as in a key mapper.")
    timeout_seconds: float = Field(default=5.0, gt=0, le=10, description="How long it may take, in real seconds.")
    response_path: str = Field(
        default="", description="The path to the object with the fields in the reply, as in `data.customer`; the whole reply if left out."
    )
    precedence: Literal["variables", "response"] = Field(
        default="variables", description="Which one wins if the dialout's variables and the reply have the same field."
    )
    on_failure: Literal["continue", "do_not_call"] = Field(
        default="continue", description="When there is no usable reply: call anyway, or do not call."
    )
