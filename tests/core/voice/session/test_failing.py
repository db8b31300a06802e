"""Providers that fail: in words, within bounds, and not with the next callee at once."""

from __future__ import annotations

import pytest

from core.voice.errors import VoiceError
from core.voice.line import Sound
from tests.core.voice.test_sound import tone

pytest.importorskip("livekit.agents", reason="the extra `voice` is not installed")

from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from core.voice.session.patience import Patience
from core.voice.session.resting import Resting
from core.voice.session.trouble import refused, words_of

pytestmark = pytest.mark.extras


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


class ReadTimeout(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (APIStatusError("Incorrect key sk-123", status_code=401), "acme refuses the key (status 401)"),
        (caused(APIConnectionError(), APIStatusError("no", status_code=503)), "acme answered with status 503"),
        (APITimeoutError(), "acme did not answer in time"),
        (caused(APIConnectionError(), ReadTimeout()), "acme did not answer in time"),
        (caused(APIConnectionError("x"), VoiceError("the offline voice died")), "fails: the offline voice died"),
        (APIConnectionError("secret words"), "the connection to acme failed"),
        (None, "the connection to acme failed"),
    ],
)
def test_the_reason_is_said_and_nothing_else(error: Exception | None, words: str) -> None:
    said = words_of("speech synthesis", "acme", error)
    assert words in said
    assert "sk-123" not in said
    assert "secret" not in said
    assert refused(error) == ("401" in words)


def test_a_speech_that_does_not_begin_is_given_up() -> None:
    patience = Patience(0.0)
    assert patience.look(11.9, None, callee_speaks=False) is None
    assert patience.look(12.0, None, callee_speaks=False) == "stuck"


def test_a_callee_who_speaks_is_waited_for_and_then_given_way_to() -> None:
    patience = Patience(0.0)
    assert patience.look(9.9, None, callee_speaks=True) is None
    assert patience.look(15.0, None, callee_speaks=False) is None  # its speech was no silence of ours
    assert patience.look(16.0, None, callee_speaks=True) == "callee"


def test_a_speech_that_stands_still_in_its_middle_is_given_up() -> None:
    patience, sound = Patience(0.0), Sound()
    sound.write(tone(0.04, 500))
    assert patience.look(1.0, sound, callee_speaks=False) is None
    sound.next()
    sound.next()
    assert patience.look(2.0, sound, callee_speaks=False) is None
    assert patience.look(5.9, sound, callee_speaks=False) is None
    assert patience.look(6.0, sound, callee_speaks=False) == "stuck"
    sound.finish()
    assert patience.look(60.0, sound, callee_speaks=False) is None


def test_a_voice_rests_for_a_minute() -> None:
    now = [100.0]
    resting = Resting(lambda: now[0])
    assert resting.why is None
    resting.rest("the key is wrong")
    now[0] = 159.0
    assert resting.why == "the key is wrong"
    now[0] = 160.0
    assert resting.why is None
