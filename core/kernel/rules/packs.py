"""Rule packs as files: `packs/XX.yaml` for a country, `packs/default.yaml` for every other one.

A figure is one rule with one source. What a source says was either read (on a date, at an address), or is from memory and unverified, or
is our own choice where the law names no figure.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.kernel.durations import Duration, format_duration
from core.kernel.hours import HoursConfig, Window
from core.kernel.purposes import PURPOSES, Purpose
from core.kernel.yaml_config import load_yaml_model

__all__ = [
    "PURPOSELESS",
    "AbandonFigure",
    "CallsFigure",
    "Figure",
    "FirstWordsFigure",
    "GapFigure",
    "HoursFigure",
    "Pack",
    "RestFigure",
    "RingFigure",
    "Source",
    "all_packs",
    "pack_for",
]

_FOLDER = Path(__file__).parent / "packs"
DEFAULT: Final = "default"
PURPOSELESS: Final = tuple(PURPOSES)
"""The purposes whose figures apply where none is given: all of them, so the strictest."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where a figure is from.

    Attributes:
        article: the law, and the section in it.
        status: `read`; `memory`: unverified; `own`: no law names a figure, it is our choice.
        on: the date on which it was read.
        at: where.
        line: a line of it.
    """

    article: str
    status: Literal["read", "memory", "own"]
    on: date | None = None
    at: str = ""
    line: str

    @model_validator(mode="after")
    def _read_somewhere(self) -> Self:
        if (self.status == "read") != bool(self.on and self.at):
            raise ValueError("what was read has `on` and `at`, and nothing else has")
        return self

    def describe(self) -> str:
        """`16 CFR 310.4, read 2026-11-30`, for people."""
        told = {"read": f"read {self.on}", "memory": "UNVERIFIED: from memory", "own": "our own choice"}[self.status]
        return f"{self.article} ({told})"


class _Figure(_Strict):
    parts: tuple[str, ...] = ()
    purposes: tuple[Purpose, ...] = PURPOSELESS
    source: str

    @property
    def key(self) -> str:
        """What kind of rule it is, such as `hours` or `calls.7d`: the word that loosens it."""
        raise NotImplementedError

    def describe(self) -> str:
        """What it says, for people."""
        raise NotImplementedError


class HoursFigure(_Figure):
    """When callees may be called, in their own time. `holidays`: not on those of the `country`, or of the callee's own `part`."""

    figure: Literal["hours"]
    windows: tuple[Window, ...] = Field(min_length=1)
    holidays: Literal["none", "country", "part"] = "none"

    @property
    def key(self) -> str:  # noqa: D102
        return "hours"

    @cached_property
    def without_holidays(self) -> HoursConfig:
        """The windows as opening hours, on public holidays, too."""
        return HoursConfig(windows=self.windows)

    def describe(self) -> str:  # noqa: D102
        closed = {"none": "", "country": ", not on public holidays", "part": ", not on public holidays of the callee's part"}
        return self.without_holidays.describe() + closed[self.holidays]


class _Cap(_Figure):
    callbacks: Literal["exempt", "count"] = "count"
    """Whether a callback that the callee was promised may be made all the same."""

    @property
    def _but(self) -> str:
        return "; promised callbacks exempt" if self.callbacks == "exempt" else ""


class CallsFigure(_Cap):
    """Most calls to a person within a period."""

    figure: Literal["calls"]
    most: int = Field(ge=1, le=100)
    within: Duration

    @property
    def key(self) -> str:  # noqa: D102
        return f"calls.{format_duration(self.within)}"

    def describe(self) -> str:  # noqa: D102
        return f"at most {self.most} within {format_duration(self.within)}{self._but}"


class GapFigure(_Cap):
    """The least time between two calls to a person."""

    figure: Literal["gap"]
    period: Duration

    @property
    def key(self) -> str:  # noqa: D102
        return "gap"

    def describe(self) -> str:  # noqa: D102
        return f"at least {format_duration(self.period)} between calls{self._but}"


class RestFigure(_Cap):
    """How long a person is left alone after a conversation."""

    figure: Literal["rest"]
    period: Duration

    @property
    def key(self) -> str:  # noqa: D102
        return "rest"

    def describe(self) -> str:  # noqa: D102
        return f"none for {format_duration(self.period)} after a conversation{self._but}"


class RingFigure(_Figure):
    """How long a phone rings at least before it is given up."""

    figure: Literal["ring"]
    least_seconds: int = Field(ge=1, le=60)

    @property
    def key(self) -> str:  # noqa: D102
        return "ring"

    def describe(self) -> str:  # noqa: D102
        return f"at least {self.least_seconds} s before an unanswered call is given up"


class AbandonFigure(_Figure):
    """The largest abandon rate, in percent of answered calls."""

    figure: Literal["abandon"]
    most_percent: float = Field(gt=0, le=100)
    within: Duration = timedelta(days=30)

    @property
    def key(self) -> str:  # noqa: D102
        return "abandon"

    def describe(self) -> str:  # noqa: D102
        return f"at most {self.most_percent:g}% of answered calls within {format_duration(self.within)}"


class FirstWordsFigure(_Figure):
    """What is said first: a key of `first_words.yaml`."""

    figure: Literal["first_words"]
    words: str = Field(alias="key", min_length=1)

    @property
    def key(self) -> str:  # noqa: D102
        return f"first_words.{self.words}"

    def describe(self) -> str:  # noqa: D102
        return self.words


Figure = HoursFigure | CallsFigure | GapFigure | RestFigure | RingFigure | AbandonFigure | FirstWordsFigure


class Pack(_Strict):
    """The rules of one country. `country` is its ISO 3166 code, or `default`."""

    country: str
    name: str
    version: str
    note: str
    sources: dict[str, Source]
    figures: tuple[Annotated[Figure, Field(discriminator="figure")], ...]

    @model_validator(mode="after")
    def _sources_known(self) -> Self:
        unknown = {figure.source for figure in self.figures} - set(self.sources)
        if unknown or (unused := set(self.sources) - {figure.source for figure in self.figures}):
            raise ValueError(f"sources without a figure, or figures without a source: {', '.join(sorted(unknown or unused))}")
        return self

    def name_of(self, figure: Figure, parts: frozenset[str] = frozenset()) -> str:
        """The rule's full name, such as `US-FL.calls.1d`; of its parts, those that the callee may be in."""
        named = [part for part in figure.parts if part in parts] or figure.parts
        where = f"{self.country}-{'/'.join(named)}" if named else self.country
        return f"{where}.{figure.key}"


@lru_cache(maxsize=1)
def all_packs() -> dict[str, Pack]:
    """Every pack, by country; `default` last."""
    files = sorted(_FOLDER.glob("*.yaml"), key=lambda file: (file.stem == DEFAULT, file.stem))
    return {file.stem: load_yaml_model(file, Pack) for file in files}


def pack_for(country: str) -> Pack:
    """The pack of a country; the default one if it has none."""
    return all_packs().get(country) or all_packs()[DEFAULT]
