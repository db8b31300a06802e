"""When a registration is tried again, and how it is said to stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.transports.sip.registration import again_after, granted
from core.transports.sip.signalling import Reply
from core.transports.sip.standing import Registration

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
FORBIDDEN, SILENT = Reply(403, "Forbidden"), Reply(408, "Request Timeout", from_us=True)


@pytest.mark.parametrize(
    ("reply", "refusals", "left", "seconds"),
    [
        (SILENT, 0, 0.0, 30.0),
        (SILENT, 0, 10.0, 5.0),  # while the one before is still good
        (SILENT, 0, 0.4, 1.0),
        (FORBIDDEN, 1, 0.0, 30.0),
        (FORBIDDEN, 2, 0.0, 60.0),
        (FORBIDDEN, 400, 0.0, 600.0),
        (Reply(503, "Busy", headers={"retry-after": "45 (maintenance)"}), 1, 0.0, 45.0),
        (Reply(503, "Busy", headers={"retry-after": "99999999"}), 1, 0.0, 600.0),
        (Reply(503, "Busy", headers={"retry-after": "soon"}), 1, 0.0, 30.0),
        (Reply(503, "Busy", headers={"retry-after": "0"}), 1, 0.0, 30.0),
    ],
)
def test_when_it_is_tried_again(reply: Reply, refusals: int, left: float, seconds: float) -> None:
    assert again_after(reply, refusals, left) == seconds


def test_what_was_granted() -> None:
    assert granted({"contact": "<sip:us@192.0.2.1>;expires=60", "expires": "600"}) == 60
    assert granted({"expires": "90"}) == 90
    assert granted({}, 1800) == 1800


def test_how_it_stands() -> None:
    good = Registration(NOW, NOW + timedelta(seconds=60))
    assert [good.state(NOW + timedelta(seconds=after)) for after in (0, 59, 60)] == ["registered", "registered", "expired"]
    refused = Registration(NOW, None, "it answers 403 Forbidden")
    assert refused.state(NOW) == "not_registered"
    assert [Registration.of(one.record()) for one in (good, refused)] == [good, refused]
    assert Registration.of(None) is None
