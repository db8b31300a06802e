"""What was found in a lead file, as plain values."""

from __future__ import annotations

import json
from pathlib import Path

from dialler.imports.glance import glance
from dialler.imports.options import ImportOptions

TEXT = """Leads of March
Name,country_code,Mobile,DNC,Score
Ann,44,p:7700900123,,1
Ben,44,7700900124,yes,2
Cy,1,7700900125,,3

Di,44,7700900126,,4
"""


def test_columns_and_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(TEXT)
    found = glance(path, ImportOptions(default_region="GB"), rows=3)
    assert (found.encoding, found.separator, found.header_line, found.reason) == ("ASCII", "comma", 2, "")
    assert [(column.header, column.use) for column in found.columns] == [
        ("Name", "variable"),
        ("country_code", "country"),
        ("Mobile", "number"),
        ("DNC", "obeyed"),
        ("Score", "variable"),
    ]
    ann, ben, cy = found.rows
    assert (ann.line, ann.cells[2], ann.numbers, ann.variables["name"]) == (3, "p:7700900123", ("+447700900123",), "Ann")
    assert ben.column == "DNC"
    assert cy.column == "Mobile"
    assert cy.advice
    assert json.loads(json.dumps(found.as_dict()))["rows"][0]["line"] == 3


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("who,a,b\nAnn,+12025550101,+12025550102\n")
    found = glance(path, ImportOptions(), source_name="March.csv")
    assert found.source_name == "March.csv"
    assert "Several columns" in found.reason
    assert found.looked_at
    assert found.rows == ()
