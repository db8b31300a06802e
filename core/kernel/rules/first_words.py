"""What is to be said first, in the bot's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from core.kernel.yaml_document import read_yaml

__all__ = ["FirstWords", "first_words"]

_FILE = Path(__file__).parent / "first_words.yaml"
_FALLBACK: Final = "en"


@dataclass(frozen=True)
class FirstWords:
    """A sentence that is said first. `language` is that of `text`: English if there is none in the bot's language."""

    key: str
    language: str
    text: str


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    return dict(read_yaml(_FILE).data)


def first_words(keys: Iterable[str], language: str) -> tuple[FirstWords, ...]:
    """The sentences of `Rules.first_words`, in order.

    Args:
        keys: which.
        language: the bot's (BCP 47); its region does not matter.
    """
    wanted = language.partition("-")[0].lower()
    found = []
    for key in keys:
        texts = _texts()[key]
        spoken = wanted if wanted in texts else _FALLBACK
        found.append(FirstWords(key, spoken, texts[spoken]))
    return tuple(found)
