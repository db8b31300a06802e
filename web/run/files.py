"""Files of a run: whole or not there, and for their owner only, since leads are people."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["private_files", "replaced"]

_OTHERS = 0o077


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Within the block, whatever this process makes is its owner's alone: files 0600, folders 0700. For the whole process."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[IO[str]]:
    """Write a text file (UTF-8, line ends as written) that takes the place of another at the end of the block; not at all if it fails."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
            yield file
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
