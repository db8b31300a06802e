"""The parts that scenarios are made of: states, steps, effects. A scenario is a table; `rules.brain` walks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from core.conversation.brain import Action
from core.conversation.callee_clock import CalleeClock
from core.conversation.rules.facts import Facts
from core.conversation.rules.intents import Intent
from core.conversation.rules.understand import Understood
from core.conversation.rules.vocabulary.pattern import Pattern

__all__ = ["END", "STAY", "Effect", "Line", "Moment", "Scenario", "State", "Step"]

STAY: Final = ""
"""A step that leads back to the state it came from."""
END: Final = "ended"
"""The state after the last word; what the callee adds is still heard."""


@dataclass(frozen=True)
class Moment:
    """What an effect can use: the callee's local time (without zone), the zone, the lead's values, the transfer target, if there is
    one, and the callee's clock; None: it is open at any time, and the zone is theirs."""

    now: datetime
    zone: ZoneInfo
    lead: Mapping[str, str]
    transfer_target: str | None = None
    clock: CalleeClock | None = None


Effect = Callable[[Facts, Understood, Moment], tuple[Action, ...]]
"""Records in the facts what was said; returns the actions to take."""


@dataclass(frozen=True)
class Step:
    """The reaction to a meaning: an effect, a line by its name, and the next state, whose question is asked unless the line contains one
    (`ask` false)."""

    say: str = ""
    to: str = STAY
    effect: Effect | None = None
    ask: bool = True
    choose: Callable[[Facts, Understood, Moment], Step] | None = None
    """Chooses between steps by the facts, after the effect."""


@dataclass(frozen=True)
class State:
    """Where the conversation is: the line that asks its question, and the steps for the answers.

    `again` is a shorter line for asking once more. A state without a question ends the call: the bot hangs up. `unclear`: the step for
    anything unforeseen; without one, the question is repeated, twice at most. `hears_only`: the meanings recognized here; anything else
    is `unclear` (for questions with free answers).
    """

    question: str = ""
    again: str = ""
    steps: Mapping[Intent, Step] = field(default_factory=dict)
    unclear: Step | None = None
    hears_only: frozenset[Intent] | None = None


@dataclass(frozen=True)
class Line:
    """Something the bot can say: variants with templates, of which one with all its fields present is used; else `plain`, which needs no
    field."""

    plain: str
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A kind of conversation.

    `anywhere` holds in every state that does not override it; `topics` are questions that can be answered from the
    lead's values, as pattern -> line, in a `private` matter only to the right person; `aliases` are the names under which
    leads hold a value, as value -> field names.
    """

    name: str
    vocabulary: tuple[Pattern, ...]
    states: Mapping[str, State]
    anywhere: Mapping[Intent, Step]
    lines: Mapping[str, Line]
    topics: tuple[tuple[str, str], ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: str = "identity"
    private: bool = True
