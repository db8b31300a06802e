"""Carriers that allow less than the record says, and lists whose phones are switched off: what is learned, and who is charged."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.trunks.carriers import Carrier, dial_list

SEEDS = st.integers(0, 10_000)


def switched_off(leads: int, seed: int, share: float = 0.2) -> frozenset[int]:
    stream = random.Random(f"{leads} {seed}")
    return frozenset(number for number in range(leads) if stream.random() < share)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 8), st.sampled_from([403, 480, 486, 503, 603]))
def test_fewer_channels(seed: int, channels: int, status: int) -> None:
    found = dial_list(Carrier(channels=lambda _: channels, status=status), 60, seed=seed)
    assert (len(found.reached), sum(found.charged.values()), found.down) == (60, 0, 0)
    assert max(found.spared.values()) <= 3
    assert found.limits.channels is not None
    assert (found.limits.channels.holds, found.limits.rate) == (channels, None)
    assert found.refused_late <= 4  # probes only


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([2.0, 3.0, 5.0]), st.booleans())
def test_fewer_calls_a_second(seed: int, rate: float, counts_refused: bool) -> None:
    found = dial_list(Carrier(rate=lambda _: rate, counts_refused=counts_refused), 100, channels=60, talk=8.0, seed=seed)
    assert (len(found.reached), found.down) == (100, 0)
    assert sum(found.charged.values()) <= 2
    assert max(found.spared.values()) <= 3
    assert found.limits.rate is not None
    assert 0.5 * rate <= found.limits.rate.holds <= 1.3 * rate
    assert found.seconds < 100 / rate + 90


@pytest.mark.parametrize("seed", range(4))
def test_both(seed: int) -> None:
    found = dial_list(Carrier(channels=lambda _: 3, rate=lambda _: 2), 60, seed=seed)
    assert (len(found.reached), sum(found.charged.values()), found.down) == (60, 0, 0)
    assert found.limits.channels is not None
    assert found.limits.channels.holds == 3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "carrier",
    [
        lambda: Carrier(channels=lambda at: 3 if 30 < at < 90 else 10),
        lambda: Carrier(rate=lambda at: 2 if 10 < at < 60 else 10),
    ],
)
def test_a_limit_that_changes_in_mid_run(carrier: Callable[[], Carrier], seed: int) -> None:
    found = dial_list(carrier(), 240, channels=10, seed=seed)
    assert (len(found.reached), found.down) == (240, 0)
    assert sum(found.charged.values()) <= 4
    assert found.seconds < 300  # it is raised again: at 3 channels all the way it takes 600 s


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([480, 486, 603]))
def test_phones_that_are_switched_off_are_charged_and_slow_nothing_down(seed: int, status: int) -> None:
    off = switched_off(150, seed)
    found = dial_list(Carrier(off=off, off_status=status), 150, channels=30, seed=seed, attempts=1)
    reachable = 150 - len(off)
    assert len(found.reached) == reachable
    assert found.seconds < 110  # 15 s at 10 a second, and the longest calls and waits
    assert len([number for number in off if found.charged[number]]) >= 0.9 * len(off)
    assert sum(found.spared.values()) <= 0.3 * len(off) + 3


@pytest.mark.parametrize("seed", range(4))
def test_phones_that_are_switched_off_behind_a_small_trunk(seed: int) -> None:
    off = switched_off(120, seed)
    found = dial_list(Carrier(off=off, channels=lambda _: 3), 120, seed=seed, attempts=1)
    assert len(found.reached) == 120 - len(off)
    assert not [number for number in found.charged if number not in off]
    assert found.limits.channels is not None
    assert found.limits.channels.holds == 3


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.sampled_from([403, 480, 486, 603]))
def test_a_carrier_that_refuses_everybody_is_down(seed: int, status: int) -> None:
    found = dial_list(Carrier(channels=lambda _: 0, status=status), 50, seed=seed)
    assert found.down
    assert not found.charged
    assert not found.limits


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_carrier_that_keeps_to_the_record_is_left_alone(seed: int) -> None:
    found = dial_list(Carrier(channels=lambda _: 10, rate=lambda _: 10), 100, seed=seed)
    assert (len(found.reached), found.charged, found.spared, bool(found.limits)) == (100, {}, {}, False)


@pytest.mark.parametrize("status", [480, 486, 603])
def test_one_phone_that_is_not_to_be_disturbed_is_charged(status: int) -> None:
    found = dial_list(Carrier(off=[5], off_status=status), 12, seed=1, attempts=1)
    assert (len(found.reached), found.charged, found.spared) == (11, {5: 1}, {})
