"""The account of a real campaign, asked over the API: equal to a slow count, before, while and after it is dialled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.kernel.statements import table_of
from dialler.leads.states import FINAL
from dialler.leads.tables import Lead
from tests.dialler.api.support import Api

_leads = table_of(Lead)
NUMBERS = [f"+120255501{n:02d}" for n in range(60)]


async def _why(the: Api, campaign: str) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = await the.get(f"/{campaign}/why")
    steps = {step["name"]: step for step in answer["steps"]}
    assert sum(step["count"] for step in steps.values()) == answer["rows"]
    with the.whole.db.read() as connection:
        slow = Counter(connection.execute(select(_leads.c.state).where(_leads.c.campaign_id == campaign)).scalars())
    assert sum(slow.values()) == answer["leads"]
    for state in FINAL:
        assert slow[state] == steps.get(state, {"count": 0})["count"]
    waiting = sum(slow[state] for state in ("pending", "retry_scheduled", "callback_scheduled"))
    assert waiting == sum(steps.get(name, {"count": 0})["count"] for name in ("ready", "not_yet", "retry_later", "callback_later"))
    return answer, steps


def test_every_lead_is_accounted_for_from_draft_to_the_end(api: Callable[..., Any]) -> None:
    async def test(the: Api) -> None:
        campaign = await the.campaign([*NUMBERS, "nonsense"])
        answer, steps = await _why(the, campaign)
        assert answer["blocked_by"] == "draft"
        assert steps["rejected"]["count"] == 1
        assert steps["ready"]["count"] == len(NUMBERS)
        await the.post(f"/{campaign}/start")
        answer, _ = await _why(the, campaign)
        assert answer["blocked_by"] == "unattended"
        await the.post(f"/{campaign}/pause", {})
        answer, steps = await _why(the, campaign)
        assert answer["blocked_by"] == "paused"
        assert steps["ready"]["remedy"] == "Resume it."
        await the.post(f"/{campaign}/resume")
        await the.dial(campaign)
        answer, steps = await _why(the, campaign)
        assert answer["blocked_by"] is None
        assert "ready" not in steps

    api(test)


def test_one_lead_says_its_own_reason(api: Callable[..., Any]) -> None:
    async def test(the: Api) -> None:
        campaign = await the.campaign(NUMBERS[:3], start=True)
        later = the.whole.clock.now() + timedelta(hours=3)
        with the.whole.db.write() as connection:
            ids = list(connection.execute(select(_leads.c.id).order_by(_leads.c.id)).scalars())
            connection.execute(update(_leads).where(_leads.c.id == ids[0]).values(state="callback_scheduled", queue=None, due_at=later))
            connection.execute(update(_leads).where(_leads.c.id == ids[1]).values(state="suppressed", queue=None, due_at=None))
        first, second, third = [await the.get(f"/{campaign}/leads/{lead}/why") for lead in ids]
        assert (first["name"], second["name"], third["name"]) == ("callback_later", "suppressed", "ready")
        assert first["clears_at"] is not None
        assert third["reason"] == "unattended"
        by_number = await the.get(f"/{campaign}/leads/{NUMBERS[1]}/why")
        assert by_number["lead_id"] == ids[1]
        missing = await the.http.get(f"/api/v1/campaigns/{campaign}/leads/99999999/why")
        assert missing.status_code == 404
        _, steps = await _why(the, campaign)
        assert {name: step["count"] for name, step in steps.items()} == {"callback_later": 1, "suppressed": 1, "ready": 1}

    api(test)


@pytest.mark.parametrize("queued", [True, False])
def test_a_lead_that_is_due_and_not_queued_yet_is_ready(api: Callable[..., Any], queued: bool) -> None:
    async def test(the: Api) -> None:
        campaign = await the.campaign(NUMBERS[:2])
        now = the.whole.clock.now()
        with the.whole.db.write() as connection:
            values = {"state": "retry_scheduled", "queue": 2 if queued else None, "due_at": now - timedelta(minutes=1)}
            connection.execute(update(_leads).values(**values))
        _, steps = await _why(the, campaign)
        assert steps["ready"]["count"] == 2

    api(test)
