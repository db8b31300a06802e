"""Why calls fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.reasons import Cause, in_words, network_ended, parse_reason, refused_by_trunk, with_text


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ('Q.850;cause=17;text="User busy"', Cause(17, "User busy")),
        ("Q.850; cause=16", Cause(16)),
        ('Q.850;cause="17"', Cause(17)),
        ('q.850 ;text="a; b, c" ; cause = 34', Cause(34, "a; b, c")),
        ('SIP;cause=603;text="Decline", Q.850;cause=21', Cause(21)),
        ("SIP;cause=200", None),
        ("Q.850", None),
        ("", None),
    ],
)
def test_reason_header(header: str, cause: Cause | None) -> None:
    assert parse_reason(header) == cause


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ('SIP;cause=503;text="Channel limit reached"', "Down: Channel limit reached"),
        ('Q.850;cause=34;text="none free", SIP ;text="CPS, 5 a second" ;cause=503', "Down: CPS, 5 a second"),
        ('SIP;cause=503;text="down"', "Down"),  # it says the same
        ('Q.850;cause=34;text="none free"', "Down"),  # the cause says it
        ("SIP;cause=503", "Down"),
        ("", "Down"),
    ],
)
def test_what_else_the_carrier_says(header: str, words: str) -> None:
    assert with_text("Down", header) == words


@given(st.text(max_size=200))
def test_hostile_headers(header: str) -> None:
    assert with_text("", header).isprintable()
    cause = parse_reason(header)
    assert cause is None or str(cause).isprintable()


def test_in_words() -> None:
    assert in_words("Busy Here", Cause(17)) == "Busy Here (Q.850 17: user busy)"
    assert in_words("Not\r\nFound", None) == "NotFound"


@pytest.mark.parametrize(
    ("status", "cause", "rang", "full", "too_fast", "ours"),
    [
        (503, None, False, True, False, True),  # all our channels are in use
        (480, None, False, False, True, True),  # faster than the trunk takes
        (403, None, False, True, False, True),
        (480, None, False, False, False, False),  # room on the trunk: the callee is not there
        (503, None, True, True, True, False),  # it rang: the callee's side
        (404, None, False, True, True, False),  # no carrier says so for that
        (503, Cause(34), False, False, False, True),  # the network says that it is congested
        (480, Cause(18), False, False, False, False),
        (486, Cause(34), False, False, False, False),
        (486, None, False, True, False, True),
        (486, Cause(17), False, True, True, False),  # the network says that it is the callee, however full our trunk is
        (480, Cause(20), False, True, False, False),
    ],
)
def test_whose_fault(status: int, cause: Cause | None, rang: bool, full: bool, too_fast: bool, ours: bool) -> None:
    assert refused_by_trunk(status, cause, rang=rang, full=full, too_fast=too_fast) is ours


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ('Q.850;cause=38;text="Network out of order"', "cut off (Q.850 38: Network out of order)"),
        ("Q.850;cause=41", "cut off (Q.850 41: temporary failure)"),
        ("q.850 ; cause = 42", "cut off (Q.850 42: switching equipment congestion)"),
        ("Q.850;cause=27", "cut off (Q.850 27: destination out of order)"),
        ("Q.850;cause=102", "cut off (Q.850 102: recovery on timer expiry)"),
        ("Q.850;cause=20", "cut off (Q.850 20: subscriber absent)"),
        ("Q.850;cause=111", "cut off (Q.850 111: protocol error)"),
        ('Q.850;cause=604;text="MEDIA_TIMEOUT"', "cut off (Q.850 604: MEDIA_TIMEOUT)"),
        ('SIP;cause=200;text="RTP Timeout", Q.850;cause=16', "cut off (SIP 200: RTP Timeout)"),
        ('Q.850;cause=31;text="Session timer expired"', "cut off (Q.850 31: Session timer expired)"),
        ('SIP;cause=408;text="session timer ran out"', "cut off (SIP 408: session timer ran out)"),
        ("SIP;cause=503", "cut off (SIP 503)"),
        ("SIP;cause=200, Q.850;cause=41", "cut off (Q.850 41: temporary failure)"),
        ('Q.850;cause=16;text="Normal call clearing"', None),
        ("Q.850;cause=17", None),
        ("Q.850;cause=31", None),
        ("Q.850;cause=127", None),
        ('SIP;cause=200;text="Call completed elsewhere"', None),
        ("SIP;cause=487", None),
        ("X;cause=38", None),
        ("Q.850", None),
        ("", None),
    ],
)
def test_who_hangs_up_and_what_is_cut_off(header: str, why: str | None) -> None:
    assert network_ended(header) == why
