"""The parts that scenarios are made of: states, steps, effects. A scenario is a table; `rules.brain` walks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from core.conversation.brain import Action
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
    """What an effect may know: the local time of the bot (without zone), its zone, the values of the lead, and the
    transfer target, if there is one."""

    now: datetime
    zone: ZoneInfo
    lead: Mapping[str, str]
    transfer_target: str | None = None


Effect = Callable[[Facts, Understood, Moment], tuple[Action, ...]]
"""Notes what was said in the facts; returns what is to be done."""


@dataclass(frozen=True)
class Step:
    """What follows a meaning: an effect, a line by its name, and the next state, whose question is asked unless the line asks
    itself (`ask` false)."""

    say: str = ""
    to: str = STAY
    effect: Effect | None = None
    ask: bool = True
    choose: Callable[[Facts, Understood, Moment], Step] | None = None
    """Decides between steps by the facts, after the effect."""


@dataclass(frozen=True)
class State:
    """Where the conversation stands: the line that asks for what it waits for, and what may be answered.

    `again` is a shorter line for asking once more. A state without a question is an end: the bot hangs up.
    `unclear`: the step for anything unforeseen, if that means something here; else it is asked again, twice at most.
    `hears_only`: meanings heard here; anything else is `unclear` (for questions with free answers).
    """

    question: str = ""
    again: str = ""
    steps: Mapping[Intent, Step] = field(default_factory=dict)
    unclear: Step | None = None
    hears_only: frozenset[Intent] | None = None


@dataclass(frozen=True)
class Line:
    """Something the bot can say: variants with templates, of which one whose fields are all there is used; else `plain`,
    which needs no field."""

    plain: str
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A kind of conversation.

    `anywhere` holds in every state that does not say otherwise; `topics` are questions that can be answered from the
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
