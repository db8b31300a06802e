"""What the sandbox network is like: every number of it has a documented default (docs/sandbox.md)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["SandboxSettings", "TrunkLimits"]

_HOURS = (0.8,) * 7 + (0.85, 0.9, 0.95, 1.0, 1.0, 0.95, 0.9, 0.95, 1.0, 1.0, 1.05, 1.1, 1.1, 1.05, 0.9) + (0.8,) * 2

_ABOVE_ZERO = ("ring_seconds_median", "talk_seconds_median", "words_per_second", "network_ring_limit_seconds", "longest_call_seconds")
_SIGMAS = ("ring_seconds_sigma", "talk_seconds_sigma")


@dataclass(frozen=True)
class TrunkLimits:
    """What a trunk carries: `channels` calls at once, and `calls_per_second` new ones (below 1 for less than one a second)."""

    channels: int
    calls_per_second: float

    def __post_init__(self) -> None:
        if self.channels < 1 or not 0 < self.calls_per_second < math.inf:
            raise ValueError(
                f"a trunk needs at least 1 channel and a rate above 0 calls a second, not {self.channels} and {self.calls_per_second}"
            )


def _unanswered() -> Mapping[str, float]:
    return {
        "rings out": 0.52,
        "voicemail": 0.22,
        "busy": 0.12,
        "declines": 0.08,
        "unavailable": 0.04,
        "number does not exist": 0.01,
        "network failure": 0.01,
        "server error": 0.0,
    }


def _answered() -> Mapping[str, float]:
    return {
        "pays": 0.36,
        "already paid": 0.07,
        "cannot pay": 0.07,
        "callback at a time": 0.10,
        "callback some time": 0.04,
        "hangs up mid-sentence": 0.05,
        "hangs up at once": 0.03,
        "stays silent": 0.02,
        "wrong number": 0.03,
        "not at home": 0.03,
        "never call again": 0.02,
        "asks a question": 0.03,
        "asks for an agent": 0.02,
        "interrupts": 0.03,
        "confirms": 0.0,
        "reschedules": 0.04,
        "cancels": 0.03,
        "scores 9": 0.0,
        "scores 3": 0.0,
        "refuses the survey": 0.03,
        "talks past the limit": 0.0,
    }


@dataclass(frozen=True)
class SandboxSettings:
    """The profile of the callees that no catalogue entry fixes, how speech takes time, and the limits of trunks.

    Raises:
        ValueError: names every value that makes no sense.
    """

    answer_rate: float = 0.58
    """Chance that a person picks up, in an hour whose factor is 1 (0 to 1)."""
    hour_factors: tuple[float, ...] = _HOURS
    """By what the answer rate is multiplied in each of the 24 hours of the callee's day; what exceeds 1 in the end counts as 1."""
    unanswered: Mapping[str, float] = field(default_factory=_unanswered)
    """What happens when no person picks up: outcome -> weight."""
    answered: Mapping[str, float] = field(default_factory=_answered)
    """Who picks up: name of the character -> weight."""
    ring_seconds_median: float = 8.0
    ring_seconds_sigma: float = 0.5
    """Seconds until somebody picks up or declines: log-normal, cut to 1 to 40 s."""
    talk_seconds_median: float = 180.0
    talk_seconds_sigma: float = 0.5
    """How long a callee of the profile is willing to talk: log-normal, in seconds. Most conversations end before."""
    words_per_second: float = 2.6
    """Speed of all speech, the bot's and the callee's (156 words a minute)."""
    pause_seconds: tuple[float, float] = (0.4, 1.5)
    """How long a callee thinks before speaking: uniform, from and to."""
    network_ring_limit_seconds: float = 90.0
    """When the network itself gives up a call that nobody answers (480)."""
    longest_call_seconds: float = 14_400.0
    """When the network cuts a call that nobody ended."""
    channels: int = 100
    calls_per_second: float = 20.0
    """Limits of every trunk that has none of its own."""

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.answer_rate <= 1:
            problems.append(f"answer_rate must be from 0 to 1, not {self.answer_rate}")
        if len(self.hour_factors) != 24 or not all(0 <= factor < math.inf for factor in self.hour_factors):
            problems.append("hour_factors must be 24 numbers of at least 0")
        for name, known in (("unanswered", _unanswered()), ("answered", _answered())):
            weights: Mapping[str, float] = getattr(self, name)
            problems += [f"{name} knows no {key!r}; it knows {', '.join(known)}" for key in weights if key not in known]
            if not all(0 <= weight < math.inf for weight in weights.values()) or sum(weights.values()) <= 0:
                problems.append(f"the weights of {name} must be at least 0, and not all 0")
        problems += [f"{name} must be above 0, not {getattr(self, name)}" for name in _ABOVE_ZERO if not 0 < getattr(self, name) < math.inf]
        problems += [f"{name} must be from 0 to 3, not {getattr(self, name)}" for name in _SIGMAS if not 0 <= getattr(self, name) <= 3]
        if not (len(self.pause_seconds) == 2 and 0 <= self.pause_seconds[0] <= self.pause_seconds[1] < math.inf):
            problems.append(f"pause_seconds must be two numbers of at least 0, the smaller first, not {self.pause_seconds}")
        try:
            self.default_limits()
        except ValueError as error:
            problems.append(str(error))
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))

    def default_limits(self) -> TrunkLimits:
        """The limits of a trunk that has none of its own."""
        return TrunkLimits(self.channels, self.calls_per_second)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> SandboxSettings:
        """Settings with some values replaced, as read from YAML; lists may stand for tuples.

        Raises:
            ValueError: an unknown key (with the likely right one), a value of the wrong kind or out of range.
        """
        defaults = cls()
        known = {item.name: getattr(defaults, item.name) for item in fields(cls)}
        problems, chosen = [], {}
        for key, value in values.items():
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                problems.append(
                    f"there is no setting {key!r}" + (f", did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}")
                )
                continue
            try:
                chosen[key] = _like(known[key], value)
            except (TypeError, ValueError):
                problems.append(f"{key} must look like {known[key]!r}, not {value!r}")
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))
        return cls(**chosen)


def _like(example: Any, value: Any) -> Any:
    """`value` as the kind of thing that `example` is."""
    if isinstance(example, Mapping):
        return {str(key): _number(weight) for key, weight in value.items()} if isinstance(value, Mapping) else _refuse(value)
    if isinstance(example, tuple):
        return tuple(_number(item) for item in value) if isinstance(value, list | tuple) else _refuse(value)
    if isinstance(example, int):
        return value if isinstance(value, int) and not isinstance(value, bool) else _refuse(value)
    return _number(value)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float(_refuse(value))


def _refuse(value: Any) -> Any:
    raise TypeError(value)
