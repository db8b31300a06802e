"""The protocol of object stores: bytes under keys, written whole or not at all.

StorageError
├── BadObjectKey         the key is not a safe relative path
├── ObjectMissing        there is nothing under this key
├── StorageRefused       credentials, rights or bucket: an operator has to put it right
├── StorageUnavailable   it does not answer, or fails: try again later
└── StorageMisconfigured the settings do not say which store is meant
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Protocol

__all__ = [
    "CHUNK",
    "BadObjectKey",
    "ObjectMissing",
    "ObjectStore",
    "StorageError",
    "StorageMisconfigured",
    "StorageRefused",
    "StorageUnavailable",
]

CHUNK = 256 * 1024
"""Bytes that are read or written at once."""


class StorageError(Exception):
    """Something is wrong with the storage of objects."""


class BadObjectKey(StorageError):
    """A key is a relative path of letters, digits, `.`, `_` and `-`, and no part of it begins with a dot."""


class ObjectMissing(StorageError):
    """There is no object under this key."""


class StorageRefused(StorageError):
    """The store refuses us: wrong credentials, no rights, no such bucket. Trying again does not help, putting it right does."""


class StorageUnavailable(StorageError):
    """The store does not answer, or fails; later it may work."""


class StorageMisconfigured(StorageError):
    """The settings do not say which store is meant, or it needs a package that is not installed."""


class ObjectStore(Protocol):
    """Bytes under keys. A reader sees an object whole, as it was written last, or not at all.

    Every method raises BadObjectKey for a key that is not safe, and StorageRefused or StorageUnavailable when the store
    does not do its part.
    """

    async def put(self, key: str, data: AsyncIterable[bytes], *, media_type: str = "application/octet-stream") -> int:
        """Store a stream in place of whatever is there; returns its size in bytes. Nothing is stored if the stream raises."""

    async def put_file(self, key: str, path: Path, *, media_type: str = "application/octet-stream") -> int:
        """Store a copy of a file, as `put`.

        Raises:
            FileNotFoundError: there is no such file.
        """

    async def size(self, key: str) -> int:
        """Bytes of the object.

        Raises:
            ObjectMissing: there is none.
        """

    async def exists(self, key: str) -> bool:
        """Whether there is an object."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` (included) to `stop` (not included; None: the end), in pieces.

        A `stop` behind the end means the end.

        Raises:
            ObjectMissing: there is no object; when the first piece is asked for.
        """

    async def delete(self, key: str) -> bool:
        """Remove the object, if there is one. Returns whether there was."""
