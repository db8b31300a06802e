"""What is said before anything else: what the rule pack of the callee's country requires, and what the bot wants besides. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.kernel.rules import first_words

__all__ = ["FirstWords", "first_words_of"]

_RECORDED = "recorded"


@dataclass(frozen=True)
class FirstWords:
    """What is said before anything else.

    Attributes:
        text: all of it.
        keys: what is said, in order, as `automated`, `recorded`.
        languages: the language of each.
        pack: the rule pack that requires some of it; empty if only the bot wants it.
    """

    text: str
    keys: tuple[str, ...]
    languages: tuple[str, ...]
    pack: str = ""

    def evidence(self) -> dict[str, Any]:
        """What the call's record keeps."""
        return {"text": self.text, "keys": list(self.keys), "languages": list(self.languages), "pack": self.pack}


def first_words_of(
    required: Collection[str],
    wanted: Collection[str],
    language: str,
    *,
    recorded: bool,
    own: Mapping[str, str] = MappingProxyType({}),
    pack: str = "",
) -> FirstWords | None:
    """The first words of a call; None if there are none.

    Args:
        required: what the rules require.
        wanted: what the bot wants besides.
        language: the bot's (BCP 47).
        recorded: whether the call is recorded: nothing is said of a recording that is not made.
        own: the bot's own wording of some of it, in its language.
        pack: the rule pack, for the evidence.
    """
    keys = [key for key in dict.fromkeys((*required, *wanted)) if recorded or key != _RECORDED]
    said = [
        (key, language, own[key]) if own.get(key, "").strip() else (one.key, one.language, one.text)
        for key in keys
        for one in first_words([key], language)
    ]
    if not said:
        return None
    return FirstWords(
        " ".join(text.strip() for _, _, text in said),
        tuple(key for key, _, _ in said),
        tuple(spoken for _, spoken, _ in said),
        pack if any(key in required for key in keys) else "",
    )
