"""Workbooks (.xlsx, .xls, .ods) as rows: recognized by their content, read in a process of their own, within limits (`workbook_child`)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from dialler.imports.errors import LeadFileError
from dialler.imports.rows import Row

__all__ = ["PROTECTED", "Sheet", "WorkbookLimits", "open_sheet", "workbook_kind"]

_READER: Final = "dialler.imports.workbook_child"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
PROTECTED: Final = (
    "The workbook is protected with a password.",
    "Open it, remove the password, and save it again; or save it as CSV (UTF-8).",
)
_AS_CSV: Final = "Save the sheet of the leads as CSV (UTF-8), and use that file."


@dataclass(frozen=True)
class WorkbookLimits:
    """What is read of a workbook at most: it may unpack to any size, and holds more than leads."""

    rows: int = 1_048_576
    cells: int = 20_000_000
    unpacked: int = 1_000_000_000
    """Bytes, all parts together."""
    seconds: float = 180


class Sheet:
    """The rows of a sheet, in a file without a name that only this process has open. Row 1 is the first of the sheet, as shown there."""

    def __init__(self, rows: IO[bytes], name: str, kind: str, notes: tuple[str, ...]) -> None:
        self._file, self.name, self.kind, self.notes = rows, name, kind, notes
        self._begin = rows.tell()

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(self._begin)
        for line, text in enumerate(self._file, start=1):
            yield Row(line, json.loads(text))

    def close(self) -> None:
        """Forget the rows."""
        self._file.close()


def workbook_kind(handle: BinaryIO) -> str | None:
    """The kind of workbook (xlsx, xlsb, xls, ods); None if the file is none.

    Raises:
        LeadFileError: it is one that cannot be read: encrypted, or of another program.
    """
    handle.seek(0)
    head = handle.read(8)
    if head.startswith(_OLE):
        handle.seek(0)
        if _ENCRYPTED in handle.read(4_000_000):
            raise LeadFileError(
                "The workbook is protected with a password.", "Open it, remove the password, and save it again; or save it as CSV (UTF-8)."
            )
        return "xls"
    if not head.startswith(_ZIP):
        return None
    with suppress(zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError), zipfile.ZipFile(handle) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "xl/workbook.bin" in names:
            return "xlsb"
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 200 and b"opendocument.spreadsheet" in archive.read("mimetype"):
            _refuse_encrypted_ods(archive)
            return "ods"
        if any(name.startswith("Index/") for name in names):
            raise LeadFileError("This is an Apple Numbers document.", "Export it from Numbers as CSV or Excel, and use that file.")
    return None


def open_sheet(path: Path, handle: BinaryIO, kind: str, sheet: str | None, limits: WorkbookLimits | None = None) -> Sheet:
    """Read one sheet of a workbook.

    Args:
        path: the file.
        handle: the same, open for reading bytes.
        kind: what `workbook_kind` says.
        sheet: the user's choice: its name, or its number from 1; None: the only visible one with rows.
        limits: what is read at most.

    Raises:
        LeadFileError: it cannot be read, is too big, has no such sheet, or several and no choice was made.
    """
    limits = limits or WorkbookLimits()
    if kind != "xls":
        _check_unpacked(handle, limits)
    rows: IO[bytes] = tempfile.TemporaryFile(prefix="dialler-sheet-")  # noqa: SIM115 - the sheet closes it
    try:
        command = [sys.executable, "-P", "-m", _READER, str(path.absolute()), sheet or "", str(limits.rows), str(limits.cells)]
        try:
            done = subprocess.run(  # noqa: S603 - a module of ours, without a shell
                command, stdin=subprocess.DEVNULL, stdout=rows, stderr=subprocess.PIPE, timeout=limits.seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise LeadFileError(f"The workbook could not be read within {limits.seconds:.0f} seconds.", _AS_CSV) from None
        rows.seek(0)
        first = rows.readline()
        told: dict[str, Any] = json.loads(first) if first.endswith(b"\n") else {}
        if problem := told.get("problem"):
            raise LeadFileError(problem["reason"], problem["advice"], problem["looked_at"])
        if done.returncode or not told:
            said = (done.stderr.decode(errors="replace").strip().splitlines() or ["it was ended, perhaps for want of memory"])[-1][:200]
            raise LeadFileError(f"The workbook could not be read: its reader ended with {done.returncode} ({said}).", _AS_CSV)
        return Sheet(rows, told["sheet"], kind, tuple(told["notes"]))
    except BaseException:
        rows.close()
        raise


def _check_unpacked(handle: BinaryIO, limits: WorkbookLimits) -> None:
    handle.seek(0)
    try:
        with zipfile.ZipFile(handle) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise LeadFileError("The workbook is damaged.", "Open it in a spreadsheet and save it again.") from error
    if unpacked > limits.unpacked:
        reason = f"The workbook unpacks to {unpacked / 1e6:,.0f} MB; {limits.unpacked / 1e6:,.0f} MB are read at most."
        raise LeadFileError(reason, _AS_CSV)


def _refuse_encrypted_ods(archive: zipfile.ZipFile) -> None:
    with suppress(KeyError):
        manifest = archive.getinfo("META-INF/manifest.xml")
        if manifest.file_size < 5_000_000 and b"encryption-data" in archive.read(manifest):
            raise LeadFileError(
                "The workbook is protected with a password.", "Open it, remove the password, and save it again; or save it as CSV (UTF-8)."
            )
