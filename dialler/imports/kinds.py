"""Files that are not text lists of leads: recognized by how they begin, and named in the error."""

from __future__ import annotations

import re

from dialler.imports.errors import LeadFileError

__all__ = ["refuse_binary", "refuse_other_kinds"]

_SAVE_AS = "Open it and save it as CSV (UTF-8), then use that file."
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", "Export the leads from where they are kept, as CSV (UTF-8)."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"{\\rtf", "a rich text document", _SAVE_AS),
    (b"PAR1", "a Parquet file", "Convert it to CSV (UTF-8) first."),
    (b"SQLite format 3", "a SQLite database", "Export the table of leads as CSV (UTF-8)."),
    (b"\x89PNG", "a picture", "Export the leads as CSV (UTF-8)."),
    (b"\xff\xd8\xff", "a picture", "Export the leads as CSV (UTF-8)."),
    (b"GIF8", "a picture", "Export the leads as CSV (UTF-8)."),
    (b"\x7fELF", "a program", "Use the CSV file of the leads."),
)
_MARKUP = re.compile(rb"\s*<(!doctype\s+html|html|table|head|body|meta)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*"|\[\s*[\[{"])')
_FEW_CONTROLS = 16
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27, 28, 29, 30, 31}) + b"\x7f"


def refuse_other_kinds(head: bytes) -> None:
    """Raise LeadFileError if a file that begins with `head` is a workbook, a document, an archive or the like."""
    for beginning, what, advice in _BEGINNINGS:
        if head.startswith(beginning):
            raise LeadFileError(f"This is {what}, not a CSV file, whatever its name says.", advice)
    if head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"opendocument.spreadsheet" in head):
        raise LeadFileError("This is an Excel workbook or another spreadsheet, where a CSV file is expected.", _SAVE_AS)
    if head.startswith(b"PK\x03\x04"):
        raise LeadFileError("This is a ZIP archive, not a lead file, whatever its name says.", "Unpack it first.")
    text = head[:4096].removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        raise LeadFileError("This is a web page (HTML), as some systems export it under the name .xls or .csv.", _SAVE_AS)
    if _XML.match(text):
        raise LeadFileError("This is an XML file, not a CSV file.", _SAVE_AS)
    if _JSON.match(text):
        raise LeadFileError("This is a JSON file, not a CSV file.", "Convert it to CSV (UTF-8) first.")


def refuse_binary(head: bytes) -> None:
    """Raise LeadFileError if more than one byte in twenty, and more than a few, are control characters. Not for UTF-16."""
    if len(head) - len(head.translate(None, _CONTROLS)) > max(len(head) // 20, _FEW_CONTROLS):
        raise LeadFileError("This is not a text file: it is full of control characters.", _SAVE_AS)
