"""SIGKILL amid calls, and a start: the other side, which still has its calls, is told that they are over."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.kernel.clock import utc_now
from tests.live.kamailio import PASSWORD, USER, kamailio
from tests.live.runs import lab_campaign, records, running, states, wait_for
from tests.live.sipp import free_port, invite, receive, respond, run_sipp, sdp

LEAD = "+12025550142"
ROUTES = "[last_Record-Route:]"
RINGS = [*invite(), respond(180, "Ringing")]
TALKS = [*RINGS, respond(200, "OK", body=sdp(40000), retransmit=True), receive("ACK")]
BYE = ['<recv request="BYE" timeout="90000"></recv>', respond(200, "OK").replace(";tag=[call_number]", "")]
CHALLENGE = 'Proxy-Authenticate: Digest realm="lab", nonce="abc", algorithm=MD5, qop="auth"'
ASKED = [
    '<recv request="BYE" timeout="90000"></recv>',
    respond(407, "Proxy Authentication Required", CHALLENGE).replace(";tag=[call_number]", ""),
    '<recv request="BYE" timeout="10000"><action><ereg regexp="Digest.*response=" search_in="hdr" header="Proxy-Authorization:" '
    'check_it="true" assign_to="5"/><log message="[$5]"/></action></recv>',
    respond(200, "OK").replace(";tag=[call_number]", ""),
]
CANCEL = ['<recv request="CANCEL" timeout="90000"></recv>', respond(200, "OK")]
BOT = {"opening_message": " ".join(["word"] * 200), "ring_timeout_seconds": 120}
SECRET = f"    user: {USER}\n    password: secret:LAB_PASSWORD\n"


def killed_and_started_again(place: Path, port: int, state: str, sip: str = "") -> datetime:
    """A campaign of one call that has come as far as `state` when its process is killed; and its end. When it was killed."""
    folder = lab_campaign(place / "campaign", [LEAD], port, channels=5, per_second=5, bot=BOT, sip=sip)
    with running(folder, place) as run:
        wait_for(lambda: states(place)[state] == 1, f"the call is {state}", 60, run)
        time.sleep(1.0)
        run.kill()
        killed = utc_now()
    time.sleep(3.0)
    with running(folder, place) as run:
        run.wait(90)
    return killed


def check(place: Path, killed: datetime, request: str) -> None:
    """What the records say of it."""
    said = records(place)
    (call,), (lead,) = said.calls, said.leads
    assert (call.state, call.result["end_reason"]) == ("done", "worker_died")
    assert lead.note == "its process died in the call (called once, as often as the campaign allows)"
    ended = call.ended_at if call.ended_at.tzinfo else call.ended_at.replace(tzinfo=UTC)
    assert ended <= killed
    assert said.seats_taken == 0
    assert request in {"BYE", "CANCEL"}


@pytest.mark.parametrize(
    ("state", "steps", "request_line"),
    [("talking", [*TALKS, *BYE], "BYE"), ("talking", [*TALKS, *ASKED], "BYE"), ("ringing", [*RINGS, *CANCEL], "CANCEL")],
    ids=["answered", "answered, with a digest", "ringing"],
)
def test_the_callee_is_not_left_with_a_dead_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, steps: list[str], request_line: str
) -> None:
    monkeypatch.setenv("LAB_PASSWORD", PASSWORD)
    sip = f"{SECRET}    local_port: {free_port()}\n" if steps[-4:] == ASKED else ""  # sipp answers where the INVITE came from
    with run_sipp(tmp_path, steps) as sipp:
        killed = killed_and_started_again(tmp_path, sipp.port, state, sip)
        sipp.process.wait(20)
        sipp.finished()
    check(tmp_path, killed, request_line)


@pytest.mark.needs("sipp", "sippy", "kamailio")
@pytest.mark.parametrize("state", ["talking", "ringing"])
def test_through_a_proxy_that_stays_in_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """It asked for a digest, and wants its Record-Route followed."""
    monkeypatch.setenv("LAB_PASSWORD", PASSWORD)
    rings = [*invite(), respond(180, "Ringing", ROUTES)]
    talks = [*rings, respond(200, "OK", ROUTES, body=sdp(40000), retransmit=True), receive("ACK"), *BYE]
    with kamailio(tmp_path) as proxy:
        with run_sipp(tmp_path, talks if state == "talking" else [*rings, *CANCEL], port=proxy.behind) as sipp:
            killed = killed_and_started_again(tmp_path, proxy.port, state, SECRET)
            sipp.process.wait(20)
            sipp.finished()
        assert proxy.seen("BYE" if state == "talking" else "CANCEL")
    check(tmp_path, killed, "BYE" if state == "talking" else "CANCEL")
