"""Several numbers of one person in a lead file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialler.imports.errors import LeadFileError
from tests.dialler.imports.reading import ReadFile, read

A, B, C, D = (f"+1202555010{number}" for number in range(1, 5))


def numbers(found: ReadFile) -> list[list[str]]:
    return [[number.phone for number in lead.numbers] or [lead.phone] for lead in found.leads]


GOOGLE = """Name,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value
Ann Archer,* ,ann@example.com,Mobile,+1 202-555-0101,,
Ben Bell,,,* Mobile,+1 202-555-0102 ::: +1 202-555-0103,Work,(202) 555-0104
Cy Cole,,,,,Work,(202) 555-0105
Di Dunn,,,Work Fax,(202) 555-0106,Home,(202) 555-0107
Ed Eve,,,,,,
"""


def test_googles_contacts(tmp_path: Path) -> None:
    found = read(tmp_path, GOOGLE, default_region="US")
    assert numbers(found) == [[A], [B, C, D], ["+12025550105"], ["+12025550107"]]
    assert [number.label for number in found.leads[1].numbers] == ["Mobile", "Mobile", "Work"]
    assert found.rejections == [(6, "phone")]
    assert any("'Phone 1 - Value', 'Phone 2 - Value'" in line for line in found.report.lines())
    assert found.report.repairs["other_number"] == 1  # the fax


def test_outlooks_contacts(tmp_path: Path) -> None:
    text = f"First Name,Business Fax,Business Phone,Home Phone,Mobile Phone,Other Phone\nAnn,{D},{B},,{A},\nBen,,{C},,,\n"
    found = read(tmp_path, text)
    assert numbers(found) == [[A, B], [C]]
    assert any("'Mobile Phone', 'Home Phone', 'Business Phone'" in line for line in found.report.lines())


def test_lead_ads_with_several_numbers_in_a_cell(tmp_path: Path) -> None:
    found = read(tmp_path, f"full_name,phone_number\nAnn,p:{A} ::: p:{B}\nBen,p:{C}\n")
    assert numbers(found) == [[A, B], [C]]


def test_the_user_names_the_columns_in_their_order(tmp_path: Path) -> None:
    text = f"name,a,b,c\nAnn,{A},{B},{C}\nBen,,x,{D}\nCy,,x,\n"
    found = read(tmp_path, text, phone_columns=("c", "2"))
    assert numbers(found) == [[C, A], [D]]
    assert found.rejections == [(4, "phone")]
    assert found.leads[0].variables == {"name": "Ann", "a": A, "b": B}
    with pytest.raises(LeadFileError, match="phone_columns"):
        read(tmp_path, text, phone_columns=("c", "nowhere"))


def test_where_nothing_tells_it_asks(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match="Several columns"):
        read(tmp_path, f"who,a,b\nAnn,{A},{B}\nBen,{C},{D}\n")


def test_a_number_belongs_to_one_row(tmp_path: Path) -> None:
    text = f"name,Mobile Phone,Home Phone\nAnn,{A},{B}\nBen,{C},{B}\nCy,{B},{A}\nDi,{B},{D}\nEd,{A},\n"
    found = read(tmp_path, text)
    assert numbers(found) == [[A, B], [C], [D]]
    assert found.rejections == [(4, "duplicate"), (6, "duplicate")]
    assert found.report.repairs["known_number"] == 2


def test_a_mark_holds_for_all_numbers(tmp_path: Path) -> None:
    text = f"name,Mobile Phone,Home Phone,DNC\nAnn,{A},{B},\nBen,{C},{B},yes\nCy,{C},,\nDi,{D},,\n"
    found = read(tmp_path, text)
    assert numbers(found) == [[D]]
    assert [kind for _, kind in found.rejections] == ["consent"] * 3


def test_numbers_of_the_same_person_twice_count_once(tmp_path: Path) -> None:
    assert numbers(read(tmp_path, f"Mobile Phone,Home Phone\n{A},(202) 555-0101\n", default_region="US")) == [[A]]
