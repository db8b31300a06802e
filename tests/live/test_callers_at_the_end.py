"""Somebody has rung us while a campaign ran: the end of the run does not cut them off, and who rings then is refused."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from core.calls.tables import Call
from core.kernel.statements import table_of
from core.trunks.tables import CallerId
from tests.live.runs import Run, database_of, lab_campaign, running, states, wait_for
from tests.live.sipp import free_port, invite, pause, receive, request, respond, run_sipp, sdp
from tests.live.test_inbound import CALL, within

_calls, _numbers = table_of(Call), table_of(CallerId)
TALK = 9.0
BOT: dict[str, Any] = {"opening_message": " ".join(["word"] * 200), "max_call_duration_seconds": 600}


def calling(seconds: float, ending: list[str]) -> list[str]:
    """Somebody who rings us and talks for so long."""
    rings = ['<recv response="100" optional="true"></recv>', '<recv response="180" optional="true"></recv>']
    return [CALL, *rings, '<recv response="200" rrs="true"></recv>', within("ACK", 1), pause(seconds), *ending]


def results(place: Path) -> list[dict[str, Any]]:
    engine = create_engine(database_of(place))
    with engine.connect() as connection:
        found = [row.result for row in connection.execute(select(_calls).order_by(_calls.c.created_at))]
    engine.dispose()
    return found


def answer_with_the_bot(place: Path) -> None:
    """Have calls to our number reach the campaign's bot."""
    engine = create_engine(database_of(place), connect_args={"timeout": 20})
    with engine.begin() as connection:
        bot = connection.execute(select(_calls.c.bot_id).limit(1)).scalar_one()
        connection.execute(update(_numbers).values(bot_id=bot))
    engine.dispose()


def final_status(port: int) -> int:
    """The final status that somebody else who rings now is given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        own = sock.getsockname()[1]
        head = CALL.partition("CDATA[\n")[2].partition("Supported")[0]
        marks = {"[remote_ip]:[remote_port]": f"127.0.0.1:{port}", "[local_ip]:[local_port]": f"127.0.0.1:{own}"}
        for mark, value in {**marks, "[branch]": "z9hG4bKlate", "[call_number]": "9", "[call_id]": "late"}.items():
            head = head.replace(mark, value)
        sock.sendto(f"{head}Content-Length: 0\n\n".replace("\n", "\r\n").encode(), ("127.0.0.1", port))
        while True:
            status = int(sock.recv(4096).split()[1])
            if status >= 200:
                return status


def said(run: Run, words: str) -> bool:
    return words in " ".join(run.written().split())


@pytest.mark.parametrize("interrupts", [0, 2], ids=["finished", "Ctrl-C twice"])
def test_a_caller_is_not_cut_off_by_the_end_of_the_run(tmp_path: Path, interrupts: int) -> None:
    port = free_port()
    answered = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=sdp(40000), retransmit=True), receive("ACK")]
    callee = [*answered, pause(4), request("BYE", 1), '<recv response="200"></recv>']
    hangs_up = [within("BYE", 2), '<recv response="200"></recv>']
    by_us = ['<recv request="BYE" timeout="20000"></recv>', respond(200, "OK").replace(";tag=[call_number]", "")]
    steps = calling(TALK, hangs_up) if not interrupts else calling(0.1, by_us)
    with run_sipp(tmp_path, callee) as carrier:
        sip = f"    local_port: {port}\n"
        folder = lab_campaign(tmp_path / "campaign", ["+12025550142"], carrier.port, channels=5, per_second=5, bot=BOT, sip=sip)
        with running(folder, tmp_path) as run:
            wait_for(lambda: states(tmp_path)["talking"] == 1, "the lead is talking", 60, run)
            answer_with_the_bot(tmp_path)
            place = tmp_path / "caller"
            place.mkdir()
            with run_sipp(place, steps, towards=f"127.0.0.1:{port}") as caller:
                wait_for(lambda: said(run, "Waiting for 1 call in progress"), "it waits for the caller", 60, run)
                if interrupts:
                    for _ in range(interrupts):
                        run.process.send_signal(signal.SIGINT)
                        time.sleep(0.5)
                    assert run.process.wait(30) != 0
                else:
                    assert final_status(port) in {486, 503}
                    run.wait(60)
                caller.process.wait(20)
                caller.finished()
    lead, inbound, *refused = results(tmp_path)
    assert [one["end_reason"] for one in refused] == ([] if interrupts else ["no_capacity"])
    assert lead["disconnected_by"] == "customer"
    assert inbound["direction"] == "inbound"
    if interrupts:
        assert inbound["end_reason"] == "worker_stopped"
    else:
        assert inbound["disconnected_by"] == "customer"
        assert inbound["call_duration_seconds"] >= TALK - 1
