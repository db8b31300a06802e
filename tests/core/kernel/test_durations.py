from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86_400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        (10, 600),
        ("10", 600),
        (0.5, 30),
    ],
)
def test_reads_what_people_write(written: object, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "soon", "5 parsecs", "-5m", "-5", True, None, [], "400d", "9" * 400, "1e9"])
def test_refuses_the_rest(written: object) -> None:
    with pytest.raises(ValueError, match="length of time"):
        parse_duration(written)


@given(st.integers(0, 366 * 86_400_000))
def test_written_and_read_again(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(length)) == length


def test_fewest_units() -> None:
    assert [format_duration(timedelta(seconds=n)) for n in (0, 45, 1800, 5400, 86_400, 0.5)] == ["0s", "45s", "30m", "1h30m", "1d", "0.5s"]
