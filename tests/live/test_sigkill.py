"""SIGKILL in the middle of twenty live calls, and started again: the other side's own log says who was rung."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from pathlib import Path

from dialler.leads.states import FINAL
from tests.live.runs import database_of, lab_campaign, records, running, states, wait_for
from tests.live.sipp import invite, pause, receive, request, respond, run_sipp, sdp
from tests.web.run.folders import profile_numbers
from tests.web.run.invariants import placing

AT_ONCE, LEADS = 20, 30


def rung(log: Path) -> dict[str, set[str]]:
    """The Call-IDs of the INVITEs of each attempt, by the other side's log: an INVITE that was only sent again has the same one."""
    found: dict[str, set[str]] = defaultdict(set)
    for message in re.split(r"(?m)^-{20,}.*$", log.read_text(errors="replace")):
        if re.search(r"(?m)^INVITE sip:", message):
            attempt = re.search(r"(?im)^X-Attempt-Id:\s*(\S+)", message)
            call = re.search(r"(?im)^Call-ID:\s*(\S+)", message)
            assert attempt is not None
            assert call is not None
            found[attempt[1]].add(call[1])
    return dict(found)


def test_killed_with_twenty_calls_and_started_again(tmp_path: Path) -> None:
    """The first callees stay on the line until their network gives up; those after the restart hang up soon."""
    answered = [*invite(), respond(180, "Ringing"), pause(0.2), respond(200, "OK", body=sdp(40000), retransmit=True), receive("ACK")]
    long = [*answered, pause(60), request("BYE", 1), '<recv response="200"></recv>']
    short = [*answered, pause(0.5), request("BYE", 1), '<recv response="200"></recv>']
    before, after = tmp_path / "before.log", tmp_path / "after.log"
    bot = {"opening_message": " ".join(["word"] * 200)}
    with run_sipp(tmp_path, long, "-trace_msg", "-message_file", str(before), calls=1000, seconds=500) as sipp:
        folder = lab_campaign(tmp_path / "campaign", profile_numbers(LEADS), sipp.port, channels=AT_ONCE, per_second=10, bot=bot)
        with running(folder, tmp_path) as run:
            wait_for(lambda: states(tmp_path)["talking"] >= AT_ONCE, "twenty calls are answered", 180, run)
            time.sleep(0.5)
            run.kill()
        in_flight = placing(database_of(tmp_path))
    first = rung(before)
    assert len(first) >= AT_ONCE

    with run_sipp(tmp_path, short, "-trace_msg", "-message_file", str(after), calls=1000, seconds=500) as sipp:
        lab_campaign(tmp_path / "campaign", profile_numbers(LEADS), sipp.port, channels=AT_ONCE, per_second=10, bot=bot)
        with running(folder, tmp_path) as run:
            run.wait(240)
    second = rung(after)

    assert not set(first) & set(second)  # no attempt twice
    assert {attempt: calls for attempt, calls in {**first, **second}.items() if len(calls) > 1} == {}
    said = records(tmp_path)
    assert said.seats_taken == 0
    assert said.workers_left == 0
    assert {call.state for call in said.calls} == {"done"}  # none in limbo
    assert {lead.state for lead in said.leads} <= set(FINAL)
    held = {attempt.id for attempt in said.attempts if attempt.state == "held"}
    assert held <= in_flight
    assert set(first) | set(second) <= {attempt.id for attempt in said.attempts}
    charged = Counter(attempt.lead_id for attempt in said.attempts if attempt.id in {**first, **second})
    assert max(charged.values()) == 1  # one attempt each is what the campaign allows: nobody who was rung is rung again
    assert len(charged) == LEADS


def test_killed_while_calls_leave(tmp_path: Path) -> None:
    """Killed at the moment when INVITEs are on their way and nothing is answered: what may have been dialled is held, not dialled again."""
    silent = [*invite(), respond(100, "Trying"), pause(60)]
    answered = [*invite(), respond(180, "Ringing"), respond(486, "Busy Here", retransmit=True), receive("ACK")]
    before, after = tmp_path / "before.log", tmp_path / "after.log"
    with run_sipp(tmp_path, silent, "-trace_msg", "-message_file", str(before), calls=1000, seconds=500) as sipp:
        folder = lab_campaign(tmp_path / "campaign", profile_numbers(LEADS), sipp.port, channels=AT_ONCE, per_second=10)
        with running(folder, tmp_path) as run:
            wait_for(lambda: before.exists() and len(rung(before)) >= AT_ONCE // 2, "ten calls have left", 180, run)
            run.kill()
        in_flight = placing(database_of(tmp_path))
    first = rung(before)
    with run_sipp(tmp_path, answered, "-trace_msg", "-message_file", str(after), calls=1000, seconds=500) as sipp:
        lab_campaign(tmp_path / "campaign", profile_numbers(LEADS), sipp.port, channels=AT_ONCE, per_second=10)
        with running(folder, tmp_path) as run:
            run.wait(240)
    second = rung(after)
    assert not set(first) & set(second)
    said = records(tmp_path)
    assert said.seats_taken == 0
    assert {call.state for call in said.calls} == {"done"}
    held = {attempt.id for attempt in said.attempts if attempt.state == "held"}
    assert held == in_flight != set()
    by_lead = Counter(attempt.lead_id for attempt in said.attempts if attempt.id in {**first, **second})
    assert max(by_lead.values()) == 1
