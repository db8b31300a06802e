"""Says what the bot says: the one way to the callee's ear, which every sentence passes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from core.contracts.transport import Leg, LegError, Playout
from core.conversation.disclosure import Disclosure
from core.conversation.first_words import FirstWords
from core.conversation.transcript import Transcript

__all__ = ["Speech", "said_first"]

log = logging.getLogger(__name__)

_APOLOGIES = 2


def said_first(opening: str, first_words: FirstWords | None, disclosure: Disclosure) -> str:
    """What the callee hears first: what has to be said before anything else, and of the brain's opening what may be said."""
    return _joined(first_words, disclosure.guarded(opening).text)


def _joined(first_words: FirstWords | None, text: str) -> str:
    return text if first_words is None or not first_words.text.strip() else f"{first_words.text.strip()} {text.strip()}"


class Speech:
    """Speaks on a leg, and keeps the transcript of it.

    What the law or the operator wants said first is said before anything else, again if it was interrupted, until it was said whole.
    Sentences with private values are held back until the person has confirmed who they are.

    Args:
        leg: the callee's end.
        transcript: of this conversation.
        disclosure: what may be said.
        first_words: what is said before anything else; None for nothing.
        record: records an event of the call: `first_words_said`, `private_held_back`.
    """

    def __init__(
        self, leg: Leg, transcript: Transcript, disclosure: Disclosure, first_words: FirstWords | None, record: Callable[..., None]
    ) -> None:
        self._leg, self._transcript, self._disclosure, self._record = leg, transcript, disclosure, record
        self._first_words = first_words if first_words is not None and first_words.text.strip() else None

    async def say(self, text: str) -> Playout:
        """Speak; returns what was heard of it, without the first words."""
        guarded = self._disclosure.guarded(text)
        return await self._say(guarded.text, guarded.held_back)

    async def leave(self, message: str) -> Playout:
        """Speak to a machine, which anybody may listen to: nothing private, unless the bot needs no confirmation."""
        disclosure = self._disclosure
        guarded = disclosure.without_private(message, instead="") if disclosure.needs_confirmation else disclosure.guarded(message)
        return await self._say(guarded.text, guarded.held_back)

    async def _say(self, text: str, held_back: tuple[str, ...]) -> Playout:
        if held_back:
            self._record("private_held_back", fields=list(held_back))
        if not text.strip():
            return Playout("", True, 0.0)
        first = self._first_words
        whole = _joined(first, text)
        began = self._transcript.seconds
        playout = await self._leg.say(whole)
        self._transcript.bot(playout.spoken, began, completed=playout.completed)
        self._disclosure.said(playout.spoken)
        if first is None:
            return playout
        done = playout.completed or len(playout.spoken.split()) >= len(first.text.split())
        self._record("first_words_said", **first.evidence(), completed=done)
        if done:
            self._first_words = None
        rest = playout.spoken.split()[len(first.text.split()) :]
        return Playout(" ".join(rest), playout.completed, playout.seconds)

    async def apologise(self, apology: str) -> None:
        """Apologize for a failure, if that can still be said; twice, if the callee keeps speaking."""
        try:
            for _ in range(_APOLOGIES):
                if (await self.say(apology)).completed:
                    return
        except LegError as error:
            log.warning("an apology could not be spoken: %s", error)
