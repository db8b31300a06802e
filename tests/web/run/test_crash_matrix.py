"""Death at every interesting point of a call's life, and what becomes of its lead when the run is started again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.web.run.driver import RunSpec, run_dying
from tests.web.run.faults import POINTS
from tests.web.run.folders import make_folder, run
from tests.web.run.invariants import Records, check_everything_settled, invites, opened
from tests.web.run.receiver import Receiver

PAYS, RINGS_OUT, DECLINES = "+12025550100", "+12025550109", "+12025550108"
LEADS = [PAYS, RINGS_OUT, DECLINES]
ONE_BY_ONE = {"concurrency_limit": 1}  # so that the first lead alone is in flight when the process dies

# what becomes of the first lead: the states of its attempts, how each ended, and how often each rang
UNTOUCHED = [("ended", "reached", 1)]
HELD_UNSENT, HELD_SENT = [("held", "held", 0)], [("held", "held", 1)]
CUT_OFF = [("ended", "cut_off", 1), ("ended", "reached", 1)]

FATES = {
    "leads staged, not activated": UNTOUCHED,
    "claimed, not sent": UNTOUCHED,
    "intent committed, INVITE not sent": HELD_UNSENT,
    "INVITE sent, ringing not recorded": HELD_SENT,
    "ringing, not recorded": HELD_SENT,
    "ringing": CUT_OFF,
    "placed, answer not taken in": HELD_SENT,
    "talking": CUT_OFF,
    "talked, end not recorded": CUT_OFF,
    "ending, no result made": CUT_OFF,
    "result written, not committed": CUT_OFF,
    "done, sending not begun": UNTOUCHED,
    "done, nothing delivered": UNTOUCHED,
    "pushed, not recorded": UNTOUCHED,
    "result taken in, not recorded": UNTOUCHED,
    "all dialled, nothing written": UNTOUCHED,
}


@pytest.fixture
def crm() -> Any:
    with Receiver() as receiver:
        yield receiver


def spec_of(tmp_path: Path, database_url: str, crm: Receiver) -> RunSpec:
    folder = make_folder(tmp_path / "campaign", LEADS, bot=crm.bot, campaign=ONE_BY_ONE)
    return RunSpec(folder, tmp_path / "out", database_url, more={"allow": crm.address})


def fate_of_first_lead(records: Records, out: Path) -> list[tuple[str, str, int]]:
    rang = invites(out)
    return [(attempt.state, attempt.outcome, rang[attempt.id]) for attempt in records.attempts_at(PAYS)]


def check(spec: RunSpec, crm: Receiver, fate: list[tuple[str, str, int]]) -> Records:
    summary = run(spec.folder, spec.out, spec.database_url, allow=crm.address)
    held = 1 if fate[0][0] == "held" else 0
    assert (summary.state, summary.exit_code, summary.held, summary.audit["clean"]) == ("completed", 0, held, True)
    with opened(spec.database_url) as connection:
        of_first = {attempt.id for attempt in Records(connection).attempts_at(PAYS)}
    with_all = check_everything_settled(spec.database_url, spec.out, of_first if held else set())
    assert fate_of_first_lead(with_all, spec.out) == fate
    assert set(crm.ids) == {delivery.id for delivery in with_all.deliveries if delivery.kind == "crm_push"}
    assert {lead.state for lead in with_all.leads if lead.phone != PAYS} == {"exhausted"}
    return with_all


def test_every_point_of_death_is_tried() -> None:
    assert set(FATES) | {"recovered, not finished"} == set(POINTS)


@pytest.mark.parametrize("point", FATES)
def test_death_at(point: str, tmp_path: Path, database_url: str, crm: Receiver) -> None:
    spec = spec_of(tmp_path, database_url, crm)
    run_dying(spec, point)
    records = check(spec, crm, FATES[point])
    lead = records.lead(PAYS)
    if FATES[point][0][0] == "held":
        assert (lead.state, lead.attempts) == ("held", 1)
    else:
        assert (lead.state, lead.disposition) == ("completed", "PROMISE_TO_PAY")
    repeated = {webhook_id for webhook_id, times in crm.ids.items() if times > 1}
    assert len(repeated) == (point in {"pushed, not recorded", "result taken in, not recorded"})


def test_death_while_recovering_from_a_death(tmp_path: Path, database_url: str, crm: Receiver) -> None:
    spec = spec_of(tmp_path, database_url, crm)
    run_dying(spec, "INVITE sent, ringing not recorded")
    run_dying(spec, "recovered, not finished")
    run_dying(spec, "recovered, not finished")
    check(spec, crm, HELD_SENT)


def test_death_before_sending_again_and_again_uses_one_attempt(tmp_path: Path, database_url: str, crm: Receiver) -> None:
    spec = spec_of(tmp_path, database_url, crm)
    for _ in range(3):
        run_dying(spec, "claimed, not sent")
    check(spec, crm, UNTOUCHED)


def test_cut_off_each_time_uses_up_the_attempts(tmp_path: Path, database_url: str, crm: Receiver) -> None:
    spec = spec_of(tmp_path, database_url, crm)
    run_dying(spec, "ringing")
    run_dying(spec, "talking")
    records = check(spec, crm, [("ended", "cut_off", 1), *CUT_OFF])
    assert records.lead(PAYS).attempts == 3
    assert Counter(invites(spec.out).values()).keys() == {1}
