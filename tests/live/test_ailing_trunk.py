"""A trunk that is down for a while: it is rested, asked by OPTIONS, tried with one call, and open again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.access.keys import KeyInfo
from core.calls.dialout import dialout
from core.calls.refusals import NotNow
from core.calls.request import DialoutRequest
from core.kernel.statements import table_of
from core.trunks.breaker import FAILURES
from core.trunks.reading import find_trunk
from tests.live.lab import CALLEE, live, until
from tests.live.sipp import free_port, receive, respond, run_sipp
from tests.live.test_inbound_engine import ours, rows
from web.composition import Whole


def health(whole: Whole) -> Any:
    with whole.db.read() as connection:
        return find_trunk(connection, "lab").health


def an_api_key(whole: Whole) -> KeyInfo:
    from core.access.tables import ApiKey

    keys = table_of(ApiKey)
    with whole.db.read() as connection:
        row = connection.execute(select(keys).limit(1)).one()
    return KeyInfo(**{name: getattr(row, name) for name in KeyInfo.__dataclass_fields__})


def test_it_is_rested_asked_tried_and_open(tmp_path: Path) -> None:
    port = free_port()
    down = ['<recv request="INVITE"></recv>', respond(503, "Service Unavailable", retransmit=True), receive("ACK")]
    well = [
        '<recv request="OPTIONS" optional="true" next="options"></recv>', '<recv request="INVITE"></recv>',
        respond(486, "Busy Here", retransmit=True), receive("ACK"), '<nop next="end"/>', '<label id="options"/>', respond(200, "OK"),
        '<label id="end"/>',
    ]  # fmt: skip

    async def scenario() -> None:
        async with ours(tmp_path, port=port, calls_per_second=20, is_default=True) as (whole, _):
            key = an_api_key(whole)

            async def dial() -> None:
                await dialout(whole.engine, key, DialoutRequest("reception", CALLEE))
                await until(lambda: not whole.engine.runs, "the call is over")

            with run_sipp(tmp_path, down, port=port, calls=FAILURES) as sipp:
                for _ in range(FAILURES):
                    await dial()
                sipp.finished()
            assert {row.result["end_reason"] for row in rows(whole)} == {"trunk_failure"}
            assert not any(row.result["phone_rang"] for row in rows(whole))  # so no attempt is charged
            with pytest.raises(NotNow, match="503 Service Unavailable") as refused:
                await dial()
            assert (refused.value.reason, refused.value.retry_at) == ("trunk_unavailable", health(whole).resting_until)
            with run_sipp(tmp_path, well, port=port, calls=50):
                await until(lambda: health(whole).state(whole.clock.now()) == "trial", "it is asked, and answers", 35.0)
                await dial()  # busy: so the trunk has carried it
                assert not health(whole)

    live(scenario)
