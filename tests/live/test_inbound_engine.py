"""Calls to our numbers over a trunk, from the INVITE to the result on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.calls.tables import Call
from core.kernel.clock import utc_now
from core.kernel.statements import table_of
from core.kernel.yaml_document import YamlDocument
from core.trunks.documents import apply_trunks
from core.wiring.sip import listen
from tests.live.lab import CALLER, live, until
from tests.live.sipp import free_port, run_sipp, sdp
from tests.live.test_inbound import within
from web.composition import Whole, open_whole
from web.settings import Settings

_calls = table_of(Call)
OPEN: dict[str, Any] = {"permitted_hours": {"enabled": False}, "opening_message": "Hello there."}
CLOSED: dict[str, Any] = {
    "active_hours": {"exceptions": [{"date": str(utc_now().date() + timedelta(days=day)), "closed": True} for day in (-1, 0, 1)]}
}


def call(user: str, *headers: str, to: str | None = None, caller: str = "+12025550177") -> str:
    return f"""<send retrans="500"><![CDATA[
INVITE sip:{user}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{to or user}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{"".join(f"{header}{chr(10)}" for header in headers)}Content-Type: application/sdp
Content-Length: [len]

{sdp(41000)}

]]></send>"""


TRYING, RINGING = '<recv response="100" optional="true"></recv>', '<recv response="180"></recv>'


def answered(invite: str) -> list[str]:
    return [
        invite, TRYING, RINGING, '<recv response="200" rrs="true"></recv>', within("ACK", 1), '<pause milliseconds="700"/>',
        within("BYE", 2), '<recv response="200"></recv>',
    ]  # fmt: skip


def refused(invite: str, status: int) -> list[str]:
    return [invite, TRYING, f'<recv response="{status}"></recv>', within("ACK", 1)]


@asynccontextmanager
async def ours(folder: Path, bot: dict[str, Any] = OPEN, seats: int = 5, **trunk: Any) -> AsyncIterator[tuple[Whole, str]]:
    """A process that takes calls, and where the trunk is to send them."""
    port = free_port()
    settings = Settings(
        database_url=f"sqlite:///{folder}/dialler.db", data_folder=folder, network_log=folder / "network.jsonl", speed=1.0,
        seats=seats, real_calls=True, voice="tones", environ={"LAB_PASSWORD": "lab-word"},
    )  # fmt: skip
    line = {
        "name": "lab", "host": "127.0.0.1", "port": 9, "local_address": "127.0.0.1", "local_port": port, "lab": True,
        "numbers": [{"number": CALLER, "bot_id": "reception"}, "+12025550102"], **trunk,
    }  # fmt: skip
    async with open_whole(settings) as whole:
        with whole.db.write() as connection:
            save_bot(connection, BotConfig.model_validate({"name": "Reception", "id": "reception", **bot}), utc_now())
            apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [line]}), utc_now())
        assert whole.sip is not None
        await listen(whole.sip, whole.engine)
        yield whole, f"127.0.0.1:{port}"


def rows(whole: Whole) -> list[Any]:
    with whole.db.read() as connection:
        return list(connection.execute(select(_calls).order_by(_calls.c.created_at)))


@pytest.mark.parametrize(
    ("user", "headers", "to", "caller", "known_as"),
    [
        (CALLER, (), None, "+12025550177", "+12025550177"),
        ("2025550101", (), None, "2025550177", "+12025550177"),  # as within the country
        ("0012025550101", (), None, "12025550177", "+12025550177"),
        ("account", (), CALLER, "anonymous", "anonymous"),  # the number stands in To, and who calls keeps theirs to themselves
        ("account", (f"P-Called-Party-ID: <sip:{CALLER}@example>", "Privacy: id"), "account", "+12025550177", "anonymous"),
        (CALLER, ("P-Asserted-Identity: <sip:+12025550178@example>",), None, "pbx", "+12025550178"),
    ],
)
def test_a_call_reaches_the_bot_of_its_number(
    tmp_path: Path, user: str, headers: tuple[str, ...], to: str | None, caller: str, known_as: str
) -> None:
    async def scenario() -> None:
        async with ours(tmp_path) as (whole, towards):
            with run_sipp(tmp_path, answered(call(user, *headers, to=to, caller=caller)), towards=towards) as sipp:
                await until(lambda: sipp.process.poll() is not None, "the caller is through")
                sipp.finished()
            await until(lambda: bool(rows(whole)) and rows(whole)[0].state == "done", "the call has its result")
            (row,) = rows(whole)
            assert (row.direction, row.from_number, row.to_number, row.trunk) == ("inbound", known_as, CALLER, "lab")
            assert row.answered_at is not None
            assert (row.result["disconnected_by"], row.result["transport"]) == ("customer", "sip")

    live(scenario)


@pytest.mark.parametrize(
    ("user", "bot", "seats", "status", "end_reason"),
    [
        (CALLER, CLOSED, 5, 480, "outside_active_hours"),
        (CALLER, OPEN, 0, 486, "no_capacity"),
        ("+12025550102", OPEN, 5, 404, None),  # ours, but no bot's
        ("+12025550199", OPEN, 5, 404, None),  # not ours
        ("", OPEN, 5, 404, None),
    ],
)
def test_a_call_is_refused(tmp_path: Path, user: str, bot: dict[str, Any], seats: int, status: int, end_reason: str | None) -> None:
    async def scenario() -> None:
        async with ours(tmp_path, bot, seats) as (whole, towards):
            with run_sipp(tmp_path, refused(call(user or "nobody"), status), towards=towards) as sipp:
                await until(lambda: sipp.process.poll() is not None, "the caller is through")
                sipp.finished()
            found = [(row.state, row.result["end_reason"], row.result["sip_status"]) for row in rows(whole)]
            assert found == ([("done", end_reason, status)] if end_reason else [])

    live(scenario)


def test_a_caller_gives_up_while_it_rings(tmp_path: Path) -> None:
    """The CRM is slow, so it rings for a while; the caller does not wait."""
    cancel = within("CANCEL", 1).replace("[next_url]", f"sip:{CALLER}@[remote_ip]:[remote_port]").replace("[peer_tag_param]", "")
    cancel, ack = cancel.replace("[branch]", "[branch-3]"), within("ACK", 1).replace("[branch]", "[branch-6]")
    steps = [
        call(CALLER), TRYING, RINGING, cancel, '<recv response="200"></recv>', '<recv response="487"></recv>', ack,
    ]  # fmt: skip

    async def scenario() -> None:
        async with ours(tmp_path) as (whole, towards):
            assert whole.sip is not None
            take, slow = whole.sip.transport.on_inbound, whole.clock
            assert take is not None

            def late(inbound: Any) -> None:
                answer = inbound.answer

                async def answer_late(order: Any) -> Any:
                    await slow.sleep(1.0)
                    return await answer(order)

                inbound.answer = answer_late
                take(inbound)

            whole.sip.transport.on_inbound = late
            with run_sipp(tmp_path, steps, towards=towards) as sipp:
                await until(lambda: sipp.process.poll() is not None, "the caller is through")
                sipp.finished()
            await until(lambda: bool(rows(whole)) and rows(whole)[0].state == "done", "the call has its result")
            (row,) = rows(whole)
            found = (row.result["disconnected_by"], row.result["end_reason"], row.result["sip_status"], row.answered_at)
            assert found == ("customer", "caller_gave_up", 487, None)
            assert not whole.engine.runs

    live(scenario)
