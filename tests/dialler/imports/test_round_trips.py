"""Whatever rows are written, in whatever dialect and encoding, come back; and no junk stops a good row."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialler.imports.errors import LeadFileError
from dialler.imports.rows import RowStream
from dialler.imports.values import clean_value
from tests.dialler.imports.reading import read

_SCRIPTS = "abcXYZ éñçß ŁşŐ Жуков Ωμέγα שלום سلام नमस्ते தமிழ் 王小明 ひらがな 한국어 🎉 0123456789 .,;|'\"\t\n#=+-@()/&"
_CELLS = st.text(alphabet=sorted(set(_SCRIPTS)), max_size=20).filter(lambda text: clean_value(text).text == text)
_ROWS = st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=12)
_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(rows: list[list[str]], delimiter: str, line_end: str, quoting: int) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return file.getvalue()


@relaxed
@given(
    _ROWS,
    st.sampled_from(_UNICODE),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_rows_of_any_dialect_come_back(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str, delimiter: str, line_end: str, quoting: int, ended: bool
) -> None:
    table = [["note", "phone", "name"], *([first, f"+9990000{number:04}", second] for number, (first, second) in enumerate(rows))]
    text = written(table, delimiter, line_end, csv.QUOTE_ALL if line_end == "\r" else quoting)  # csv leaves a \n bare there
    found = read(tmp_path, (text if ended else text.rstrip("\r\n")).encode(encoding), delimiter=delimiter)
    assert found.rejected == []
    assert [(lead.phone, lead.variables["note"], lead.variables["name"]) for lead in found.leads] == [
        (phone, note, name) for note, phone, name in table[1:]
    ]


_WORDS = st.sampled_from(
    (
        *("Ann", "José", "Núñez", "Müller", "Weiß", "Åsa", "Ægir", "Þórður", "Cœur", "d’Été", "L’Haÿ", "Île-de-Ré", "ÁLVAREZ", "MüLLER"),
        *("“x”", "–", "N°3", "10€", "£5", "Nº", "½"),
    )
)
_WESTERN_NAMES = st.lists(_WORDS, max_size=5).map(" ".join)


@relaxed
@given(st.lists(_WESTERN_NAMES, min_size=1, max_size=9))
def test_windows_1252_comes_back(tmp_path: Path, names: list[str]) -> None:
    text = "phone;name\n" + "".join(f"+9990000{number:04};{name}\n" for number, name in enumerate(names))
    assert [lead.variables["name"] for lead in read(tmp_path, text.encode("cp1252")).leads] == names


@relaxed
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path: Path, junk: bytes) -> None:
    with contextlib.suppress(LeadFileError):
        read(tmp_path, junk)


@relaxed
@given(st.lists(st.text(alphabet='a"\n,; +4', max_size=14), max_size=6))
def test_junk_lines_do_not_stop_good_ones(tmp_path: Path, junk: list[str]) -> None:
    """Good rows after the junk: a stray quote may spoil what it touches, never what comes after the next whole lead.

    The good rows outnumber the junk: which line is the header, and how wide a row is, is judged by the majority.
    """
    good = [f"+99900001{number:03},name {number}" for number in range(3 + 2 * len(junk))]
    lines = ["phone,name", good[0], *(text.replace("\n", " ") for text in junk), *good[1:]]
    assert read(tmp_path, "\n".join(lines) + "\n").phones == [row.partition(",")[0] for row in good]


@given(st.text(alphabet='ab"\n\r,', max_size=60))
def test_every_physical_line_belongs_to_one_row(text: str) -> None:
    lines = io.StringIO(text, newline="").readlines()
    expected = 1
    for row in RowStream(lines, ","):
        assert row.line == expected
        expected += row.lines
    assert expected == len(lines) + 1


@given(st.lists(st.lists(st.text(alphabet='ab"\n ,é', max_size=8), min_size=1, max_size=4), max_size=8))
def test_well_written_rows_are_split_as_csv_does(rows: list[list[str]]) -> None:
    text = written([[cell.strip() for cell in row] for row in rows], ",", "\n", csv.QUOTE_ALL)
    found = list(RowStream(io.StringIO(text, newline=""), ","))
    assert [row.cells for row in found] == [[cell.strip() for cell in row] for row in rows]
    assert all(row.problem is None for row in found)


@pytest.mark.parametrize("stray", [0, 3, 7])
def test_one_stray_quote_costs_one_row(stray: int, tmp_path: Path) -> None:
    rows = [f"+99900001{number:03},{chr(34) if number == stray else ''}name,city" for number in range(400)]
    found = read(tmp_path, "phone,name,city\n" + "\n".join(rows) + "\n")
    assert found.rejections == [(stray + 2, "text")]
    assert len(found.leads) == 399
