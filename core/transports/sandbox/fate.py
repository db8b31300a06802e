"""What is going to happen to one call, drawn before it rings: by the profile, for callees that no catalogue entry fixes."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from core.transports.sandbox.behaviour import Callee, Machine, Rambler, Silent
from core.transports.sandbox.characters import CHARACTERS
from core.transports.sandbox.network_log import EndedBy
from core.transports.sandbox.person import Person
from core.transports.sandbox.settings import SandboxSettings

__all__ = ["FAILURES", "Failure", "Fate", "answered", "calling", "drawn", "failed", "ring_seconds"]

_LEAST_RING, _MOST_RING = 1.0, 40.0


@dataclass(frozen=True)
class Failure:
    """A way not to be answered: the final SIP status, whose side sent it, and whether the phone rings before."""

    sip_status: int
    reason: str
    by: EndedBy
    rings: bool = False


FAILURES = {
    "busy": Failure(486, "Busy Here", "callee"),
    "declines": Failure(603, "Decline", "callee", rings=True),
    "rings out": Failure(480, "Temporarily Unavailable", "network", rings=True),
    "unavailable": Failure(480, "Temporarily Unavailable", "network"),
    "number does not exist": Failure(404, "Not Found", "network"),
    "network failure": Failure(503, "Service Unavailable", "network"),
    "server error": Failure(500, "Server Internal Error", "network"),
}


@dataclass(frozen=True)
class Fate:
    """What the callee's side is going to do.

    `outcome` is one word for it, `seconds` pass until it answers or fails; `callee` is who answers, or `failure` says why none does.
    """

    outcome: str
    seconds: float
    callee: Callee | None = None
    failure: Failure | None = None

    @property
    def rings(self) -> bool:
        """Whether the callee's phone rings."""
        return self.failure is None or self.failure.rings


def drawn(settings: SandboxSettings, hour: int, stream: random.Random) -> Fate:
    """A fate by the profile.

    Args:
        settings: the profile.
        hour: hour of the callee's day (0 to 23).
        stream: the attempt's own; every draw takes place whatever the others gave, so that no setting shifts another.
    """
    luck, seconds = stream.random(), ring_seconds(settings, stream)
    nobody, somebody = _weighted(settings.unanswered, stream.random()), _weighted(settings.answered, stream.random())
    patience = _lognormal(settings.talk_seconds_median, settings.talk_seconds_sigma, stream)
    if luck < settings.answer_rate * settings.hour_factors[hour]:
        return answered(somebody, seconds, patience)
    if nobody == "voicemail":
        return answered(nobody, min(2.5 * seconds, _MOST_RING))
    return failed(nobody, seconds, settings, stream)


def calling(settings: SandboxSettings, stream: random.Random) -> Fate:
    """Who calls us, by the profile of those who pick up: they are on the line at once."""
    somebody = _weighted(settings.answered, stream.random())
    return answered(somebody, 0.0, _lognormal(settings.talk_seconds_median, settings.talk_seconds_sigma, stream))


def answered(outcome: str, seconds: float, patience: float | None = None) -> Fate:
    """Somebody, or a machine, picks up after ringing for `seconds` and is willing to talk for `patience` seconds."""
    callee: Callee
    match outcome:
        case "voicemail":
            callee = Machine()
        case "stays silent":
            callee = Silent()
        case "talks past the limit":
            callee = Rambler()
        case _:
            callee = Person(CHARACTERS[outcome], patience)
    return Fate(outcome, seconds, callee=callee)


def failed(outcome: str, seconds: float, settings: SandboxSettings, stream: random.Random) -> Fate:
    """Nobody picks up; `seconds` is how long a phone rings that is declined. What does not ring fails within a second or so."""
    failure = FAILURES[outcome]
    if outcome == "rings out":
        seconds = settings.network_ring_limit_seconds
    elif not failure.rings:
        seconds = stream.uniform(0.2, 1.2)
    return Fate(outcome, round(seconds, 3), failure=failure)


def ring_seconds(settings: SandboxSettings, stream: random.Random) -> float:
    """How long a phone rings until somebody picks up or declines: log-normal, cut to 1 to 40 s, in milliseconds."""
    drawn = _lognormal(settings.ring_seconds_median, settings.ring_seconds_sigma, stream)
    return round(min(max(drawn, _LEAST_RING), _MOST_RING), 3)


def _lognormal(median: float, sigma: float, stream: random.Random) -> float:
    return math.exp(math.log(median) + sigma * stream.gauss(0.0, 1.0))


def _weighted(weights: Mapping[str, float], luck: float) -> str:
    """The name on which `luck` (0 to 1) falls; never one of weight 0."""
    likely = [name for name, weight in weights.items() if weight > 0]
    sums = list(itertools.accumulate(weights[name] for name in likely))
    return likely[min(bisect.bisect(sums, luck * sums[-1]), len(likely) - 1)]
