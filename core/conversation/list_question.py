"""Hears the callee who does not want to be called; asks, once in a call, if that is in doubt. Pure: decides, and says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from core.conversation.answers import yes_or_no
from core.conversation.opting_out import opts_out

__all__ = ["Ask", "GoOn", "ListQuestion", "TakeOff"]


@dataclass(frozen=True)
class TakeOff:
    """The callee wants no more calls, in these words."""

    words: str


@dataclass(frozen=True)
class Ask:
    """It is in doubt: ask whether to take the number off the list."""


@dataclass(frozen=True)
class GoOn:
    """The brain answers these words: the callee's, or after a bare "no" those that had raised the doubt."""

    words: str


class ListQuestion:
    """Decides what an utterance means for the list of those who may be called.

    The question is asked once in a call. No answer to it counts as a yes: see `unanswered`.
    """

    def __init__(self) -> None:
        self._doubtful: str | None = None
        self._asked = False

    @property
    def unanswered(self) -> str | None:
        """The doubtful words, while the question about them is open; silence, or hanging up, is then a yes."""
        return self._doubtful

    def hears(self, said: str) -> TakeOff | Ask | GoOn:
        """What these words of the callee mean."""
        doubtful, self._doubtful = self._doubtful, None
        verdict = opts_out(said)
        if doubtful is not None:
            answer = yes_or_no(said)
            if verdict is not None or answer:
                return TakeOff(f"{doubtful} / {said}")
            return GoOn(doubtful if answer is False and len(said.split()) <= 2 else said)
        if verdict is None:
            return GoOn(said)
        if verdict.grade == "sure":
            return TakeOff(said)
        if self._asked:
            return GoOn(said)
        self._asked, self._doubtful = True, said
        return Ask()
