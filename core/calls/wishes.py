"""What the callee asked for in a conversation, kept the moment it was said.

A process that dies a moment later cannot lose it then: the journal writes the event at once, fenced like every write to a
live call, and "never call me again" puts the number on the suppression list in the same transaction, even if another process
has taken the call over. Whoever takes it over finds both, and its result carries them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from core.kernel.lines import Lines
from core.kernel.numbers import split_key
from core.suppressions import store as suppressions

__all__ = ["CALLBACK", "DO_NOT_CALL", "KEPT_AT_ONCE", "PERSON", "Wishes", "suppress", "wishes_in"]

DO_NOT_CALL: Final = "do_not_call_requested"
CALLBACK: Final = "callback_requested"
PERSON: Final = "person_requested"
KEPT_AT_ONCE: Final = frozenset({DO_NOT_CALL, CALLBACK, PERSON})
"""The kinds of events that are not left to the end of the call."""


@dataclass(frozen=True)
class Wishes:
    """The callee's last wishes of each kind; `callback` is `at` (ISO, or None if no time was named) and `words`,
    `person` is `words`."""

    do_not_call: bool = False
    callback: dict[str, Any] | None = None
    person: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return self.do_not_call or self.callback is not None or self.person is not None

    def and_then(self, kind: str, data: Mapping[str, Any]) -> Wishes:
        """The wishes after one more event; most events are none."""
        if kind == DO_NOT_CALL:
            return replace(self, do_not_call=True)
        if kind == CALLBACK:
            return replace(self, callback={"at": data.get("callback_at"), "words": data.get("words")})
        if kind == PERSON:
            return replace(self, person={"words": data.get("words")})
        return self


def wishes_in(events: Iterable[tuple[str, Mapping[str, Any]]]) -> Wishes:
    """The wishes in the events `(kind, data)` of a call, in order. Pure."""
    wishes = Wishes()
    for kind, data in events:
        wishes = wishes.and_then(kind, data)
    return wishes


def suppress(connection: Connection, number: str, lines: Lines, call_id: str, now: datetime) -> None:
    """Put the callee of a call on the suppression list of the lines that it was on, on its own word. One who stands there stays as
    it is; one without a number cannot be dialled anyway."""
    e164, _ = split_key(number)
    if not e164.startswith("+"):  # a caller who withheld the number, or one that is none
        return
    suppressions.add(connection, e164, lines=lines, reason="asked not to be called again", source="callee", now=now, call_id=call_id)
