"""Whether an answer is a yes or a no, in any of the languages that the phrases know. Pure."""

from __future__ import annotations

import functools
from typing import Final

from core.conversation.phrases import book, languages_of, sections_in

__all__ = ["yes_or_no"]

_SUBJECT: Final = "answers"


@functools.lru_cache(maxsize=4096)
def yes_or_no(said: str) -> bool | None:
    """True for an answer that begins with a yes, False for one that begins with a no; None for any other, and for one that is both."""
    sections = {section for language in languages_of(_SUBJECT) for section in sections_in(book(_SUBJECT, language), said)}
    if "no" in sections:
        return None if "yes" in sections else False
    return True if "yes" in sections else None
