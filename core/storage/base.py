"""The protocol of object stores: bytes under keys, written whole or not at all.

StorageError
├── BadObjectKey         the key is not a safe relative path
├── ObjectMissing        no object has this key
├── StorageRefused       credentials, rights or bucket: an operator has to fix it
├── StorageUnavailable   the store does not answer, or fails: try again later
└── StorageMisconfigured the settings name no usable store
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
"""Bytes read or written at once."""


class StorageError(Exception):
    """An object store failed."""


class BadObjectKey(StorageError):
    """A key is a relative path of letters, digits, `.`, `_` and `-`, and no part of it begins with a dot."""


class ObjectMissing(StorageError):
    """There is no object under this key."""


class StorageRefused(StorageError):
    """The store refuses access: wrong credentials, no rights, no such bucket. A retry does not help; an operator has to fix it."""


class StorageUnavailable(StorageError):
    """The store does not answer, or fails; it may work later."""


class StorageMisconfigured(StorageError):
    """The settings name no usable store, or it needs a package that is not installed."""


class ObjectStore(Protocol):
    """Bytes under keys. A reader sees the last object that was written whole, or none.

    Every method raises BadObjectKey for an unsafe key, and StorageRefused or StorageUnavailable when the store fails.
    """

    async def put(self, key: str, data: AsyncIterable[bytes], *, media_type: str = "application/octet-stream") -> int:
        """Store a stream, replacing any object under the key; returns its size in bytes. Stores nothing if the stream raises."""

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
        """Whether the object exists."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` (included) to `stop` (not included; None: the end), in pieces.

        A `stop` beyond the end means the end.

        Raises:
            ObjectMissing: there is no object; raised when the first piece is requested.
        """

    async def delete(self, key: str) -> bool:
        """Remove the object, if it exists. Returns whether it did."""
