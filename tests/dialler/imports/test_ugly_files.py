"""Files as they come out of spreadsheets, dialled systems and old databases: bytes -> leads and rejected rows."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from tests.dialler.imports.reading import read

A, B, C, D = "+447700900123", "+447700900124", "+447700900125", "+447700900126"
ANN_BOB = [(A, {"name": "Ann"}), (B, {"name": "Bob"})]
ZOE = [(A, {"name": "Zoë"}), (B, {"name": "José"})]
PLAIN = f"phone,name\n{A},Ann\n{B},Bob\n"
ACCENTS = f"phone;name\r\n{A};Zoë\r\n{B};José\r\n"
HINDI = [(A, {"नाम": "सुनीता"}), (B, {"नाम": "मोहन"})]
HINDI_TEXT = f"मोबाइल\tनाम\n{A}\tसुनीता\n{B}\tमोहन\n"
RUSSIAN = f"телефон;имя\n{A};Ольга Соколова\n{B};Иван Петров\n"

Expected = list[tuple[str, dict[str, str]]]

CASES: dict[str, tuple[bytes, dict[str, Any], Expected, list[tuple[int, str]]]] = {
    # encodings
    "utf-8": (PLAIN.encode(), {}, ANN_BOB, []),
    "utf-8 with mark": (codecs.BOM_UTF8 + ACCENTS.encode(), {}, ZOE, []),
    "utf-16 with mark": (ACCENTS.encode("utf-16"), {}, ZOE, []),
    "utf-16-be with mark": (codecs.BOM_UTF16_BE + HINDI_TEXT.encode("utf-16-be"), {}, HINDI, []),
    "utf-16-le without mark": (HINDI_TEXT.encode("utf-16-le"), {}, HINDI, []),
    "utf-16-be without mark": (ACCENTS.encode("utf-16-be"), {}, ZOE, []),
    "utf-32": (ACCENTS.encode("utf-32"), {}, ZOE, []),
    "cp1252": (ACCENTS.encode("cp1252"), {}, ZOE, []),
    "cp1251": (RUSSIAN.encode("cp1251"), {}, [(A, {"имя": "Ольга Соколова"}), (B, {"имя": "Иван Петров"})], []),
    "named encoding": (f"phone,name\n{A},Łukasz\n".encode("cp1250"), {"encoding": "cp1250"}, [(A, {"name": "Łukasz"})], []),
    "one broken letter in utf-8": (
        f"phone,name\n{A},Zoë Müller\n{B},Jos".encode() + b"\xe9" + f"\n{C},Åsa\n".encode(),
        {},
        [(A, {"name": "Zoë Müller"}), (C, {"name": "Åsa"})],
        [(3, "text")],
    ),
    "a byte that cp1252 has not": (
        f"phone,name\n{A},Zoë Müller\n{C},José Núñez\n{B},x\0\n".encode("cp1252").replace(b"\0", b"\x81"),
        {},
        [(A, {"name": "Zoë Müller"}), (C, {"name": "José Núñez"})],
        [(4, "text")],
    ),
    "utf-16 cut in the middle of a letter": (PLAIN.encode("utf-16")[:-3], {}, ANN_BOB[:1], [(3, "text")]),
    # delimiters and line ends
    "tab": (PLAIN.replace(",", "\t").encode(), {}, ANN_BOB, []),
    "pipe": (PLAIN.replace(",", "|").encode(), {}, ANN_BOB, []),
    "crlf": (PLAIN.replace("\n", "\r\n").encode(), {}, ANN_BOB, []),
    "cr": (PLAIN.replace("\n", "\r").encode(), {}, ANN_BOB, []),
    "no line end at the end": (PLAIN.rstrip().encode(), {}, ANN_BOB, []),
    "sep line": (f"sep=;\r\nphone;name\r\n{A};Ann\r\n{B};Bob\r\n".encode(), {}, ANN_BOB, []),
    "decimal commas in a semicolon file": (
        f"phone;amount\n{A};1,50\n{B};20,00\n".encode(),
        {},
        [(A, {"amount": "1,50"}), (B, {"amount": "20,00"})],
        [],
    ),
    "semicolons in quotes in a comma file": (
        f'phone,note\n{A},"a; b; c"\n{B},"d; e; f"\n'.encode(),
        {},
        [(A, {"note": "a; b; c"}), (B, {"note": "d; e; f"})],
        [],
    ),
    "one column": (f"phone\n{A}\n{B}\n".encode(), {}, [(A, {}), (B, {})], []),
    # rows
    "blank lines everywhere": (f"\n\nphone,name\n\n{A},Ann\n,\n  \n{B},Bob\n\n\n,,\n".encode(), {}, ANN_BOB, []),
    "quoted newline": (
        f'phone,name,note\r\n{A},Ann,"one\r\ntwo"\r\nbad,Bob,x\r\n'.encode(),
        {},
        [(A, {"name": "Ann", "note": "one\r\ntwo"})],
        [(4, "phone")],
    ),
    "doubled quotes": (f'phone,name\n{A},"Ann ""the"" X"\n'.encode(), {}, [(A, {"name": 'Ann "the" X'})], []),
    "quotes in the middle": (
        f'phone,name\n{A},Ann "the" X\n{B},"Bob" Y\n'.encode(),
        {},
        [(A, {"name": 'Ann "the" X'}), (B, {"name": "Bob Y"})],
        [],
    ),
    "blank before a quote": (f'phone, name\n{A}, "Doe, Ann"\n'.encode(), {}, [(A, {"name": "Doe, Ann"})], []),
    "a quote never closed": (
        f'phone,name\n{A},"Ann\n{B},Bob\n{C},Cy\n'.encode(),
        {},
        [(B, {"name": "Bob"}), (C, {"name": "Cy"})],
        [(2, "text")],
    ),
    "a quote closed by the next stray one": (
        f'phone,name\n{A},"Ann\n{B},Bob"\n{C},Cy\n'.encode(),
        {},
        [(B, {"name": 'Bob"'}), (C, {"name": "Cy"})],
        [(2, "text")],
    ),
    "a quote that swallows a quoted row": (
        f'phone,name\n{A},"Ann\n{B},"Bob"\n{C},Cy\n'.encode(),
        {},
        [(B, {"name": "Bob"}), (C, {"name": "Cy"})],
        [(2, "text")],
    ),
    "too few cells": (
        f"phone,name,city\n{A},Ann\n{B}\n".encode(),
        {},
        [(A, {"name": "Ann", "city": ""}), (B, {"name": "", "city": ""})],
        [],
    ),
    "too many cells": (
        f"phone,name,city\n{A},Doe, Ann,Ely\n{B},Bob,Ely\n".encode(),
        {},
        [(B, {"name": "Bob", "city": "Ely"})],
        [(2, "cells")],
    ),
    "too many cells, the last one blank": (
        f"phone,name,city\n{A},Doe, Ann,\n{B},Bob,\n{C},Cy,\n".encode(),
        {},
        [(B, {"name": "Bob", "city": ""}), (C, {"name": "Cy", "city": ""})],
        [(2, "cells")],
    ),
    "delimiters at the end of every row": (f"phone,name\n{A},Ann,,\n{B},Bob,,\n".encode(), {}, ANN_BOB, []),
    "nul bytes": (f"phone,name\n{A},Ann\0\0\n{B},B\0ob\n".encode() + b"\n" * 20, {}, ANN_BOB, []),
    "nul bytes in a short file": (f"phone,name\n{A},Ann\0\0\n{B},B\0ob\n".encode(), {}, ANN_BOB, []),
    "a huge cell": (f"phone,name\n{A},{'x' * 200_000}\n{B},Bob\n".encode(), {}, ANN_BOB[1:], [(2, "text")]),
    "a huge line": (f"phone,name\n{A},{'x' * 2_500_000}\n{B},Bob\n".encode(), {}, ANN_BOB[1:], [(2, "text")]),
    "a long value": (f"phone,name\n{A},{'x' * 4001}\n{B},Bob\n".encode(), {}, ANN_BOB[1:], [(2, "value")]),
    # headers
    "title rows": (
        f"Q3 list\nexported 2026-03-04\n\nphone,name,city,zip\n{A},Ann,Ely,1\n".encode(),
        {},
        [(A, {"name": "Ann", "city": "Ely", "zip": "1"})],
        [],
    ),
    "padded title row": (f"Phone campaign,\nphone,name\n{A},Ann\n{B},Bob\n".encode(), {}, ANN_BOB, []),
    "a title over one column": (f"Numbers to call\nphone\n{A}\n".encode(), {}, [(A, {})], []),
    "same header twice": (f"phone,name,name,Name \n{A},a,b,c\n".encode(), {}, [(A, {"name": "a", "name_2": "b", "name_3": "c"})], []),
    "made names give way to written ones": (f"phone,x,x,x_2\n{A},a,b,c\n".encode(), {}, [(A, {"x": "a", "x_3": "b", "x_2": "c"})], []),
    "blank headers": (
        f"phone,,name,\n{A},a,Ann,\n{B},,Bob,\n".encode(),
        {},
        [(A, {"column_2": "a", "name": "Ann"}), (B, {"name": "Bob"})],
        [],
    ),
    "no header": (f"{A},Ann\n{B},Bob\n".encode(), {}, [(A, {"column_2": "Ann"}), (B, {"column_2": "Bob"})], []),
    "header again in the middle": (f"phone,name\n{A},Ann\nphone,name\n{B},Bob\n".encode(), {}, ANN_BOB, [(3, "phone")]),
    "first number is bad": (f"phone,name\nn/a,Cy\n{A},Ann\n{B},Bob\n".encode(), {}, ANN_BOB, [(2, "phone")]),
    "footer": (f"phone,name\n{A},Ann\n{B},Bob\nTotal: 2,\n".encode(), {}, ANN_BOB, [(4, "phone")]),
    # numbers
    "spreadsheet repairs": (
        f'phone,name\n\'{A},a\n"=""{B}""",b\n447700900125.0,c\n\u202a+44 7700 900126\u202c,d\n'.encode(),
        {"default_region": "GB"},
        [(A, {"name": "a"}), (B, {"name": "b"}), (C, {"name": "c"}), (D, {"name": "d"})],
        [],
    ),
    "exponents": (
        f"phone;name\n9.19877E+11;a\n9,19877E+11;b\n9.19876543210e11;c\n{A};d\n".encode(),
        {"default_region": "IN"},
        [(A, {"name": "d"})],
        [(2, "phone"), (3, "phone"), (4, "phone")],
    ),
    "national numbers": (b"phone,name\n07700 900123,Ann\n(07700) 900-124,Bob\n", {"default_region": "GB"}, ANN_BOB, []),
    "digits only with the country code": (b"mobile\n919876543210\n", {"default_region": "IN"}, [("+919876543210", {})], []),
    "digits only of another country": (
        b"mobile\n+919876543210\n447700900123\n",
        {"default_region": "IN"},
        [("+919876543210", {})],
        [(3, "phone")],
    ),
    "extensions are other leads": (f"phone\n{A}\n{A} ext. 5\n".encode(), {}, [(A, {}), (f"{A};ext=5", {})], []),
    "duplicates": (
        f"phone,name\n{A},Ann\n07700900123,x\n{B},Bob\n00447700900123,y\n".encode(),
        {"default_region": "GB"},
        ANN_BOB,
        [(3, "duplicate"), (5, "duplicate")],
    ),
    "spreadsheet errors": (f"phone,name\n#N/A,x\n{A},#REF!\n".encode(), {}, [(A, {"name": ""})], [(2, "phone")]),
    "cells that begin with =": (f"phone,name\n{A},=SUM(A1)\n".encode(), {}, [(A, {"name": "=SUM(A1)"})], []),
    "names in many scripts": (
        f"phone,name\n{A},王秀英\n{B},محمد العلي\n{C},നിഖില്\u200d\n".encode(),
        {},
        [(A, {"name": "王秀英"}), (B, {"name": "محمد العلي"}), (C, {"name": "നിഖില്\u200d"})],
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ugly_file(name: str, tmp_path: Path) -> None:
    content, options, leads, rejected = CASES[name]
    found = read(tmp_path, content, **options)
    assert [(lead.phone, lead.variables) for lead in found.leads] == leads
    assert found.rejections == rejected


def test_true_line_numbers_after_quoted_newlines(tmp_path: Path) -> None:
    found = read(tmp_path, f'title\r\n\r\nphone,note\r\n{A},"1\r\n2\r\n3"\r\n\r\n{B},x\r\nbad,"y\r\n"\r\n{A},z\r\n')
    assert [lead.line for lead in found.leads] == [4, 8]
    assert found.rejections == [(9, "phone"), (11, "duplicate")]
    assert "Line 4" in found.rejected[1].reason


def test_a_rejected_row_does_not_count_as_the_first_of_its_number(tmp_path: Path) -> None:
    found = read(tmp_path, f"phone,name\n{A},too,many\n{A},Ann\n{B},Bob\n")
    assert found.phones == [A, B]


def test_repairs_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, f'phone,name,code\n\'{A},Ann,="007"\n{B},#N/A\n+44 7700 900125.0,x,y\n')
    assert found.report.repairs == {"apostrophe": 1, "formula": 1, "error_value": 1, "short_rows": 1}
    assert found.leads[0].variables["code"] == "007"


def test_report_survives_json(tmp_path: Path) -> None:
    report = read(tmp_path, ACCENTS.encode("cp1252")).report
    assert type(report).from_dict(report.as_dict()) == report
    assert report.variables == {"name": "name"}
    assert report.encoding == "Windows-1252"
    assert report.delimiter == "semicolon"


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    from dialler.imports.options import ImportOptions
    from dialler.imports.reader import check_file

    path = tmp_path / "leads.csv"
    path.write_text("phone\n" + "".join(f"+9990000{number:05}\n" for number in range(2500)))
    said: list[int] = []
    check_file(path, ImportOptions(), progress=said.append)
    assert said == [1000, 2000, 2500]
