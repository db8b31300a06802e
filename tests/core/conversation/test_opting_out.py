"""Opting out: phrasings written by somebody who had not seen the data, half of them never looked at while it was made."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from core.conversation.opting_out import opts_out, wants_no_calls

PHRASES = Path(__file__).parent / "phrases"
LANGUAGES = ("en", "es", "fr", "de", "hi", "hi-Latn")


def read(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.load((PHRASES / f"{name}.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    return found


def sealed(text: str) -> bool:
    """Whether a phrase belongs to the half that the data was not tuned on."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def figures(which: bool) -> tuple[float, float]:
    """Recall, and the share of false alarms, on one half; printed by language."""
    name = "held out" if which else "development"
    found = said = 0
    for language, texts in read("opt_out").items():
        half = [text for text in texts if sealed(text) is which]
        heard = sum(opts_out(text) is not None for text in half)
        sure = sum(wants_no_calls(text) for text in half)
        print(f"{name:11} {language:7} {heard:3} of {len(half):3} heard ({heard / len(half):.1%}), {sure} without a question")
        found, said = found + heard, said + len(half)
    ordinary = [text for texts in read("ordinary").values() for text in texts if sealed(text) is which]
    alarms = sum(opts_out(text) is not None for text in ordinary)
    print(f"{name:11} recall {found / said:.1%} of {said}; false alarms {alarms / len(ordinary):.1%} of {len(ordinary)} ordinary answers")
    return found / said, alarms / len(ordinary)


def test_whoever_wants_no_calls_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print()
        recall, alarms = figures(False)
        held_out_recall, held_out_alarms = figures(True)
    assert set(read("opt_out")) == set(LANGUAGES)
    assert all(len(texts) >= 60 for texts in read("opt_out").values())
    assert recall >= 0.95
    assert alarms <= 0.02
    assert held_out_recall >= HELD_OUT_RECALL
    assert held_out_alarms <= HELD_OUT_ALARMS


HELD_OUT_RECALL, HELD_OUT_ALARMS = 0.91, 0.03
"""What has been reached on phrasings that nobody tuned on; a change must not fall below it."""


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "revoke",
        "I withdraw my consent",
        "put me on the do not call list",
        "I'm on the national do-not-call registry",
        "I don't want to hear from you again",
        "Why do you keep calling me? I told you to stop.",
        "cease and desist",
        "no need to call again",
        "mat karo phone",
        "aage se call mat karna",
        "call karna band karo",
        "मुझे दोबारा कॉल मत कीजिए",
        "मेरा नंबर हटा दीजिए",
        "No me llamen más",
        "Quítenme de su lista",
        "Ne m'appelez plus jamais",
        "Retirez-moi de votre liste",
        "Rufen Sie mich nie wieder an",
        "Löschen Sie meine Nummer",
    ],
)
def test_no_more_calls(text: str) -> None:
    assert wants_no_calls(text)


@pytest.mark.parametrize("text", ["This is intrusive", "go away", "You keep calling me"])
def test_in_doubt(text: str) -> None:
    verdict = opts_out(text)
    assert verdict is not None
    assert verdict.grade == "doubt"


@pytest.mark.parametrize(
    "text",
    [
        "Don't call me before nine",
        "Please don't call at work",
        "They never call me back",
        "I can't talk now, call me tomorrow",
        "Don't hang up",
        "Why did you stop calling me?",
        "Take me off the waiting list",
        "No me llame antes de las nueve",
        "N'appelez pas avant neuf heures",
        "Rufen Sie morgen nochmal an",
        "abhi call mat karo",
        "phone mat rakhna",
        "मैंने कॉल नहीं किया",
        "I forgot my account number",
    ],
)
def test_at_another_time_is_no_opting_out(text: str) -> None:
    assert opts_out(text) is None
