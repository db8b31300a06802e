"""What single reports say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.database import Database
from core.kernel.hours import HoursConfig, PermittedHours
from dialler.reports.compliance import BotHours
from dialler.reports.spec import BadSpec, ReportSpec, make_spec
from tests.dialler.reports.support import START, Stage

WHO = "+12025550143"


def test_a_pass_says_what_it_brings(database: Database) -> None:
    stage = Stage(database)
    for index in range(4):
        lead = stage.lead(f"+120255501{index:02d}")
        stage.attempt(lead, 1, START, result={}, sip_status=480, outcome="no_answer", disposition="NO_ANSWER")
        if index:
            stage.talk(lead, "PROMISE_TO_PAY" if index == 1 else "DISPUTE", 2, START + timedelta(hours=index))
    first, second = stage.rows("passes")
    assert (first["dials"], first["no_answer"], first["conversions"], first["gap_hours"]) == (4, 4, 0, None)
    assert (second["dials"], second["people"], second["conversions"], second["gap_hours"]) == (3, 3, 1, 2)
    assert second["marginal"] == round(1 / 3, 6)


def test_an_hour_that_comes_twice_is_two_intervals(database: Database) -> None:
    stage = Stage(database)
    lead = stage.lead(WHO)
    for hour in (0, 1):  # 01:30 BST and 01:30 GMT
        stage.attempt(lead, hour + 1, datetime(2026, 10, 25, hour, 30, tzinfo=UTC), result={}, outcome="no_answer", disposition="NO_ANSWER")
    rows = stage.rows("intervals", zone="Europe/London")
    assert [row["interval"] for row in rows] == ["2026-10-25 01:00 +0100", "2026-10-25 01:00 +0000"]


def test_the_best_time_is_on_the_callees_clock_and_greys_small_numbers(database: Database) -> None:
    stage = Stage(database)
    for index in range(30):
        stage.talk(stage.lead(f"+1202555{100 + index:04d}"), "NO_OUTCOME")
    stage.talk(stage.lead("+12705550143"), "NO_OUTCOME")  # area code 270 lies in two zones
    made = stage.report("best-time", zone="Asia/Kolkata")
    assert made.rows == [["Wednesday", 5, 30, 30, 1.0, True]]
    assert made.notes == ("1 attempts are left out: their callees' zones showed different hours, or are not known",)


def test_compliance_finds_what_was_dialled_outside_the_hours(database: Database) -> None:
    stage = Stage(database, calling_window={"time_zone": "UTC", "start": "09:00", "end": "18:00"})
    stage.told.hours = BotHours("UTC", HoursConfig(start="10:00", end="22:00"), PermittedHours(start="08:00", end="21:00"))
    lead = stage.lead(WHO)
    for number, hour in enumerate((3, 14, 19), 1):  # Washington: 22:00 the day before, 09:00, 14:00
        stage.attempt(lead, number, START.replace(hour=hour), result={}, outcome="no_answer", disposition="NO_ANSWER")
    stage.attempt(lead, 4, START.replace(hour=2), result={"end_reason": "outside_permitted_hours"}, outcome="outside_hours")
    found = {row["check"]: row for row in stage.rows("compliance")}
    assert (found["outside the calling window"]["value"], found["outside the calling window"]["of"]) == (2, 3)
    assert found["outside the bot's active hours"]["value"] == 1
    assert found["outside the callee's permitted hours"]["value"] == 1
    assert found["outside the callee's permitted hours"]["kept"] is False
    assert found["attempts per lead, most a day"]["value"] == 3
    assert found["abandoned, whole campaign"]["kept"] is True


def test_a_dial_after_an_opt_out_is_found(database: Database) -> None:
    stage = Stage(database)
    lead = stage.lead(WHO, "suppressed")
    stage.talk(lead, "DO_NOT_CALL", outcome="do_not_call")
    said = {"number": WHO, "created_at": START, "source": "callee", "reason": "asked", "call_id": "c", "lines": "real"}
    stage.told.suppressions = [said]
    stage.attempt(lead, 2, START + timedelta(days=1), result={"end_reason": "suppressed"}, outcome="do_not_call")
    [row] = stage.rows("opt-outs")
    assert (row["phone"], row["lead_id"], row["on_the_list"], row["dialled_after"]) == (WHO, lead, True, 0)
    stage.attempt(lead, 3, START + timedelta(days=2), result={}, outcome="no_answer")
    assert stage.rows("opt-outs")[0]["dialled_after"] == 1
    stage.told.suppressions = []
    [row] = stage.rows("opt-outs")
    assert (row["on_the_list"], row["source"], row["dialled_after"]) == (False, "callee", 1)


def test_callbacks_are_due_on_two_clocks_and_have_an_owner(database: Database) -> None:
    stage = Stage(database)
    due = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    bots = stage.lead(WHO, "callback_scheduled", due_at=due, attempts=1)
    stage.talk(bots, "CALLBACK", outcome="callback", callback_preferred_time_text="Friday at ten")
    persons = stage.lead("+442079460143", "completed")
    stage.handoff(persons, stage.talk(persons, "CALLBACK", outcome="wants_person", callback_preferred_time_text="any time"))
    by_bot, by_person = stage.rows("callbacks", zone="Asia/Kolkata")
    assert (by_bot["due"], by_bot["due_there"], by_bot["words"], by_bot["owner"]) == (
        "2026-03-06T20:30:00+05:30",
        "2026-03-06 10:00 EST",
        "Friday at ten",
        "bot",
    )
    assert by_bot["overdue_minutes"] > 0
    assert (by_person["lead_id"], by_person["owner"], by_person["words"], by_person["due"]) == (persons, "person", "any time", None)


def test_promises_have_amount_and_date(database: Database) -> None:
    stage = Stage(database)
    stage.talk(stage.lead(WHO), "PROMISE_TO_PAY", promise_date="2026-03-10", promise_amount=120.5)
    stage.talk(stage.lead("+12025550144"), "PROMISE_TO_PAY", promise_date="soon")
    first, second = stage.rows("promises", mask=True)
    assert (first["amount"], first["due"], first["phone"]) == (120.5, "2026-03-10", "+1...43")
    assert (second["amount"], second["due"], second["days_left"]) == (None, None, None)
    assert stage.figures()["promised_amount"] == 120.5


def test_hygiene_counts_rows_and_numbers(database: Database) -> None:
    stage = Stage(database)
    stage.rejected("duplicate", "Line 2 has the same number; only the first row with a number counts.")
    stage.rejected("duplicate", "Line 7 has the same number; only the first row with a number counts.")
    stage.attempt(stage.lead(WHO), result={}, outcome="invalid_number", disposition="INVALID_NUMBER", sip_status=404)
    rows = {row["kind"]: row for row in stage.rows("hygiene")}
    assert (rows["duplicate"]["count"], rows["duplicate"]["of"]) == (2, 12)
    assert (rows["disconnected"]["count"], rows["disconnected"]["of"], rows["disconnected"]["share"]) == (1, 1, 1.0)


def test_who_was_not_contacted_has_a_reason(database: Database) -> None:
    stage = Stage(database)
    stage.talk(stage.lead(WHO), "DISPUTE")
    lead = stage.lead("+12025550144", "exhausted", note="called 3 times", outcome="no_answer", attempts=3)
    [row] = stage.rows("reasons")
    assert (row["lead_id"], row["state"], row["reason"], row["value"]) == (lead, "exhausted", "called 3 times", "no_answer")


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"name": "none"}, "report"),
        ({"zone": "Mars"}, "zone"),
        ({"start": "yesterday"}, "from"),
        ({"start": "2026-03-05", "end": "2026-03-04"}, "to"),
        ({"where": {"colour": "red"}}, "where"),
        ({"interval": "week"}, "interval"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, object], parameter: str) -> None:
    values: dict[str, object] = {"name": "calls", "zone": "UTC", **asked}
    with pytest.raises(BadSpec) as error:
        make_spec("c", **values)  # type: ignore[arg-type]
    assert error.value.parameter == parameter


def test_a_spec_survives_json() -> None:
    spec = make_spec("c", "calls", zone="Asia/Kolkata", start="2026-03-04", end="2026-03-04", where={"lead": "1"}, conversions=("SOLD",))
    assert ReportSpec.from_dict(spec.as_dict()) == spec
    assert spec.filter_text() == "from 2026-03-04 00:00, before 2026-03-05 00:00, lead is 1"
