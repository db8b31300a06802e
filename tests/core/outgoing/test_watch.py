"""How endpoints stand: one warning for each that fails, recovers, or has a push given up."""

from __future__ import annotations

import logging

import pytest

from core.outgoing.watch import Endpoint, EndpointWatch, destination_of

CRM = Endpoint("pushes", "crm.example:443")


class Told:
    """A watch on a clock of its own, and what it told."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, logger="core.outgoing.watch")
        self._caplog, self.now = caplog, 0.0
        self.watch = EndpointWatch(lambda: self.now)

    def answers(self, *statuses: int, endpoint: Endpoint = CRM) -> list[str]:
        for status in statuses:
            self.watch.answered(endpoint, status, self.watch.begin())
        return self.lines()

    def lines(self) -> list[str]:
        lines = [record.getMessage() for record in self._caplog.records]
        assert all(record.levelno == logging.WARNING for record in self._caplog.records)
        self._caplog.clear()
        return lines


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    return Told(caplog)


@pytest.mark.parametrize("status", [301, 401, 403, 405, 408, 410, 429, 500, 502, 503])
def test_a_failure_is_told_once_and_its_end_once(told: Told, status: int) -> None:
    assert told.answers(200, 204) == []
    fails = f"pushes to crm.example:443 fail: it answered with status {status}"
    assert told.answers(status) == [f"{fails}. Nothing more is logged until they work again."]
    told.now = 35
    assert told.answers(*[status] * 50) == []
    assert [str(one) for one in told.watch.standing()] == [fails]
    assert told.answers(200, 200) == ["pushes to crm.example:443 work again, after 51 failures in 35 s"]
    assert told.watch.standing() == []


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_what_may_be_one_request_fails_an_endpoint_at_the_third_in_a_row(told: Told, status: int) -> None:
    assert told.answers(status, status, 200, status, status, 200) == []
    assert len(told.answers(status, status, status, status)) == 1
    assert len(told.answers(200)) == 1


def test_no_answer_is_a_failure_with_its_reason(told: Told) -> None:
    for _ in range(3):
        told.watch.failed(CRM, "crm.example:443 did not take the connection: is the service up?", told.watch.begin())
    (line,) = told.lines()
    assert "is the service up?" in line


def test_each_endpoint_and_each_thing_sent_there_stands_by_itself(told: Told) -> None:
    others = [
        Endpoint("results webhooks", "crm.example:443"),
        Endpoint("pre-fetches", "crm.example:443"),
        Endpoint("pushes", "crm.example:80"),
    ]
    assert len(told.answers(500)) == 1
    for endpoint in others:
        assert told.answers(200, endpoint=endpoint) == []
        assert len(told.answers(500, 500, endpoint=endpoint)) == 1
    assert len(told.watch.standing()) == 4


def test_answers_to_what_was_sent_before_the_change_change_nothing(told: Told) -> None:
    early = [told.watch.begin() for _ in range(4)]
    told.watch.answered(CRM, 503, early[0])
    told.watch.answered(CRM, 200, early[1])  # a slow answer from before it failed
    assert len(told.lines()) == 1
    late = told.watch.begin()
    told.watch.answered(CRM, 200, told.watch.begin())
    assert len(told.lines()) == 1
    told.watch.answered(CRM, 503, late)  # sent before it recovered
    assert told.lines() == []
    assert told.watch.standing() == []


def test_one_that_comes_and_goes_does_not_fill_the_log(told: Told) -> None:
    lines = told.answers(*[503, 200] * 100)
    assert len(lines) == 6
    assert "comes and goes" in lines[4]
    told.now = 599
    assert told.answers(503) == []
    told.now = 601
    assert len(told.answers(503)) == 1, "one that goes on failing is told of when the time is over"
    assert len(told.answers(200)) == 1


def test_what_is_given_up_is_told_once_until_something_arrives(told: Told) -> None:
    for _ in range(10):
        told.watch.gave_up(CRM, "the receiver refused it 6 times, at last with status 422")
    (line,) = told.lines()
    assert "one was given up: the receiver refused it 6 times" in line
    assert "dialler deliveries send --dead" in line
    assert told.answers(200) == []
    assert told.watch.standing()[0].given_up == 10
    told.watch.gave_up(CRM, "it was tried until its time was up")
    assert len(told.lines()) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hunter2@crm.example/x?token=hunter2", "crm.example:443"),
        ("http://[::1]:8080/hunter2", "::1:8080"),
        ("sample-crm", "sample-crm"),
        ("user:hunter2@crm.example", "an address that cannot be read"),
        ("hunter2 hunter2", "an address that cannot be read"),
        ("https://crm.example:hunter2/", "unreadable"),
    ],
)
def test_no_credentials_path_or_query_is_told(told: Told, url: str, shown: str) -> None:
    (line,) = told.answers(500, endpoint=Endpoint("pushes", destination_of(url)))
    assert f"pushes to {shown} fail" in line
    assert "hunter2" not in line
