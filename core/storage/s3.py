"""Objects in a bucket of any S3-compatible service, through obstore (extra `s3`)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store as Bucket

from core.storage.base import CHUNK, ObjectMissing, StorageRefused, StorageUnavailable
from core.storage.keys import check_key

if TYPE_CHECKING:
    from obstore.store import S3Config

__all__ = ["S3Settings", "S3Store"]


@dataclass(frozen=True)
class S3Settings:
    """The bucket, and the credentials. Values that are None are found as Amazon's own tools find them (the role of the machine).

    `prefix` is put before every key. `endpoint` is the URL of a service other than Amazon's; http:// is for a trusted
    network only. `request_timeout` and `retry_for` are in real seconds.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    request_timeout: float = 60.0
    retry_for: float = 30.0


class S3Store:
    """A bucket. Large objects are uploaded in parts; an incomplete one is never visible."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
        given: S3Config = {"region": settings.region, "virtual_hosted_style_request": settings.endpoint is None}
        given["disable_bulk_delete"] = True  # not every service supports it
        if settings.endpoint:
            given["endpoint"] = settings.endpoint.rstrip("/")
        if settings.access_key_id:
            given["access_key_id"] = settings.access_key_id
        if settings.secret_access_key:
            given["secret_access_key"] = settings.secret_access_key
        if settings.session_token:
            given["session_token"] = settings.session_token
        self._bucket = Bucket(
            settings.bucket,
            prefix=settings.prefix or None,
            config=given,
            client_options={
                "allow_http": (settings.endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=settings.request_timeout),
                "connect_timeout": timedelta(seconds=10),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=settings.retry_for)},
        )

    def __repr__(self) -> str:
        return f"S3Store({self.settings.bucket}/{self.settings.prefix})"

    async def put(self, key: str, data: AsyncIterable[bytes], *, media_type: str = "application/octet-stream") -> int:
        """See ObjectStore."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in data:
                size += len(piece)
                yield piece

        check_key(key)
        with _failures():
            await obstore.put_async(self._bucket, key, counted(), attributes={"Content-Type": media_type})
        return size

    async def put_file(self, key: str, path: Path, *, media_type: str = "application/octet-stream") -> int:
        """See ObjectStore."""
        check_key(key)
        size = (await asyncio.to_thread(path.stat)).st_size
        with _failures():
            await obstore.put_async(self._bucket, key, path, attributes={"Content-Type": media_type})
        return size

    async def size(self, key: str) -> int:
        """See ObjectStore."""
        check_key(key)
        with _failures(key):
            return (await obstore.head_async(self._bucket, key))["size"]

    async def exists(self, key: str) -> bool:
        """See ObjectStore."""
        try:
            await self.size(key)
        except ObjectMissing:
            return False
        return True

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """See ObjectStore."""
        check_key(key)
        size = await self.size(key)
        end = size if stop is None else min(stop, size)
        if start >= end:
            return
        with _failures(key):
            result = await obstore.get_async(self._bucket, key, options={"range": (start, end)})
            async for piece in result.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def delete(self, key: str) -> bool:
        """See ObjectStore."""
        there = await self.exists(key)
        if there:
            with _failures():
                await obstore.delete_async(self._bucket, key)
        return there


@contextlib.contextmanager
def _failures(key: str | None = None) -> Iterator[None]:
    """Convert obstore's errors into ours; a missing object becomes ObjectMissing only if a key is given."""
    try:
        yield
    except FileNotFoundError as error:
        if key is None or "NoSuchBucket" in str(error):
            raise StorageRefused(f"the bucket is not there: {_words(error)}") from None
        raise ObjectMissing(f"there is no object {key}") from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageRefused(f"the storage service refuses access; check keys and rights: {_words(error)}") from None
    except BaseError as error:
        raise StorageUnavailable(f"the storage service failed: {_words(error)}") from None


def _words(error: Exception) -> str:
    """The message without obstore's long dump of its own state."""
    return str(error).partition("\n")[0][:500]
