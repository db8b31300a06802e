"""Keys in an INFO, as each kind of gateway writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.dtmf import KEYS
from core.transports.sip.info_keys import KEY_TYPES, keys_in_info

RELAY, ALONE, NORTEL, EVENT, MESSAGE = KEY_TYPES


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, "Signal=5\nDuration=160", "5"),
        (RELAY, "Signal=5\rDuration=160\r", "5"),
        (RELAY, "Signal= 5", "5"),
        (RELAY, "  SIGNAL =5  \r\n", "5"),
        (RELAY, "signal: 7\r\nduration: 160", "7"),
        (RELAY, "Duration=250\r\nSignal=9", "9"),
        (RELAY, "Signal=*", "*"),
        (RELAY, "Signal=#", "#"),
        (RELAY, "Signal=10", "*"),
        (RELAY, "Signal=11", "#"),
        (RELAY, "Signal=12", "A"),
        (RELAY, "Signal=d", "D"),
        (RELAY, 'Signal="5"', "5"),
        (RELAY, "Signal=16", ""),  # the hook flash
        (RELAY, "Signal=99", ""),
        (RELAY, "Signal=55 5", ""),
        (RELAY, "5", "5"),
        (RELAY, "5\r\n", "5"),
        (RELAY, "5\r\nDuration=160", "5"),
        (RELAY, "#", "#"),
        (RELAY, "Duration=5", ""),
        (RELAY, "55", ""),
        (RELAY, "", ""),
        (ALONE, "5", "5"),
        (ALONE, " 5\r\n", "5"),
        (ALONE, "\r\n#\r\n", "#"),
        (ALONE, "10", "*"),
        (ALONE, "Signal=5\r\nDuration=160", "5"),
        (ALONE, "555", ""),
        (EVENT, "8", "8"),
        (EVENT, "Event=5", "5"),
        (EVENT, "event: 10\r\nDuration: 800", "*"),
        (EVENT, "Event=16", ""),
        (MESSAGE, "7", "7"),
        (NORTEL, "5", ""),
        (NORTEL, "p=Digit-Collection\r\ny=Digits\r\n\r\nd=9\r\n", "9"),
        (NORTEL, "d=#", "#"),
        ("Application/DTMF-Relay ; charset=utf-8", "Signal=5", "5"),
        ("application/dtmf;x", "5", "5"),
        ("text/plain", "5", "5"),
        ("text/plain;charset=utf-8", "#\r\n", "#"),
        ("text/plain", "", None),
        ("text/plain", "10", None),
        ("text/plain", "5 o'clock", None),
        ("text/plain", "Signal=5", None),
        ("application/sdp", "d=5", None),
        ("", "5", None),
    ],
)
def test_what_an_info_tells(kind: str, body: str, key: str | None) -> None:
    assert keys_in_info(kind, body) == key


@given(st.sampled_from(KEY_TYPES), st.text(max_size=300))
def test_nothing_but_a_key_comes_of_it(kind: str, body: str) -> None:
    assert keys_in_info(kind, body) in {"", *KEYS}
