"""Rule packs: the files, which rules apply, how they are tightened and loosened, caps per person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.kernel.hours import is_open
from core.kernel.numbers import NOWHERE, Place, place_of
from core.kernel.purposes import PURPOSES, Purpose
from core.kernel.rules import Contact, RuleSettings, all_packs, count_contacts, first_words, pack_for, rules_for
from core.kernel.rules.applying import Cap

NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)
NUMBERS = ["+13055550117", "+18005550100", "+447700900100", "+61491570156", "+5511955501234"]
FLORIDA, ENGLAND, MOBILE = place_of("+13055550117"), place_of("+442079460101"), place_of("+447700900100")


def test_there_is_a_pack_for_each_country_that_is_promised() -> None:
    assert list(all_packs()) == ["AE", "AU", "CA", "DE", "ES", "FR", "GB", "IN", "SG", "US", "default"]


@pytest.mark.parametrize("country", sorted(all_packs()))
def test_every_figure_has_a_source_with_a_line_and_can_be_said(country: str) -> None:
    pack = pack_for(country)
    assert (pack.country, pack.version) == (country, "2026.11.30")
    for figure in pack.figures:
        source = pack.sources[figure.source]
        assert source.article
        assert source.line
        assert source.status != "read" or (source.on and source.at.startswith("http"))
        assert figure.describe()
        assert "None" not in source.describe()


def test_what_is_said_first_is_known_in_english_and_falls_back_to_it() -> None:
    keys = {figure.words for pack in all_packs().values() for figure in pack.figures if figure.figure == "first_words"}
    assert {one.key for one in first_words(sorted(keys), "en")} == keys
    [german], [fallback] = first_words(["recorded"], "de-AT"), first_words(["recorded"], "nl")
    assert (german.language, fallback.language) == ("de", "en")


@pytest.mark.parametrize(
    ("number", "purpose", "local", "zone", "allowed"),
    [
        ("+13055550117", "marketing", "2026-03-10T20:30-04:00", "America/New_York", False),  # Florida: until 20:00
        ("+12125550117", "marketing", "2026-03-10T20:30-04:00", "America/New_York", True),
        ("+13055550117", "collection", "2026-03-10T20:30-04:00", "America/New_York", True),
        ("+13055550117", None, "2026-03-10T20:30-04:00", "America/New_York", False),  # unknown: the strictest
        ("+13055550117", "service", "2026-03-10T20:30-04:00", "America/New_York", True),
        ("+12145550117", "marketing", "2026-03-08T11:00-05:00", "America/Chicago", False),  # Texas: Sundays from noon
        ("+33199001234", "marketing", "2026-03-10T13:30+01:00", "Europe/Paris", False),
        ("+33199001234", "marketing", "2026-03-10T14:30+01:00", "Europe/Paris", True),
        ("+33199001234", "marketing", "2026-05-01T11:00+02:00", "Europe/Paris", False),  # a holiday
        ("+919876543210", "collection", "2026-03-10T19:30+05:30", "Asia/Kolkata", False),
        ("+919876543210", "marketing", "2026-03-10T19:30+05:30", "Asia/Kolkata", True),
        ("+61255501234", "marketing", "2026-03-08T11:00+11:00", "Australia/Sydney", False),
        ("+61255501234", "survey", "2026-03-08T11:00+11:00", "Australia/Sydney", True),
        ("+442079460101", "marketing", "2026-04-06T11:00+01:00", "Europe/London", False),  # Easter Monday in England
        ("+441314960117", "marketing", "2026-04-06T11:00+01:00", "Europe/London", True),  # not in Scotland
        ("+97145550123", "marketing", "2026-03-10T18:30+04:00", "Asia/Dubai", False),
        ("+5511955501234", "service", "2026-03-08T11:00-03:00", "America/Sao_Paulo", False),  # no pack: no Sundays
    ],
)
def test_hours(number: str, purpose: Purpose | None, local: str, zone: str, allowed: bool) -> None:
    rules = rules_for(place_of(number), purpose)
    assert all(is_open(rule.hours, zone, datetime.fromisoformat(local)) for rule in rules.hours) == allowed


@given(st.sampled_from(sorted(PURPOSES)), st.sampled_from(NUMBERS))
def test_without_a_purpose_nothing_is_looser(purpose: Purpose, number: str) -> None:
    place = place_of(number)
    strict, one = rules_for(place, None), rules_for(place, purpose)
    assert set(one.hours) <= set(strict.hours)
    assert set(one.caps) <= set(strict.caps)
    assert one.least_ring <= strict.least_ring


def test_where_the_part_is_not_told_the_rules_of_all_parts_apply() -> None:
    assert {"US-FL.hours", "US-OK.hours", "US-MD.hours", "US-RI.hours"} <= {rule.name for rule in rules_for(Place("US"), "marketing").hours}
    assert {rule.name for rule in rules_for(FLORIDA, "marketing").hours} == {"US.hours", "US-FL.hours"}


def test_a_number_of_no_country_has_no_pack() -> None:
    assert (rules_for(NOWHERE, None).pack, rules_for(NOWHERE, None).hours) == ("", ())


def test_to_loosen_takes_a_rule_that_there_is_and_a_reason() -> None:
    for wrong in ({"rule": "hours"}, {"rule": "hours", "reason": "because"}, {"rule": "mornings", "reason": "they agreed to it"}):
        with pytest.raises(ValidationError):
            RuleSettings.model_validate({"loosen": [wrong]})


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("hours", set()),
        ("US.hours", set()),
        ("US-FL.hours", {"US.hours"}),
        ("GB.hours", {"US.hours", "US-FL.hours"}),
        ("calls", {"US.hours", "US-FL.hours"}),
    ],
)
def test_what_is_loosened_is_left_out_and_said(rule: str, left: set[str]) -> None:
    settings = RuleSettings.model_validate({"loosen": [{"rule": rule, "reason": "consent of March, form 7"}]})
    rules = rules_for(FLORIDA, "marketing", settings)
    assert {one.name for one in rules.hours} == left
    gone = {"US.hours", "US-FL.hours"} - left
    assert {name for name, reason in rules.loosened if name.endswith("hours") and "form 7" in reason} == gone
    assert ("US-FL.calls.1d" in {cap.name for cap in rules.caps}) == (rule != "calls")


def test_a_bots_own_caps_tighten() -> None:
    settings = RuleSettings.model_validate({"calls_a_day": 1, "least_gap": "4h", "rest_after_conversation": "3d"})
    names = {cap.name for cap in rules_for(ENGLAND, "service", settings).caps}
    assert names == {"bot.calls.1d", "bot.gap", "bot.rest"}
    assert rules_for(MOBILE, "service").caps == ()


DAY = timedelta(days=1)
THREE_A_DAY = Cap("x.calls.1d", 3, DAY)


def ago(*hours: float) -> list[Contact]:
    return [Contact(NOW - timedelta(hours=one)) for one in hours]


@pytest.mark.parametrize(
    ("contacts", "retry_in"), [((), None), ((1, 2), None), ((1, 2, 30), None), ((1, 2, 20), 4), ((1, 2, 3, 20), 21), ((1, 2, 24), None)]
)
def test_at_most_three_a_day(contacts: tuple[float, ...], retry_in: float | None) -> None:
    counted = count_contacts([THREE_A_DAY], ago(*contacts), NOW, promised_callback=False)
    assert (counted.refused is None) == (retry_in is None)
    if counted.refused is not None and retry_in is not None:
        assert counted.refused.retry_at == NOW + timedelta(hours=retry_in)
        assert "x.calls.1d" in counted.refused.why


def test_a_rest_counts_conversations_of_either_direction_and_a_gap_only_our_calls() -> None:
    called_us = Contact(None, NOW - timedelta(hours=2))
    rest, gap = Cap("x.rest", 1, 7 * DAY, after_talk=True), Cap("x.gap", 1, timedelta(hours=3))
    assert count_contacts([gap], [called_us], NOW, promised_callback=False).refused is None
    refused = count_contacts([rest, gap], [called_us], NOW, promised_callback=False).refused
    assert refused is not None
    assert refused.retry_at == NOW - timedelta(hours=2) + 7 * DAY


def test_promised_callbacks_are_exempt_only_where_the_pack_says_so() -> None:
    counts = Cap("y.calls.1d", 3, DAY, callbacks_exempt=False)
    assert count_contacts([THREE_A_DAY], ago(1, 2, 3), NOW, promised_callback=True).refused is None
    assert count_contacts([counts], ago(1, 2, 3), NOW, promised_callback=True).refused is not None


def test_of_several_caps_the_one_that_lasts_longest_is_told() -> None:
    counted = count_contacts([Cap("gap", 1, timedelta(hours=2)), THREE_A_DAY], ago(1, 2, 3), NOW, promised_callback=False)
    assert counted.refused is not None
    assert counted.refused.cap is THREE_A_DAY
    assert counted.counts == {"gap": 1, "x.calls.1d": 3}


@given(st.lists(st.floats(0, 200), max_size=12), st.integers(1, 5), st.integers(1, 168))
def test_at_the_moment_that_is_told_the_cap_allows_a_call(hours: list[float], most: int, within: int) -> None:
    cap = Cap("x", most, timedelta(hours=within))
    contacts = sorted(ago(*hours), key=lambda one: one.at or NOW, reverse=True)
    refused = count_contacts([cap], contacts, NOW, promised_callback=False).refused
    if refused is not None:
        assert refused.retry_at > NOW
        assert count_contacts([cap], contacts, refused.retry_at, promised_callback=False).refused is None
