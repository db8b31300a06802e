"""Whole campaigns over the seam, embedded and over a URL: dialled by HTTP, their results by the webhook, which may come before the
dialout's answer, twice, late, or never."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dialler.campaigns.store import read_campaign
from dialler.core_client import CoreUnreachable
from dialler.scheduler.reconcile import reconcile
from tests.dialler.seam.campaigns import Campaign, embedded_campaign, url_campaign
from tests.support import CAMPAIGN, attempt_rows, events_of_lead, lead_row

NUMBERS = {
    "+12025550107": ("rejected", "exhausted"),
    "+12025550108": ("rejected", "exhausted"),
    "+12025550127": ("no_answer", "exhausted"),
    "+12025550116": ("invalid_number", "exhausted"),
    "+12025550105": ("reached", "completed"),
    "+12025550104": ("reached", "completed"),
    "+12025550100": ("reached", "completed"),
}


@pytest.fixture(params=["embedded", "url"])
def campaign(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Callable[..., Any]:
    """`campaign(run, api_key=None, webhook=True)` runs `run(campaign)`."""
    start = embedded_campaign if request.param == "embedded" else url_campaign
    return lambda run, **more: start(run, sqlite_template, tmp_path, list(NUMBERS), **more)


def check_everything_happened_once(at: Campaign) -> None:
    """Every lead ended as its callee decides, by one attempt, which rang once and whose result was taken in once."""
    attempts = set()
    for lead_id, (phone, (outcome, state)) in zip(at.leads, NUMBERS.items(), strict=True):
        lead, [attempt] = lead_row(at.parts.db, lead_id), attempt_rows(at.parts.db, lead_id)
        assert (lead.phone, lead.outcome, lead.state) == (phone, outcome, state)
        assert (attempt.state, attempt.outcome, attempt.call_id is None) == ("ended", outcome, False)
        attempts.add(attempt.id)
    assert at.rang() == dict.fromkeys(attempts, 1)
    assert sorted(row.id for row in at.received()) == sorted(attempts)


def test_results_by_the_webhook(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        assert await at.runner.run() == "completed"
        check_everything_happened_once(at)
        assert set(at.webhook.arrived.values()) == {1}
        assert len(at.webhook.arrived) == len(NUMBERS)

    campaign(run)


def test_results_before_the_answer_of_the_dialout(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        dialout = at.parts.core.dialout

        async def slowly(*args: Any, **more: Any) -> Any:
            answer = await dialout(*args, **more)
            await at.until(lambda: any(row.id == args[-1] for row in at.received()))
            return answer

        at.parts.core.dialout = slowly  # type: ignore[method-assign]
        assert await at.runner.run() == "completed"
        check_everything_happened_once(at)
        assert all("placed" not in events_of_lead(at.parts.db, lead) for lead in at.leads)

    campaign(run)


def test_results_that_come_twice(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        at.webhook.lose_first_answers = True
        assert await at.runner.run() == "completed"
        await at.until(lambda: len(at.webhook.arrived) == len(NUMBERS) and min(at.webhook.arrived.values()) >= 2)
        check_everything_happened_once(at)

    campaign(run)


def test_results_that_come_after_they_were_fetched(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        at.webhook.closed = True
        await with_a_sweep(at)
        check_everything_happened_once(at)
        before = [(lead_row(at.parts.db, lead), events_of_lead(at.parts.db, lead)) for lead in at.leads]
        at.webhook.closed = False
        at.webhook.arrived.clear()
        await at.until(lambda: len(at.webhook.arrived) == len(NUMBERS))
        check_everything_happened_once(at)
        assert [(lead_row(at.parts.db, lead), events_of_lead(at.parts.db, lead)) for lead in at.leads] == before

    campaign(run)


def test_results_that_never_come_are_fetched(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        await with_a_sweep(at)
        check_everything_happened_once(at)
        assert not at.webhook.arrived

    campaign(run, webhook=False)


def test_answers_of_dialouts_that_are_lost(campaign: Callable[..., Any]) -> None:
    """The call has left, and the dialler is not told: it asks, and does not dial again."""

    async def run(at: Campaign) -> None:
        dialout, keys = at.parts.core.dialout, set()

        async def lost(*args: Any, **more: Any) -> Any:
            answer = await dialout(*args, **more)
            if args[-1] not in keys:
                keys.add(args[-1])
                raise CoreUnreachable("the answer was lost")
            return answer

        at.parts.core.dialout = lost  # type: ignore[method-assign]
        assert await at.runner.run() == "completed"
        check_everything_happened_once(at)

    campaign(run)


def test_a_process_that_died_with_calls_in_progress_is_followed_by_one_that_settles_them(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        running = at.parts.clock.spawn(at.runner.run(), name="the first")
        await at.until(lambda: len(at.rang()) >= 3)
        at.parts.clock.cancel(running)
        await at.parts.clock.join(running)
        at.webhook.closed = True  # what came while nobody ran was not received
        await at.parts.clock.sleep(240)
        await with_a_sweep(Campaign(at.parts, at.webhook, at.leads, at.folder))
        check_everything_happened_once(at)

    campaign(run)


def test_a_wrong_key_ends_the_campaign_with_its_reason(campaign: Callable[..., Any]) -> None:
    async def run(at: Campaign) -> None:
        assert await at.runner.run() == "failed"
        with at.parts.db.read() as connection:
            assert "API key" in read_campaign(connection, CAMPAIGN).reason
        assert {lead_row(at.parts.db, lead).state for lead in at.leads} == {"pending"}
        assert at.rang() == {}

    campaign(run, api_key="dk_wrong")


def test_a_call_that_is_forgotten_is_held(campaign: Callable[..., Any]) -> None:
    """The core has said that it placed the call, and does not know it when it is asked by its id."""

    async def run(at: Campaign) -> None:
        at.webhook.closed = True
        running = at.parts.clock.spawn(at.runner.run(), name="runner")
        await at.until(lambda: any(lead_row(at.parts.db, lead).state == "dialling" for lead in at.leads))
        at.parts.clock.cancel(running)
        await at.parts.clock.join(running)
        dialling = [lead for lead in at.leads if lead_row(at.parts.db, lead).state == "dialling"]
        call = at.parts.core.call

        async def forgotten(call_id: str) -> Any:
            return await call(f"not {call_id}")

        at.parts.core.call = forgotten  # type: ignore[method-assign]
        await reconcile(at.parts.db, at.parts.clock, at.parts.ids, at.parts.core, CAMPAIGN)
        assert {lead_row(at.parts.db, lead).state for lead in dialling} == {"held"}

    campaign(run)


async def with_a_sweep(at: Campaign) -> None:
    """Run the campaign to its end, asking every half minute for the results of all calls."""

    async def sweep() -> None:
        while True:
            await at.parts.clock.sleep(30)
            await at.runner.reconcile(at.parts.clock.now())

    sweeping = at.parts.clock.spawn(sweep(), name="sweep")
    try:
        assert await at.runner.run() == "completed"
    finally:
        at.parts.clock.cancel(sweeping)
        await at.parts.clock.join(sweeping)
