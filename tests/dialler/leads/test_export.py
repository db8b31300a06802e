"""Exports: of one moment while the campaign goes on, in memory that does not grow, for spreadsheets, and back in as a lead file."""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select, update

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.imports.exported import as_text, defused, undefused
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.imports.values import clean_value
from dialler.leads.export import write_export
from dialler.leads.tables import Lead
from tests.conftest import START

_leads = table_of(Lead)
UGLY = """\
Mobile;Loan No.;Name;नाम;crm.city;Note;state;fax;
+447700900123;00012345678901234567;Ann;अनु;Leeds;=1+1;Ohio;+12025550143;x
+447700900124 ext. 12;1E5;"Zoë; ""Z"" O'Briain";;York;+49 (0) 30;;;
+447700900125;2026-03-04;"two
lines";;;@home;'tis;03/04;
+447700900126;12.50;-5;;;-x;''=1;10:30 AM;
+447700900127;TRUE;Mar-21;;;;=HYPERLINK(1);7;
"""
Import = Callable[..., ImportReport]


@pytest.fixture
def do_import(database: Database, tmp_path: Path) -> Import:
    def run(campaign_id: str, content: str, **options: Any) -> ImportReport:
        path = tmp_path / "file.csv"
        path.write_text(content, encoding="utf-8", newline="")
        with database.write() as connection:
            create_campaign(connection, campaign_id, campaign_id, "bot", {}, START)
        given = ImportOptions(**options)
        return import_file(database, RealClock(start=START), Ids(1), campaign_id, path, source_name="file.csv", options=given)

    return run


def leads_of(database: Database, campaign_id: str) -> list[tuple[str, dict[str, Any]]]:
    query = select(_leads.c.phone, _leads.c.variables).where(_leads.c.campaign_id == campaign_id).order_by(_leads.c.id)
    with database.read() as connection:
        return [(phone, variables) for phone, variables in connection.execute(query)]


def exported(database: Database, campaign_id: str, **how: Any) -> str:
    file = io.StringIO(newline="")
    write_export(database, campaign_id, "leads", file, **how)
    return file.getvalue()


@pytest.mark.parametrize("how", [{}, {"excel": True}, {"excel": True, "delimiter": ";"}, {"delimiter": "\t"}])
def test_what_was_exported_can_be_imported_again(database: Database, do_import: Import, how: dict[str, Any]) -> None:
    do_import("first", UGLY, phone_column="Mobile", default_region="GB")
    before = leads_of(database, "first")
    assert [phone for phone, _ in before][:2] == ["+447700900123", "+447700900124;ext=12"]
    assert before[0][1]["note"] == "=1+1"
    report = do_import("second", exported(database, "first", **how), phone_column="Mobile")
    assert leads_of(database, "second") == [(phone, {"column_9": "", **variables}) for phone, variables in before]
    assert report.rejected == 0
    assert any("its own columns (line, state, disposition," in warning for warning in report.warnings)
    assert report.named_variables == ["loan_no", "name", "नाम", "crm_city", "note", "state", "fax", "column_9"]


def test_an_export_that_was_edited_is_known_all_the_same(database: Database, do_import: Import) -> None:
    do_import("first", "phone,name\n+447700900123,Ann\n+447700900124,Ben\n")
    rows = list(csv.reader(io.StringIO(exported(database, "first"))))
    keep = ["crm.name", "attempts", "phone", "line", "uncharged_dials", "state"]
    edited = [[row[rows[0].index(name)] for name in keep] + [more] for row, more in zip(rows, ["wave", "1", "2"], strict=True)]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";").writerows(edited)
    do_import("second", file.getvalue())
    assert leads_of(database, "second") == [
        ("+447700900123", {"name": "Ann", "wave": "1"}),
        ("+447700900124", {"name": "Ben", "wave": "2"}),
    ]


def test_a_file_with_some_of_the_same_headers_is_no_export(database: Database, do_import: Import) -> None:
    do_import("first", "line,phone,state,note\n7,+447700900123,Ohio,x\n")
    assert leads_of(database, "first") == [("+447700900123", {"line": "7", "state": "Ohio", "note": "x"})]


class Meddling(io.StringIO):
    """Changes every lead once the first row was written, as a running campaign does; counts the rows in memory then."""

    def __init__(self, database: Database) -> None:
        super().__init__(newline="")
        self._database, self._written = database, 0
        self.in_memory = 0

    def write(self, text: str) -> int:
        self._written += 1
        if self._written == 2:
            self.in_memory = sum(isinstance(found, Row) for found in gc.get_objects())
            with self._database.write() as connection:
                connection.execute(update(_leads).values(state="completed", queue=None, due_at=None, note="later"))
        return super().write(text)


def test_all_rows_are_of_one_moment_and_few_are_in_memory(database: Database, do_import: Import) -> None:
    numbers = "\n".join(f"+999555{number:06d}" for number in range(2500))
    do_import("first", f"phone\n{numbers}\n")
    file = Meddling(database)
    assert write_export(database, "first", "leads", file) == 2500
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [row["phone"] for row in rows] == numbers.split()
    assert {(row["state"], row["note"]) for row in rows} == {("pending", "")}
    assert 0 < file.in_memory <= 1100, "a page"
    assert ",completed," in exported(database, "first")


def test_an_export_leaves_the_connection_as_it_was(database: Database, do_import: Import) -> None:
    do_import("first", "phone\n+447700900123\n")
    exported(database, "first")
    with database.read() as connection:
        assert "yield_per" not in connection.get_execution_options()
        if database.is_postgresql:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() != "0"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("+12025550143", '="+12025550143"'),
        ("007", '="007"'),
        ("123456789012", '="123456789012"'),
        ("12345678901", "12345678901"),
        ("1110", "1110"),
        ("0", "0"),
        ("12.50", '="12.50"'),
        ("1,234", '="1,234"'),
        ("1E5", '="1E5"'),
        ("2026-01-31", '="2026-01-31"'),
        ("3/4", '="3/4"'),
        ("10:30 AM", '="10:30 AM"'),
        ("Mar-21", '="Mar-21"'),
        ("1 March 2026", '="1 March 2026"'),
        ("true", '="true"'),
        ("-5", '="-5"'),
        ("LN204100", "LN204100"),
        ("27bc73d2-ba0e-59fd-971e-0b5dea372c4b", "27bc73d2-ba0e-59fd-971e-0b5dea372c4b"),
        ("2026-03-04T08:00:00.000Z", "2026-03-04T08:00:00.000Z"),
        ("Maria", "Maria"),
        ("=1+1", "'=1+1"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_change_is_written_as_text(value: str, cell: str) -> None:
    assert as_text(defused(value)) == cell
    assert clean_value(undefused(cell)).text == value


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=sorted(set("=+-@\t\r'\"0129.,/:eE ()aA%é王")), max_size=12).filter(lambda text: clean_value(text).text == text))
def test_every_value_comes_back(value: str) -> None:
    assert undefused(defused(value)) == value
    assert clean_value(undefused(as_text(defused(value)))).text == value
    assert not defused(value).startswith(("=", "@", "\t", "\r"))
