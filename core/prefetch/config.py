"""The configuration of a bot's CRM pre-fetch: where a call asks for the callee's data before it leaves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PrefetchConfig"]


class PrefetchConfig(BaseModel):
    """One HTTP request at the start of each call, whose answer becomes `{{crm.*}}` (docs/prefetch.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Where to ask, http(s); after the host templates may stand: {{crm.*}}, {{call.*}}.")
    method: Literal["GET", "POST"] = "GET"
    token: str = Field(
        default="", description="Value of the Authorization header; `secret:NAME` names a secret, as in `Bearer secret:CRM_TOKEN`."
    )
    headers: dict[str, str] = Field(
        default={}, description="Further headers: each either with `secret:NAME` in it, or with templates, not both."
    )
    body: dict[str, Any] | None = Field(default=None, description="The JSON body of a POST, with templates, as in a key mapper.")
    timeout_seconds: float = Field(default=5.0, gt=0, le=10, description="How long it may take, in real seconds.")
    response_path: str = Field(
        default="", description="Where in the answer the object with the fields is, as in `data.customer`; the whole answer if left out."
    )
    precedence: Literal["variables", "response"] = Field(
        default="variables", description="Which one counts where the dialout's variables and the answer have the same field."
    )
    on_failure: Literal["continue", "do_not_call"] = Field(
        default="continue", description="When there is no usable answer: call all the same, or do not."
    )
