from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dialler.imports.errors import LeadFileError
from tests.dialler.imports.reading import read

A, B = "+447700900123", "+447700900124"


def zipped(name: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\r\n  \n,,\n", "blank lines"),
        (b"\xef\xbb\xbf", "no rows"),
        (zipped("xl/workbook.xml"), "cannot be read"),
        (zipped("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), "cannot be read"),
        (zipped("leads.csv"), "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "cannot be read"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"\x1f\x8b\x08\0rest", "gzip"),
        (b"<html><table><tr><td>phone</td></tr></table>", "HTML"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b'[{"phone": "+447700900123"}]', "JSON"),
        (bytes(range(256)) * 40, "not a text file"),
        (b"phone,name\n", "no rows below"),
        (b"name,city\nAnn,Ely\nBob,York\n", "No column of phone numbers"),
        (f"a,b\n{A},{B}\n".encode(), "Several columns"),
        (f"name,Phone,phone \nAnn,{A},{B}\n".encode(), "Columns 2 and 3 are both called 'Phone'"),
        (f"name^phone\nAnn^{A}\nBob^{B}\n".encode(), "none of comma"),
        (f"name    phone\nAnn     {A}\nBob     {B}\n".encode(), "aligned with blanks"),
        (f'"name,phone"\n"Ann,{A}"\n"Bob,{B}"\n'.encode(), "saved as CSV twice"),
        (b"loan account,name\n9876543210,Ann\n", "No column of phone numbers"),
    ],
)  # fmt: skip
def test_the_whole_file_is_unusable(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match=says) as caught:
        read(tmp_path, content, default_region="IN")
    assert caught.value.advice
    assert A not in caught.value.reason


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"phone_column": "Mobil"}, "no column 'Mobil'"),
        ({"phone_column": "9"}, "no column '9'"),
        ({"phone_column": "NAME "}, "Columns 2 and 3 are both called 'name'"),
        ({"default_region": "UK"}, "Did you mean GB"),
        ({"encoding": "klingon"}, "not known"),
        ({"encoding": "base64"}, "not known"),
        ({"delimiter": "::"}, "not one character"),
    ],
)
def test_wrong_options(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match=says):
        read(tmp_path, f"phone,name,name\n{A},Ann,Lee\n", **options)


def test_what_was_looked_at_is_told(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError) as caught:
        read(tmp_path, "name,number\nAnn,9876543210\nBob,9876543211\n")
    assert any("'number': 0% of 2 cells" in item and "100% look like one" in item for item in caught.value.looked_at)
    assert "default_region" in caught.value.advice


def test_a_file_that_changes_under_the_reader(tmp_path: Path) -> None:
    from dialler.imports.options import ImportOptions
    from dialler.imports.reader import LeadFile

    path = tmp_path / "leads.csv"
    path.write_text(f"phone\n{A}\n")
    with LeadFile(path, ImportOptions()) as leads:
        path.write_text(f"phone\n{A}\n{B}\n")
        with pytest.raises(LeadFileError, match="changed while"):
            list(leads)
