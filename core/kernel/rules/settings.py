"""How a bot changes the rules: tightening freely, loosening only by naming the rule and a reason."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.kernel.durations import Duration

__all__ = ["Loosened", "RuleSettings"]

_RULE = re.compile(r"([A-Z]{2}(-[A-Z]{2,3})?\.|default\.)?(hours|calls(\.[0-9]+[smhd])?|gap|rest|ring|first_words(\.[a-z_]+)?)")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Loosened(_Strict):
    """A rule that is not kept, and why: the reason is kept with every call to which it would have applied."""

    rule: str = Field(description="The rule: a kind (hours, calls, gap, rest, ring, first_words) or its name, such as `US-FL.calls.1d`.")
    reason: str = Field(min_length=10, max_length=500, description="Why it need not be kept, such as the consent that was given.")

    @field_validator("rule")
    @classmethod
    def _known(cls, value: str) -> str:
        if not _RULE.fullmatch(value):
            raise ValueError(
                f"{value!r} names no rule: write hours, calls, gap, rest, ring or first_words, or a name that `dialler rules show` gives"
            )
        return value

    def covers(self, name: str, key: str, country: str) -> bool:
        """Whether it is this rule that is loosened.

        Args:
            name: the rule's full name, `US-FL.calls.1d`.
            key: its kind, `calls.1d`.
            country: the country of its pack: `US.hours` loosens the hours of its parts as well.
        """
        if self.rule in {name, key}:
            return True
        where, _, rest = self.rule.partition(".") if self.rule[:1].isupper() or self.rule.startswith("default.") else ("", "", self.rule)
        if not (key == rest or key.startswith(f"{rest}.")):
            return False
        given = name.partition(".")[0]
        return where in {"", given, country} or where in {f"{country}-{part}" for part in given.partition("-")[2].split("/")}


class RuleSettings(_Strict):
    """What a bot adds to the rule packs, and what it loosens."""

    calls_a_day: int | None = Field(default=None, ge=1, le=100, description="Most calls to a person within 24 hours.")
    calls_in_7_days: int | None = Field(default=None, ge=1, le=100, description="Most calls to a person within 7 days.")
    least_gap: Duration | None = Field(default=None, description="Least time between two calls to a person.")
    rest_after_conversation: Duration | None = Field(default=None, description="How long a person is left alone after a conversation.")
    loosen: tuple[Loosened, ...] = Field(default=(), description="Rules of the packs that are not kept, each with its reason.")
