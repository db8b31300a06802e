import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bots.config import SilenceConfig
from core.conversation.closure import closure_phrase
from core.conversation.silence import after_silence, ending_of_silence, line_for

PHRASES = ("goodbye", "have a nice day")


@pytest.mark.parametrize(
    ("spoken", "closes"),
    [
        ("Goodbye.", True),
        ("Thank you. Have a nice day!", True),
        ("Thank you, goodbye", True),
        ("Have a  NICE day, Asha.", True),
        ("Goodbye to paper bills. Would you like that?", False),
        ("Shall I say goodbye?", False),
        ("Goodbyes are hard.", False),
        ("Have a nice d", False),
        ("", False),
        ("...", False),
    ],
)
def test_closure(spoken: str, closes: bool) -> None:
    assert (closure_phrase(spoken, PHRASES) is not None) is closes


@given(st.text())
def test_no_phrases_close_nothing(spoken: str) -> None:
    assert closure_phrase(spoken, ()) is None
    assert closure_phrase(spoken, ("", "?!")) is None


@given(st.integers(0, 10), st.integers(1, 30))
def test_silence_is_asked_as_often_as_configured(re_engagements: int, count: int) -> None:
    config = SilenceConfig(re_engagements=re_engagements, lines=["a", "b"])
    assert (after_silence(count, config) == "ask_again") == (count <= re_engagements)
    assert line_for(count, config) == ("a" if count == 1 else "b")


def test_the_end_of_a_silence() -> None:
    assert ending_of_silence(customer_spoke=False) == "silent"
    assert ending_of_silence(customer_spoke=True) == "dead_air"
