"""The calling window for one lead: public holidays of the callee's own part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialler.campaigns.config import CallingWindow
from dialler.policy.own_window import closed_for

WINDOW = CallingWindow.model_validate({"time_zone": "Europe/London", "start": "09:00", "end": "19:00", "days": "mon-fri", "holidays": "GB"})
EASTER_MONDAY = datetime(2026, 4, 6, 10, tzinfo=UTC)
TUESDAY = datetime(2026, 4, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize("phone", ["+442079460101", "+447700900100"])
def test_england_and_mobile_numbers_wait_for_tuesday(phone: str) -> None:
    closed = closed_for(WINDOW, phone, EASTER_MONDAY)
    assert closed is not None
    assert closed.opens_at == TUESDAY
    assert "GB-" in closed.why


def test_scotland_and_other_countries_are_called() -> None:
    assert closed_for(WINDOW, "+441314960000", EASTER_MONDAY) is None
    assert closed_for(WINDOW, "+12025550117", EASTER_MONDAY) is None
    assert closed_for(WINDOW, "+442079460101", TUESDAY) is None


def test_a_window_without_holidays_or_none_closes_for_nobody() -> None:
    assert closed_for(None, "+442079460101", EASTER_MONDAY) is None
    assert closed_for(WINDOW.model_copy(update={"holidays": ()}), "+442079460101", EASTER_MONDAY) is None
