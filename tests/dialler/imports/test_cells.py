"""Repairs of single cells, and names of variables."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialler.imports.errors import CellProblem
from dialler.imports.names import unique_names, variable_name
from dialler.imports.phones import looks_like_phone, read_phone
from dialler.imports.values import clean_phone, clean_value


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'+447700900123", "+447700900123"),
        ("\u2019+447700900123", "+447700900123"),
        ("'+447700900123'", "+447700900123"),
        ("919876543210.0", "919876543210"),
        ("919876543210,00", "919876543210"),
        ('="+447700900123"', "+447700900123"),
        ('= "0044 7700 900123"', "0044 7700 900123"),
        ("=+447700900123", "+447700900123"),
        ("=447700900123", "447700900123"),
        ("\ufeff\u200e +44\u200b7700 900123\u00a0", "+447700 900123"),
        ("\uff0b\uff14\uff14 \uff17\uff17\uff10\uff10 \uff19\uff10\uff10\uff11\uff12\uff13", "+44 7700 900123"),
        ("٠٧٧٠٠٩٠٠١٢٣", "07700900123"),
        ("919,876,543,210", "919876543210"),
        ("919,876,543,210.00", "919876543210"),
        ('"+447700900123"', "+447700900123"),
        ("+44 7700 900123", "+44 7700 900123"),
        ("06.12.34.56.78", "06.12.34.56.78"),
    ],
)
def test_repaired_numbers(cell: str, text: str) -> None:
    assert clean_phone(cell).text == text


@pytest.mark.parametrize(
    "cell",
    [
        "9.19877E+11",
        "9,19877E+11",
        "9.19877e11",
        "1E+12",
        "'9.19877E+11",
        '="9.19877E+11"',
        " 9.19877E+11 ",
        "\uff19.\uff11E+11",
        "4.4E 11",
    ],
)
def test_an_exponent_is_refused_never_padded(cell: str) -> None:
    with pytest.raises(CellProblem) as caught:
        read_phone(cell, "IN")
    assert "cannot be known" in caught.value.problem.reason
    assert "text" in caught.value.problem.advice


@given(st.integers(10**9, 10**13), st.integers(1, 8), st.sampled_from(["E+", "E", "e+", "e"]), st.sampled_from([".", ","]))
def test_no_exponent_whatever_becomes_a_number(number: int, places: int, exponent: str, point: str) -> None:
    digits = str(number)
    cell = f"{digits[0]}{point}{digits[1 : 1 + places]}{exponent}{len(digits) - 1}"
    with pytest.raises(CellProblem):
        read_phone(cell, "IN")


@given(st.text(max_size=30), st.sampled_from([None, "IN", "US", "GB"]))
def test_any_text_is_a_number_or_a_reason(cell: str, region: str | None) -> None:
    try:
        key, _ = read_phone(cell, region)
    except CellProblem:
        return
    # what is dialled are digits that stand in the cell: none is made up at the end
    standing = "".join(str(unicodedata.decimal(char)) for char in cell if char.isdecimal())
    assert key.startswith("+")
    assert key.partition(";")[0][-6:] in standing


def test_digits_that_read_two_ways_are_refused() -> None:
    # 04933 is Dornum in Germany, and +49 33 begins areas of Brandenburg: some numbers exist both ways
    both = 0
    for digits in ("4931123456", "4933912345", "49301234567", "4941123456", "493312345678"):
        try:
            key, _ = read_phone(digits, "DE")
        except CellProblem as error:
            both += "exist" in error.problem.reason
        else:
            assert key.startswith("+49")
    assert both


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  Ann ", "Ann"),
        ("\u200fمحمد\u200f", "محمد"),
        ("a\0b\x07c", "abc"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("'007", "007"),
        ("'t Hart", "'t Hart"),
        ('="00123"', "00123"),
        ('="say ""hi"""', 'say "hi"'),
        ("=A1+B1", "=A1+B1"),
        ("#N/A", ""),
        ("######", ""),
        ("#1 fan", "#1 fan"),
        ("1.50", "1.50"),
        ("100.0", "100.0"),
        ("N/A", "N/A"),
    ],
)
def test_values(cell: str, text: str) -> None:
    assert clean_value(cell).text == text


@pytest.mark.parametrize("cell", ["2026-03-04", "04/03/2026", "1500.00", "12345", "LN123456", "Ann", "", "12:30", "2026-03-04 10:00:00"])
def test_not_shaped_like_a_phone(cell: str) -> None:
    assert not looks_like_phone(cell)


@pytest.mark.parametrize(
    "cell", ["+44 7700 900123", "(020) 7946-0123", "07700.900.123", "919876543210", "+1 212 555 0101 x12", "9.19877E+11"]
)
def test_shaped_like_a_phone(cell: str) -> None:
    assert looks_like_phone(cell)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("customer_name", "customer_name"),
        (" Customer Name ", "customer_name"),
        ("Amount Due (₹)", "amount_due"),
        ("due-date", "due_date"),
        ("E-Mail/Web", "e_mail_web"),
        ("नाम", "नाम"),
        ("Prénom", "prénom"),
        ("ＮＡＭＥ", "name"),
        ("名前", "名前"),
        ("___", ""),
        ("2nd name", "2nd_name"),
    ],
)
def test_variable_names(header: str, name: str) -> None:
    assert variable_name(header) == name


@given(
    st.lists(
        st.one_of(st.sampled_from(["", "name", "Name", "name_2", "name 3", "column_1", "column_2", "é"]), st.text(max_size=6)), max_size=12
    )
)
def test_names_are_unique_stable_and_usable(headers: list[str]) -> None:
    names = unique_names(headers)
    assert len(set(names)) == len(names) == len(headers)
    assert all(name and "}" not in name and " " not in name for name in names)
    for position, header in enumerate(headers):
        wanted = variable_name(header)
        if wanted and wanted not in [variable_name(earlier) for earlier in headers[:position]]:
            assert names[position] == wanted  # the first column of a written name gets exactly that name
