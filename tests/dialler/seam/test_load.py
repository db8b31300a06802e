"""Many dialouts at once over real sockets: exactly as many succeed as there are seats."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx

from dialler.core_client import Placed, TryLater
from tests.core.api.support import talkers
from tests.dialler.seam.cores import SeamCore


def test_200_at_once_on_20_seats(seam: Callable[..., None]) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot", max_call_duration_seconds=7200, closure_phrases=["nothing that is said"])
        client = core.client()
        before = (await client.fleet("bot")).available
        numbers = talkers(200)
        asks = [client.dialout("bot", number, {}, f"attempt {number}") for number in numbers]
        if isinstance(core.opened[-1]._transport, httpx.ASGITransport):  # virtual time: only the clock's own tasks may wait
            tasks = [core.clock.spawn(ask, name="dialout") for ask in asks]
            await core.clock.join(*tasks)
            answers = [task.result() for task in tasks]
        else:
            answers = await asyncio.gather(*asks)
        assert Counter(type(answer) for answer in answers) == {Placed: before, TryLater: 200 - before}
        assert before == 20
        assert {answer.reason for answer in answers if isinstance(answer, TryLater)} == {"no_capacity"}

    seam(test, seats=20)
