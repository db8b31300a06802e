"""The account of a campaign in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dialler.leads.states import STATES
from tests.web.console.support import Desk, text_of
from web.console.rights import Role
from web.console.screens.why.routes import _STEPS
from web.console.words import LEAD_STATES


def test_it_says_why_nothing_is_dialled_and_where_the_leads_are(console: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        campaign = await desk.campaign(["+12025550111", "+12025550112", "nonsense"])
        manager = await desk.signed_in(Role.MANAGER)
        assert f"/campaigns/{campaign}/why" in (await manager.get(f"/campaigns/{campaign}")).text
        page = text_of(await manager.get(f"/campaigns/{campaign}/why"))
        assert "The campaign was not started. Start it." in page
        assert "add up to 3." in page
        assert "Not imported 1 33.3%" in page
        await manager.get("/campaigns/none/why", 404)

    console(test)


def test_every_state_of_a_lead_has_a_badge() -> None:
    assert set(LEAD_STATES) == set(STATES) - {"staged"}


def test_every_step_has_a_badge() -> None:
    from typing import get_args, get_type_hints

    from dialler.why.account import Step

    assert set(get_args(get_type_hints(Step)["name"])) == set(_STEPS)
