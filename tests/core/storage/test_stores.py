"""One suite for every store: a folder, and a bucket of a real S3 server."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.storage.base import BadObjectKey, ObjectMissing, ObjectStore, StorageError, StorageRefused, StorageUnavailable
from core.storage.local import LocalStore


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local":
        return LocalStore(tmp_path / "objects")
    settings = request.getfixturevalue("s3")
    from core.storage.s3 import S3Store

    return S3Store(dataclasses.replace(settings, prefix=f"test-{uuid.uuid4()}"))


def run(test: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(test(), 60)

    return asyncio.run(main())


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def whole(store: ObjectStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, stop)])


def test_what_is_stored_can_be_read(store: ObjectStore) -> None:
    async def test() -> None:
        assert not await store.exists("a/b.wav")
        assert await store.put("a/b.wav", stream(b"spoken ", b"words"), media_type="audio/wav") == 12
        assert await store.exists("a/b.wav")
        assert await store.size("a/b.wav") == 12
        assert await whole(store, "a/b.wav") == b"spoken words"

    run(test)


def test_ranges(store: ObjectStore) -> None:
    async def test() -> None:
        data = bytes(range(256)) * 4000  # larger than a piece
        await store.put("a.wav", stream(data))
        for start, stop in [(0, 1), (10, 20), (0, None), (5, None), (len(data) - 3, len(data)), (0, len(data)), (300_000, 700_001)]:
            assert await whole(store, "a.wav", start, stop) == data[start:stop]
        assert await whole(store, "a.wav", len(data) - 5, len(data) + 100) == data[-5:]
        for start, stop in [(0, 0), (7, 7), (9, 3), (len(data), None), (len(data) + 5, len(data) + 9)]:
            assert await whole(store, "a.wav", start, stop) == b""

    run(test)


def test_an_empty_object(store: ObjectStore) -> None:
    async def test() -> None:
        assert await store.put("empty", stream()) == 0
        assert await store.size("empty") == 0
        assert await whole(store, "empty") == b""

    run(test)


def test_a_second_one_takes_the_place_of_the_first(store: ObjectStore) -> None:
    async def test() -> None:
        await store.put("a", stream(b"the first, longer one"))
        await store.put("a", stream(b"second"))
        assert await whole(store, "a") == b"second"

    run(test)


def test_files_of_any_size(store: ObjectStore, tmp_path: Path) -> None:
    async def test() -> None:
        file = tmp_path / "call.wav"
        file.write_bytes(os.urandom(11_000_000))  # more than two parts of an upload
        assert await store.put_file("big.wav", file, media_type="audio/wav") == 11_000_000
        assert await whole(store, "big.wav") == file.read_bytes()
        with pytest.raises(FileNotFoundError):
            await store.put_file("none.wav", tmp_path / "none.wav")
        assert not await store.exists("none.wav")

    run(test)


def test_a_stream_that_breaks_stores_nothing(store: ObjectStore) -> None:
    class Broken(Exception):
        pass

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise Broken

    async def test() -> None:
        await store.put("kept", stream(b"before"))
        for key in ("kept", "new"):
            with pytest.raises((Broken, StorageError)):
                await store.put(key, broken())
        assert await whole(store, "kept") == b"before"
        assert not await store.exists("new")

    run(test)


def test_what_is_missing(store: ObjectStore) -> None:
    async def test() -> None:
        with pytest.raises(ObjectMissing):
            await store.size("a/none")
        with pytest.raises(ObjectMissing):
            await whole(store, "a/none")
        assert await store.delete("a/none") is False

    run(test)


def test_deleted_is_deleted(store: ObjectStore) -> None:
    async def test() -> None:
        await store.put("a/b", stream(b"x"))
        assert await store.delete("a/b") is True
        assert await store.delete("a/b") is False
        assert not await store.exists("a/b")

    run(test)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".hidden", "a/.part", "a\\b", "a/", "ä", "a b", "a\n", "x" * 600]
)
def test_keys_that_are_not_safe(store: ObjectStore, key: str) -> None:
    async def test() -> None:
        with pytest.raises(BadObjectKey):
            await store.put(key, stream(b"x"))
        for ask in (store.size, store.exists, store.delete):
            with pytest.raises(BadObjectKey):
                await ask(key)
        with pytest.raises(BadObjectKey):
            await whole(store, key)

    run(test)


def test_many_writers_of_one_key_leave_one_of_theirs_whole(store: ObjectStore) -> None:
    async def test() -> None:
        texts = [bytes([n]) * 50_000 for n in range(12)]
        await asyncio.gather(*(store.put("one", stream(text[:20_000], text[20_000:])) for text in texts))
        assert await whole(store, "one") in texts

    run(test)


# the folder


def test_a_folder_holds_nothing_but_objects_that_only_the_owner_can_read(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "recordings", stands_for="recordings")

    async def test() -> None:
        await store.put("recordings/2026/03/04/a.wav", stream(b"x"))
        with pytest.raises(BadObjectKey):
            await store.put("encryption.key", stream(b"x"))
        with pytest.raises(BadObjectKey):
            await store.size("recordings2/a")

    run(test)
    files = [path for path in (tmp_path / "recordings").rglob("*") if path.is_file()]
    assert files == [tmp_path / "recordings" / "2026" / "03" / "04" / "a.wav"]
    assert files[0].stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalStore(tmp_path / "file")

    async def test() -> None:
        with pytest.raises((StorageUnavailable, StorageRefused)):
            await store.put("a", stream(b"x"))

    run(test)


# the bucket


def test_a_wrong_secret_is_refused_by_the_server(s3: Any) -> None:
    from core.storage.s3 import S3Store

    store = S3Store(dataclasses.replace(s3, secret_access_key="wrong"))

    async def test() -> None:
        with pytest.raises(StorageRefused, match="SignatureDoesNotMatch") as caught:
            await store.put("a", stream(b"x"))
        assert "wrong" not in str(caught.value)
        assert "\n" not in str(caught.value)
        for ask in (store.size, store.exists, store.delete):
            with pytest.raises(StorageRefused):
                await ask("a")
        with pytest.raises(StorageRefused):
            await whole(store, "a")

    run(test)


def test_a_bucket_that_does_not_exist(s3: Any) -> None:
    from core.storage.s3 import S3Store

    store = S3Store(dataclasses.replace(s3, bucket="no-such-bucket"))

    async def test() -> None:
        with pytest.raises(StorageRefused, match="NoSuchBucket"):
            await store.put("a", stream(b"x"))

    run(test)


def test_a_server_that_is_down(s3: Any) -> None:
    from core.storage.s3 import S3Store

    store = S3Store(dataclasses.replace(s3, endpoint="http://127.0.0.1:9", retry_for=0.1))

    async def test() -> None:
        with pytest.raises(StorageUnavailable):
            await store.put("a", stream(b"x"))
        with pytest.raises(StorageUnavailable):
            await store.size("a")

    run(test)
    assert s3.secret_access_key not in repr(store) + repr(s3)


def test_the_objects_are_where_the_prefix_says(s3: Any) -> None:
    from core.storage.s3 import S3Store

    async def test() -> None:
        await S3Store(dataclasses.replace(s3, prefix="ours/calls")).put("recordings/a.wav", stream(b"x"))
        assert await S3Store(s3).size("ours/calls/recordings/a.wav") == 1

    run(test)
