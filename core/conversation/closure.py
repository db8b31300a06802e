"""Closure phrases: spoken by the bot, they end the call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["closure_phrase"]

_SENTENCE = re.compile(r"[^.!?।]+[.!?।]*")
_WORD = re.compile(r"[^\W_]+")


def closure_phrase(spoken: str, phrases: Iterable[str]) -> str | None:
    """The phrase with which the bot closed the call, if it did.

    Only the last sentence that was actually spoken counts, and only whole words in a statement: "Would you like to say goodbye to paper
    bills?" closes nothing.
    """
    sentences = [s for s in _SENTENCE.findall(spoken) if _WORD.search(s)]
    if not sentences or sentences[-1].rstrip().endswith("?"):
        return None
    said = _words(sentences[-1])
    for phrase in phrases:
        wanted = _words(phrase)
        if wanted.strip() and wanted in said:
            return phrase
    return None


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
