"""Our files in the data folder that may hold a person's number: the sandbox's log, uploaded lead files, the output of runs.

The sandbox's log is written to while it is changed, so a number in it is overwritten in its place with as many `x`. An uploaded lead file
is deleted. The output of runs is the user's: it is named, and left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

__all__ = ["blot_logs", "delete_uploads", "files_with"]

_LOG: Final = "network.jsonl"
_UPLOADS: Final = "console-uploads"
_TEXTS: Final = frozenset({".csv", ".json", ".jsonl", ".txt", ".html", ".log", ".tsv"})
_PIECE: Final = 1 << 20
_OVERLAP: Final = 64


def blot_logs(folders: Collection[Path], digits: Collection[str], more: Collection[Path] = ()) -> int:
    """Overwrite the digits in the sandbox's logs. Returns how many logs had them.

    Args:
        folders: where our files are; the logs of runs are in folders of them.
        digits: the rows of digits to look for.
        more: further logs.
    """
    found = (path for folder in folders for pattern in (_LOG, f"*/{_LOG}") for path in folder.glob(pattern))
    logs = {path.resolve() for path in (*found, *more) if path.is_file()}
    return sum(_blot(path, digits) for path in sorted(logs))


def delete_uploads(data_folder: Path, digits: Collection[str]) -> tuple[int, int]:
    """Delete uploaded lead files that hold the digits and wait for their import.

    Returns:
        How many were deleted, and how many there are that cannot be searched: workbooks are compressed.
    """
    deleted = unread = 0
    for path in sorted((data_folder / _UPLOADS).glob("*")):
        if path.suffix == ".json":
            continue
        if path.suffix not in {".csv", ".txt", ".tsv"}:
            unread += 1
        elif _grouped(path, digits):
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
            deleted += 1
    return deleted, unread


def files_with(folders: Collection[Path], digits: Collection[str]) -> list[Path]:
    """Output files of runs and other texts that hold the digits, in these folders and in folders of theirs."""
    all_ = (inner for folder in folders for inner in (folder, *folder.glob("*")) if inner.is_dir() and inner.name != _UPLOADS)
    texts = (path for folder in all_ for path in folder.glob("*") if path.suffix in _TEXTS and path.is_file())
    return sorted({path for path in texts if _grouped(path, digits)})


def _grouped(path: Path, digits: Collection[str]) -> bool:
    """Whether a text file has one of the numbers, however a line of it groups the digits."""
    drop = bytes(byte for byte in range(256) if byte not in b"0123456789\n,;\t|")
    with path.open("rb") as file:
        return any(row.encode() in line.translate(None, drop) for line in file for row in digits)


def _blot(path: Path, digits: Collection[str]) -> bool:
    places = list(_places(path, digits))
    with path.open("r+b") as file:
        for at, length in places:
            file.seek(at)
            file.write(b"x" * length)
    return bool(places)


def _places(path: Path, digits: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where the rows of digits are in a file, and how long each is; a place may come twice."""
    with path.open("rb") as file:
        before, start = b"", 0
        while piece := file.read(_PIECE):
            text = before + piece
            for row in digits:
                wanted, at = row.encode(), text.find(row.encode())
                while at >= 0:
                    yield start + at, len(wanted)
                    at = text.find(wanted, at + 1)
            before = text[-_OVERLAP:]
            start += len(text) - len(before)
