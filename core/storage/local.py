"""Objects as files in a folder. Only their owner can read them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from core.storage.base import CHUNK, BadObjectKey, ObjectMissing, StorageRefused, StorageUnavailable
from core.storage.keys import check_key

__all__ = ["LocalStore"]


class LocalStore:
    """A folder. An object is written to a temporary file, synced to the disk, and then renamed: readers never see half of it.

    Args:
        folder: where the objects are; created with the first object.
        stands_for: the first part of every key, which is not a folder of its own:
            with `recordings`, the key `recordings/2026/a.wav` is the file `2026/a.wav`. Other keys are refused.
    """

    def __init__(self, folder: Path, *, stands_for: str = "") -> None:
        self.folder = folder
        self._prefix = f"{stands_for}/" if stands_for else ""

    def __repr__(self) -> str:
        return f"LocalStore({self.folder})"

    async def put(self, key: str, data: AsyncIterable[bytes], *, media_type: str = "application/octet-stream") -> int:  # noqa: ARG002
        """See ObjectStore."""
        target = self._path(key)
        with _failures():
            descriptor, temporary = await asyncio.to_thread(_make_temporary, target)
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for piece in data:
                    with _failures():
                        await asyncio.to_thread(file.write, piece)
                with _failures():
                    size = file.tell()
                    await asyncio.to_thread(_sync, file)
            with _failures():
                os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        return size

    async def put_file(self, key: str, path: Path, *, media_type: str = "application/octet-stream") -> int:
        """See ObjectStore."""
        return await self.put(key, _pieces(path, 0, None), media_type=media_type)

    async def size(self, key: str) -> int:
        """See ObjectStore."""
        with _failures(key):
            return (await asyncio.to_thread(self._path(key).stat)).st_size

    async def exists(self, key: str) -> bool:
        """See ObjectStore."""
        with _failures():
            return await asyncio.to_thread(self._path(key).is_file)

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """See ObjectStore."""
        path = self._path(key)
        with _failures(key):
            async for piece in _pieces(path, start, stop):
                yield piece

    async def delete(self, key: str) -> bool:
        """See ObjectStore."""
        path = self._path(key)
        with _failures():
            try:
                await asyncio.to_thread(path.unlink)
            except FileNotFoundError:
                return False
        return True

    def _path(self, key: str) -> Path:
        if not check_key(key).startswith(self._prefix):
            raise BadObjectKey(f"{key!r} cannot be kept here: keys begin with {self._prefix}")
        return self.folder / key.removeprefix(self._prefix)


def _make_temporary(target: Path) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.mkstemp(dir=target.parent, prefix=".part-")  # mode 0600


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


async def _pieces(path: Path, start: int, stop: int | None) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        file.seek(start)
        left = None if stop is None else max(stop - start, 0)
        while left is None or left > 0:
            piece = await asyncio.to_thread(file.read, CHUNK if left is None else min(CHUNK, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


@contextlib.contextmanager
def _failures(key: str | None = None) -> Iterator[None]:
    """Convert OS errors into ours; a missing file becomes ObjectMissing only if a key is given."""
    try:
        yield
    except FileNotFoundError:
        if key is None:
            raise StorageUnavailable("the folder of recordings was removed while in use") from None
        raise ObjectMissing(f"there is no object {key}") from None
    except PermissionError as error:
        raise StorageRefused(f"the folder of recordings cannot be used: {error}; give this user the right to write there") from error
    except OSError as error:
        raise StorageUnavailable(f"the folder of recordings failed: {error}") from error
