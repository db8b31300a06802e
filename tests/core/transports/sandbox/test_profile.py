"""The profile: its shares, its distributions, its settings."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transports.sandbox import CATALOGUE, SandboxSettings
from core.transports.sandbox.characters import CHARACTERS
from core.transports.sandbox.fate import FAILURES, Fate, drawn
from core.transports.sandbox.network import callee_hour

NO_CHARACTER = {"stays silent", "talks past the limit"}


def draws(settings: SandboxSettings, hour: int = 10, count: int = 4000) -> list[Fate]:
    return [drawn(settings, hour, random.Random(f"draw {number}")) for number in range(count)]


def share(fates: list[Fate], *outcomes: str) -> float:
    return sum(fate.outcome in outcomes for fate in fates) / len(fates)


def test_the_profile_and_the_catalogue_know_the_same_callees() -> None:
    profile = SandboxSettings()
    assert set(profile.answered) == set(CHARACTERS) | NO_CHARACTER
    assert set(profile.unanswered) == set(FAILURES) | {"voicemail"}
    assert {entry.outcome for entry in CATALOGUE} <= set(profile.answered) | set(profile.unanswered)


def test_shares_are_those_of_the_profile() -> None:
    profile = SandboxSettings()
    fates = draws(profile)
    people = sum(share(fates, name) for name in profile.answered)
    assert people == pytest.approx(profile.answer_rate, abs=0.03)
    assert share(fates, "pays") == pytest.approx(profile.answer_rate * profile.answered["pays"], abs=0.03)
    assert share(fates, "rings out") == pytest.approx((1 - profile.answer_rate) * profile.unanswered["rings out"], abs=0.03)


def test_people_answer_less_at_night() -> None:
    profile = SandboxSettings()
    by_hour = Counter({hour: sum(fate.failure is None for fate in draws(profile, hour)) for hour in (3, 18)})
    assert by_hour[18] > by_hour[3]


def test_an_hour_changes_only_who_does_not_pick_up() -> None:
    profile = SandboxSettings()
    for night, evening in zip(draws(profile, 3, 500), draws(profile, 18, 500), strict=True):
        assert night.outcome == evening.outcome or night.outcome in profile.unanswered


def test_ring_times_are_log_normal() -> None:
    fates = draws(SandboxSettings(answer_rate=1.0))
    seconds = [fate.seconds for fate in fates]
    assert statistics.median(seconds) == pytest.approx(8.0, rel=0.05)
    assert min(seconds) >= 1
    assert max(seconds) <= 40


@given(luck=st.integers(), hour=st.integers(0, 23), rate=st.floats(0, 1))
def test_every_draw_is_a_fate(luck: int, hour: int, rate: float) -> None:
    fate = drawn(SandboxSettings(answer_rate=rate), hour, random.Random(luck))
    assert (fate.callee is None) is (fate.failure is not None)
    assert 0 < fate.seconds <= 90
    assert fate.outcome in SandboxSettings().answered or fate.outcome in SandboxSettings().unanswered


def test_a_weight_of_0_is_never_drawn() -> None:
    fates = draws(SandboxSettings(answer_rate=0.5, answered={"pays": 0, "wrong number": 2}, unanswered={"busy": 1, "declines": 0}))
    assert {fate.outcome for fate in fates} == {"wrong number", "busy"}


@pytest.mark.parametrize(("number", "hour"), [("+919876543210", 15), ("+442079460123", 10), ("+99912345678", 10), ("+12125550142", 5)])
def test_the_hour_is_that_of_the_callee(number: str, hour: int) -> None:
    assert callee_hour(number, datetime(2026, 3, 4, 10, 0, tzinfo=UTC)) == hour


def test_settings_from_yaml() -> None:
    settings = SandboxSettings.from_mapping({"answer_rate": 1, "pause_seconds": [0, 1], "answered": {"pays": 1}, "channels": 5})
    assert settings == SandboxSettings(answer_rate=1.0, pause_seconds=(0.0, 1.0), answered={"pays": 1.0}, channels=5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"anser_rate": 1}, "did you mean 'answer_rate'"),
        ({"xyz": 1}, "there is no setting 'xyz'; there are answer_rate"),
        ({"answer_rate": "high"}, "answer_rate must look like 0.58, not 'high'"),
        ({"answer_rate": 2}, "answer_rate must be from 0 to 1"),
        ({"answer_rate": True}, "answer_rate must look like"),
        ({"channels": 1.5}, "channels must look like 100"),
        ({"channels": 0}, "1 channel"),
        ({"answered": {"plays": 1}}, "answered knows no 'plays'"),
        ({"answered": {"pays": 0}}, "not all 0"),
        ({"answered": {"pays": float("nan")}}, "not all 0"),
        ({"unanswered": [1]}, "unanswered must look like"),
        ({"hour_factors": [1, 2]}, "24 numbers"),
        ({"pause_seconds": [2, 1]}, "the smaller first"),
        ({"words_per_second": 0}, "words_per_second must be above 0"),
        ({"ring_seconds_sigma": -1}, "ring_seconds_sigma must be from 0 to 3"),
    ],
)
def test_settings_that_make_no_sense(values: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="sandbox settings: ") as error:
        SandboxSettings.from_mapping(values)
    assert message in str(error.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"answer_rate.*words_per_second"):
        SandboxSettings(answer_rate=3, words_per_second=-1)
