"""What may be said: private values only to the person who has confirmed who they are. One object per call, shared by session and brain."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.bots.config import BotConfig
from core.bots.private_fields import PERSONS, private_fields
from core.conversation.party import Party, asks_who_it_is, name_words, who_speaks
from core.conversation.private_values import PrivateValues
from core.conversation.session_lines import lines_in
from core.templates.lookup import normalised

__all__ = ["Disclosure", "Guarded", "disclosure_of", "open_disclosure"]

_SENTENCE: Final = re.compile(r".+?(?:[!?।]+|\.(?!\d))(?=\s|$)|.+?$", re.DOTALL)


@dataclass(frozen=True)
class Guarded:
    """What may be said of a text, and the private fields for which the rest was held back."""

    text: str
    held_back: tuple[str, ...] = ()


class Disclosure:
    """Knows whether the person has confirmed, and holds private values back until then.

    Args:
        values: the call's fields that are private, with their values.
        names: the person's names.
        needs_confirmation: False if the bot is declared to need none.
        instead: what is said where nothing of a text may be said.
    """

    def __init__(self, values: Mapping[str, str], names: Collection[str], *, needs_confirmation: bool = True, instead: str = "") -> None:
        self._names = name_words(names)
        self._private = PrivateValues(values, self._names)
        self._fields = frozenset(values)
        self._instead = instead
        self._confirmed = not needs_confirmation
        self._asked = False
        self._latest: Party = Party.UNCLEAR
        self.needs_confirmation = needs_confirmation
        """Whether the bot has to know who it speaks with before it says what is private."""

    @property
    def confirmed(self) -> bool:
        """Whether what is private may be said."""
        return self._confirmed

    @property
    def withheld(self) -> frozenset[str]:
        """The fields that nobody may hear yet."""
        return frozenset() if self._confirmed else self._fields

    def said(self, text: str) -> None:
        """The bot said this: it decides what a "yes" answers."""
        if text.strip():
            self._asked = asks_who_it_is(text, self._names)

    def heard(self, text: str) -> Party:
        """The callee said this. Returns who is on the line by these words; the person's own word confirms."""
        self._latest = self.judge(text)
        if self._latest is Party.CONFIRMED:
            self._confirmed = True
        return self._latest

    def judge(self, text: str, *, asked: bool | None = None) -> Party:
        """Who is on the line by these words, without any effect."""
        return who_speaks(text, self._names, asked=self._asked if asked is None else asked)

    def confirm(self) -> bool:
        """The brain takes what was heard last for a confirmation. Returns whether it is accepted: not if somebody else has answered."""
        if self._latest in (Party.DENIED, Party.THIRD_PARTY, Party.COMPANY):
            return self._confirmed
        self._confirmed = True
        return True

    def guarded(self, text: str) -> Guarded:
        """What may be said of a text now: until the person has confirmed, nothing from the first sentence with a private value on."""
        if self._confirmed or not self._private or not text.strip():
            return Guarded(text)
        return self.without_private(text)

    def without_private(self, text: str, instead: str | None = None) -> Guarded:
        """What of a text may be said to anybody; `instead` is said for the rest, by default the bot's own line."""
        kept: list[str] = []
        for sentence in _SENTENCE.findall(text.strip()):
            if held := self._private.said_in(" ".join([*kept[-1:], sentence])):  # a value may be said over two sentences
                return Guarded(" ".join([*kept, self._instead if instead is None else instead]).strip(), tuple(held))
            kept.append(sentence.strip())
        return Guarded(text)


def disclosure_of(config: BotConfig, crm: Mapping[str, str], added: Mapping[str, str] = MappingProxyType({})) -> Disclosure:
    """The disclosure of one call.

    Args:
        config: the bot: what is private, and whether it needs a confirmation.
        crm: the lead's values, stringified.
        added: further values of the call that others sent, which count like the lead's.
    """
    values = {**added, **crm}
    private = private_fields(values, config.private)
    persons = (value for name, value in values.items() if normalised(name) in PERSONS)
    return Disclosure(
        {name: values[name] for name in private},
        list(persons),
        needs_confirmation=config.confirms_identity,
        instead=lines_in(config.language).private,
    )


def open_disclosure() -> Disclosure:
    """A disclosure with nothing private."""
    return Disclosure({}, (), needs_confirmation=False)
