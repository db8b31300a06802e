"""Why calls fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sip.reasons import Cause, in_words, parse_reason, refused_by_trunk, with_text


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ('Q.850;cause=17;text="User busy"', Cause(17, "User busy")),
        ("Q.850; cause=16", Cause(16)),
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
