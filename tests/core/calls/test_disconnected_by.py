"""Each of the guide's ten `disconnected_by` values, reached by a real path on the sandbox, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest

from core.contracts.call_result import DisconnectedBy
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import PAYS, Core
from tests.core.calls.test_inbound import SUNDAY, WEEKDAYS, our_number, rung
from tests.core.desk.support import ASKS, agents, desk_bot, waiting

__all__ = ["sqlite", "with_core", "with_each_core"]

Path = Callable[[Core], Awaitable[str]]


def calls(digits: str, **config: Any) -> Path:
    """A dialout to the callee of the catalogue with these last two digits."""

    async def path(core: Core) -> str:
        core.bot(**config)
        return await core.placed(f"+120255501{digits}")

    return path


async def rings_a_closed_bot(core: Core) -> str:
    core.bot(active_hours=WEEKDAYS, time_zone="UTC")
    await our_number(core)
    return str((await rung(core))["call_id"])


async def goes_to_an_agent(core: Core) -> str:
    async with agents(core) as [mira]:
        call_id = await core.placed(ASKS, bot_id=desk_bot(core))
        handoff = await waiting(core, mira)
        await mira.done("claim", handoff["id"])
        await mira.done("connect", handoff["id"])
        await core.over()
    return call_id


PATHS: dict[str, Path] = {
    "bot": calls("00"),
    "customer": calls("04"),
    "voicemail": calls("10"),
    "RNR": calls("06"),
    "outside_hours": rings_a_closed_bot,
    "no_answer": calls("09", ring_timeout_seconds=120),
    "rejected": calls("08"),
    "timeout": calls("13", max_call_duration_seconds=60),
    "transfer_to_agent": goes_to_an_agent,
    "error": calls("15"),
}


def test_every_value_has_a_path() -> None:
    assert set(PATHS) == set(get_args(DisconnectedBy))
    assert len(PATHS) == 10


@pytest.mark.parametrize("value", PATHS)
def test_the_path_leads_to_the_value(with_each_core: Callable[..., Any], value: str) -> None:
    async def test(core: Core) -> None:
        call_id = await PATHS[value](core)
        await core.over()
        result = (await core.call(call_id))["result"]
        assert result["disconnected_by"] == value
        assert (result["session_id"], result["sandbox"]) == (call_id, True)
        assert (result["call_duration_seconds"] > 0) == (result["answered_at"] is not None)
        assert core.seats_taken() == 0

    with_each_core(test, **({"start": SUNDAY} if value == "outside_hours" else {}))


def test_the_three_ways_a_call_is_not_answered(with_core: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        seen = {}
        for digits in ("07", "08", "09", "27"):
            call_id = await calls(digits, ring_timeout_seconds=120)(core)
            await core.over()
            result = (await core.call(call_id))["result"]
            seen[digits] = (result["disconnected_by"], result["sip_status"])
        assert seen == {"07": ("rejected", 486), "08": ("rejected", 603), "09": ("no_answer", 480), "27": ("no_answer", 480)}
        assert PAYS not in seen

    with_core(test)
