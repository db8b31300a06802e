"""Sound that is kept by its words."""

from __future__ import annotations

import numpy as np

from core.voice.phrases import Phrases
from core.voice.ports import RATE


def test_what_was_kept_is_found() -> None:
    phrases = Phrases()
    sound = np.ones(RATE, dtype=np.int16)
    assert phrases.get("hello") is None
    phrases.keep("hello", sound)
    assert phrases.get("hello") is sound


def test_the_least_lately_asked_for_goes_first() -> None:
    phrases = Phrases(seconds=2)
    second = np.ones(RATE, dtype=np.int16)
    phrases.keep("a", second)
    phrases.keep("b", second)
    assert phrases.get("a") is not None
    phrases.keep("c", second)
    assert (phrases.get("a") is None, phrases.get("b") is None, phrases.get("c") is None) == (False, True, False)


def test_the_same_words_again_take_no_more_room() -> None:
    phrases = Phrases(seconds=2)
    second = np.ones(RATE, dtype=np.int16)
    phrases.keep("a", second)
    for _ in range(5):
        phrases.keep("b", second)
    assert phrases.get("a") is not None


def test_what_is_too_long_is_not_kept() -> None:
    phrases = Phrases(seconds=1)
    phrases.keep("a", np.ones(2 * RATE, dtype=np.int16))
    assert phrases.get("a") is None
