"""Words before and after a number in its cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialler.imports.labels import label_of, without_labels
from tests.dialler.imports.reading import read

A = "+447700900123"
LABELLED = f"""p:{A}|ph: {A}|Ph.No: {A}|whatsapp:{A}|WhatsApp {A}|Cell: {A}|Mobile - {A}|Mob.No. {A}|tel:{A}|Tél. : {A}|Handy: {A}|m: {A}
(m) {A}|{A} (mobile)|{A} (work)|{A}(M)|{A} [home]|{A} home|{A} - cell|Mobile 1: {A}
Home/Work: {A}|电话: {A}|मोबाइल: {A}|https://wa.me/447700900123|тел. {A}"""


@pytest.mark.parametrize("written", LABELLED.replace("\n", "|").split("|"))
def test_a_label_is_taken_off_and_counted(written: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"phone\n{written}\n", default_region="GB")
    assert found.phones == [A]
    assert found.report.repairs == {"label": 1}


@pytest.mark.parametrize("written", [f"Fax: {A}", f"{A} (fax)", f"f: {A}", f"Work Fax {A}"])
def test_a_fax_is_not_dialled(written: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"phone\n{written}\n+447700900124\n", default_region="GB")
    assert found.phones == ["+447700900124"]
    assert "fax" in found.rejected[0].reason


@pytest.mark.parametrize(
    "written", ["020 7946 0123 ext 5", "020 7946 0123x12", "020 7946 0123 Durchwahl 12", "nobody", "ask Ann", "07700 900123 m", ""]
)
def test_other_words_stay(written: str) -> None:
    assert without_labels(written) == written


def test_the_label_is_told() -> None:
    assert [label_of(text) for text in (f"WhatsApp: {A}", f"{A} (work)", A)] == ["WhatsApp", "work", ""]
    assert label_of("+1 202 555 0101 ext 5") == ""


def test_the_export_of_lead_ads(tmp_path: Path) -> None:
    text = "id,platform,full_name,phone_number,lead_status\nl:9000000001,fb,Ann,p:+12025550101,CREATED\n"
    text += "l:9000000002,ig,Ben,p:+12025550102,CREATED\n"
    found = read(tmp_path, text, default_region="US")
    assert found.phones == ["+12025550101", "+12025550102"]
    assert found.report.phone_column == "phone_number"
