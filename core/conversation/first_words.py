"""What the law or the operator wants said first: that it is an automated assistant, that the call is recorded. Pure.

A rule pack, or the bot, names the statements; the wording is the bot's own, the pack's, or the one that is kept here for a language.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["STATEMENTS", "FirstWords", "Statement", "first_words_of"]

Statement = Literal["automated", "recorded", "caller"]
"""What is stated: that an automated assistant speaks; that the call is recorded; on whose behalf it calls."""
STATEMENTS: Final[tuple[Statement, ...]] = ("automated", "caller", "recorded")
"""Every statement, in the order in which they are said."""
_TEXTS: Final[Mapping[str, Mapping[Statement, str]]] = {
    "en": {
        "automated": "This is an automated assistant.",
        "recorded": "This call is recorded.",
        "caller": "I am calling on behalf of {caller}.",
    },
    "es": {
        "automated": "Le habla un asistente automático.",
        "recorded": "Esta llamada se graba.",
        "caller": "Llamo de parte de {caller}.",
    },
    "fr": {
        "automated": "Je suis un assistant automatique.",
        "recorded": "Cet appel est enregistré.",
        "caller": "J'appelle de la part de {caller}.",
    },
    "de": {
        "automated": "Hier spricht ein automatischer Assistent.",
        "recorded": "Dieses Gespräch wird aufgezeichnet.",
        "caller": "Ich rufe im Auftrag von {caller} an.",
    },
    "hi": {
        "automated": "मैं एक स्वचालित सहायक बोल रहा हूँ।",
        "recorded": "यह कॉल रिकॉर्ड की जा रही है।",
        "caller": "मैं {caller} की ओर से कॉल कर रहा हूँ।",
    },
}


@dataclass(frozen=True)
class FirstWords:
    """What is said before anything else.

    Attributes:
        text: all of it.
        statements: what is stated, in order.
        language: of the text.
        omitted: statements that were required and that the bot leaves out, by its own word.
        required_by: where the requirement comes from, as `US/collection`; empty if only the bot wants it.
    """

    text: str
    statements: tuple[Statement, ...]
    language: str
    omitted: tuple[Statement, ...] = ()
    required_by: str = ""

    def evidence(self) -> dict[str, Any]:
        """What the call's record keeps."""
        return {
            "text": self.text,
            "statements": list(self.statements),
            "language": self.language,
            "omitted": list(self.omitted),
            "required_by": self.required_by,
        }


def first_words_of(
    *,
    required: Collection[Statement] = (),
    wanted: Collection[Statement] = (),
    omitted: Collection[Statement] = (),
    language: str = "en",
    caller: str = "",
    recorded: bool = True,
    own: Mapping[Statement, str] | None = None,
    of_pack: Mapping[Statement, str] | None = None,
    required_by: str = "",
) -> FirstWords | None:
    """The first words of a call; None if there are none.

    Args:
        required: what the rule pack of the callee's country, and the bot's purpose, requires.
        wanted: what the bot wants besides.
        omitted: what the bot leaves out by its own word, even if they are required.
        language: of the bot (BCP 47); statements in a language that is not known here are made in English.
        caller: on whose behalf the bot calls; without it, nothing is said about that.
        recorded: whether the call is recorded: nothing is said of a recording that is not made.
        own: the bot's own wording.
        of_pack: the pack's wording, in this language.
        required_by: the pack, for the evidence.
    """
    said = [one for one in STATEMENTS if one in {*required, *wanted} and one not in omitted]
    if not recorded:
        said = [one for one in said if one != "recorded"]
    if not caller.strip() and not (own or {}).get("caller"):
        said = [one for one in said if one != "caller"]
    spoken = language.split("-", maxsplit=1)[0].casefold()
    known = spoken if spoken in _TEXTS else "en"
    texts = {**_TEXTS[known], **(of_pack or {}), **(own or {})}
    left_out = tuple(one for one in STATEMENTS if one in required and one in omitted)
    if not said and not left_out:
        return None
    words = " ".join(texts[one].format(caller=caller.strip()) if one not in (own or {}) else texts[one] for one in said)
    own_or_pack = all(one in {**(of_pack or {}), **(own or {})} for one in said)
    return FirstWords(words, tuple(said), language if own_or_pack else known, left_out, required_by if required else "")
