"""The reports agree with each other and with what `dialler campaigns` counts, to the unit, on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.contracts.dispositions import DISPOSITIONS, WITHOUT_A_CONVERSATION
from core.kernel.database import Database
from dialler.leads.progress import progress
from dialler.leads.states import CLAIMED, FINAL, WAITING
from dialler.policy.outcomes import Outcome
from dialler.reports.catalogue import REPORTS
from dialler.reports.definitions import DEFINITIONS, VERSION
from dialler.reports.passes import PARTS
from dialler.reports.spec import FILTERS
from dialler.reports.words import CONVERSIONS, GROUPS, group_of
from tests.dialler.reports.support import START, Stage

ATTEMPT = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from([*Outcome, None]),
        "sip_status": st.sampled_from([200, 480, 486, 503, None]),
        "disposition": st.sampled_from(["PROMISE_TO_PAY", "VOICEMAIL", "OWN_WORD", "DO_NOT_CALL", None]),
        "right_party": st.sampled_from([True, False, None, "yes"]),
        "minutes": st.integers(0, 60 * 24 * 20),
        "talk": st.sampled_from([0.0, 4.5, 61.25]),
        "over": st.booleans(),
    }
)
LEAD = st.tuples(st.sampled_from([*WAITING, *CLAIMED, *FINAL]), st.lists(ATTEMPT, max_size=4))


def fill(stage: Stage, leads: list[tuple[str, list[dict[str, Any]]]]) -> None:
    for index, (state, attempts) in enumerate(leads):
        lead = stage.lead(f"+120255501{index:02d}", state)
        for number, one in enumerate(attempts, 1):
            at = START + timedelta(minutes=one["minutes"])
            result = {"post_call_analysis": {"right_party": one["right_party"]}} if one["over"] else None
            more = {name: one[name] for name in ("outcome", "sip_status", "disposition")} if one["over"] else {}
            stage.attempt(lead, number, at, result=result, call_duration_seconds=one["talk"], **more)


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LEAD, max_size=8))
def test_every_report_counts_what_the_campaign_counts(database: Database, leads: list[tuple[str, list[dict[str, Any]]]]) -> None:
    stage = Stage(database)
    fill(stage, leads)
    with database.read() as connection:
        counted = progress(connection, stage.id)
    figures = stage.figures()
    assert (figures["leads"], figures["attempts"], figures["answered"]) == (counted.leads, counted.attempts, counted.answered)
    assert (figures["people"], figures["machines"], figures["silent"]) == (counted.people, counted.machines, counted.silent)
    assert figures["dialable"] == counted.waiting
    assert figures["worked_out"] == (round(counted.done / counted.leads, 6) if counted.leads else None)
    [of_list] = stage.rows("lists")
    assert (of_list["leads"], of_list["attempts"], of_list["dialable"]) == (counted.leads, counted.attempts, counted.waiting)
    assert (of_list["attempted"], of_list["contacted"]) == (figures["leads_attempted"], figures["leads_contacted"])
    passes = stage.rows("passes")
    for row in passes:
        assert row["dials"] == sum(row[part] for part in PARTS)
    for interval in ("hour", "day"):
        by_interval = stage.rows("intervals", interval=interval, zone="Asia/Kolkata")
        for key in ("people", "machines", "silent", "conversions", "right_party"):
            assert sum(row.get(key, 0) for row in by_interval) == figures[key]
            if key in {"people", "conversions"}:
                assert sum(row[key] for row in passes) == figures[key] == sum(row[key] for row in stage.rows("bots"))
        assert sum(row["attempts"] for row in by_interval) == counted.attempts
        ended = [one for _, attempts in leads for one in attempts if one["over"] and one["disposition"]]
        assert sum(row["count"] for row in stage.rows("dispositions", interval=interval)) == len(ended)
    assert sum(row["dials"] for row in stage.rows("caller-ids")) == counted.attempts == len(stage.rows("calls"))
    assert sum(row["attempts"] for row in stage.rows("best-time")) == counted.attempts
    assert stage.report("summary").live == sum(not one["over"] for _, attempts in leads for one in attempts)
    for name in ("compliance", "callbacks", "promises", "opt-outs", "reasons", "hygiene"):
        stage.report(name, start="2026-03-05", end="2026-03-06")


def test_the_rows_behind_a_figure_are_as_many_as_it_says(database: Database) -> None:
    stage = Stage(database)
    first, second = stage.lead("+12025550101"), stage.lead("+12025550102")
    stage.talk(first, "PROMISE_TO_PAY")
    stage.attempt(second, result={}, sip_status=486, outcome="rejected", disposition="BUSY")
    stage.talk(second, "DISPUTE", 2, START + timedelta(days=1))
    assert len(stage.rows("calls", where={"answered_by": "person"})) == stage.figures()["people"] == 2
    assert [row["disposition"] for row in stage.rows("calls", where={"attempt": "2"})] == ["DISPUTE"]
    assert stage.figures(where={"disposition": "BUSY"})["attempts"] == 1
    assert stage.figures(end="2026-03-04")["attempts"] == 2
    assert stage.figures(start="2026-03-05")["attempts"] == 1
    assert stage.figures(start="2026-03-04T10:00", end="2026-03-04T10:00:01")["attempts"] == 2
    assert len(stage.rows("calls", where={"fact": "conversions"})) == stage.figures()["conversions"] == 1
    [cell, _] = stage.rows("best-time")
    assert len(stage.rows("calls", where={"weekday": cell["weekday"], "hour": str(cell["hour"])})) == cell["attempts"]
    page = stage.report("calls")
    assert (page.rows_in_all, len(page.rows)) == (3, 3)


def test_the_words_are_those_of_the_core() -> None:
    known = {word for words in GROUPS.values() for word in words}
    assert {*DISPOSITIONS, *WITHOUT_A_CONVERSATION} == known
    assert set(CONVERSIONS) <= set(DISPOSITIONS)
    assert group_of("PROMISE_TO_PAY", ("DISPUTE",)) == "talk"
    assert (group_of("DISPUTE", ("DISPUTE",)), group_of("SOMETHING"), group_of(None)) == ("conversion", "other", "")


def test_every_figure_of_a_column_is_defined() -> None:
    for report in REPORTS.values():
        keys = [column.key for column in report.columns]
        assert len(set(keys)) == len(keys)
        for column in report.columns:
            assert column.metric is None or column.metric in DEFINITIONS, (report.name, column.key)
            assert (column.kind == "share") == (column.of is not None), "a share never stands without the number that it is of"
            assert column.of is None or column.of in keys


def test_the_page_of_reports_has_every_report_filter_and_definition() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
    assert f"Version {VERSION}. " in page
    for report in REPORTS.values():
        assert f"| `{report.name}` | {report.about} |" in page
    for name, about in FILTERS.items():
        assert f"| `{name}` | {about} |" in page
    for one in DEFINITIONS.values():
        said = " ".join(f"{text.rstrip('.')}." for text in (one.formula, one.remark) if text)
        assert f"| {one.title} | {said} | {one.base} | {one.unit} |" in page
