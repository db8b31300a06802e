"""Safe keys, and which store a setting means."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.storage.base import BadObjectKey, StorageMisconfigured
from core.storage.keys import check_key
from core.storage.local import LocalStore
from core.storage.settings import open_store


@given(st.text(alphabet="ab./\\\0 \n-_é~:", max_size=30) | st.text(max_size=40))
@example("a/..")
@example("a\n")
def test_a_key_that_passes_stays_below_any_folder(key: str) -> None:
    try:
        check_key(key)
    except BadObjectKey:
        return
    path = PurePosixPath(key)
    assert str(path) == key
    assert not path.is_absolute()
    assert not any(part.startswith(".") for part in path.parts)
    assert key.isascii()
    assert key.isprintable()


def test_the_default_is_a_folder_in_the_data_folder(tmp_path: Path) -> None:
    store = open_store({}, tmp_path)
    assert isinstance(store, LocalStore)
    assert store.folder == tmp_path / "recordings"
    assert not store.folder.exists()


def test_another_folder(tmp_path: Path) -> None:
    store = open_store({"DIALLER_RECORDINGS": str(tmp_path / "elsewhere")}, tmp_path)
    assert isinstance(store, LocalStore)
    assert store.folder == tmp_path / "elsewhere"


def test_a_bucket(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra s3 is not installed")
    from core.storage.s3 import S3Store

    environ = {
        "DIALLER_RECORDINGS": "s3://calls/emea/2",
        "AWS_ENDPOINT_URL": "https://s3.example.com",
        "AWS_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret",
    }
    store = open_store(environ, tmp_path)
    assert isinstance(store, S3Store)
    settings = store.settings
    assert (settings.bucket, settings.prefix, settings.region) == ("calls", "emea/2", "eu-west-2")
    assert (settings.endpoint, settings.access_key_id) == ("https://s3.example.com", "AKIATEST")
    assert "not-a-real-secret" not in repr(settings)


@pytest.mark.parametrize(
    "given", ["s3://", "gs://bucket", "s3://key:secret@bucket", "s3://bucket/../up", "s3://bucket?x=1", "http://host/x"]
)
def test_what_cannot_be_meant(given: str, tmp_path: Path) -> None:
    with pytest.raises(StorageMisconfigured) as caught:
        open_store({"DIALLER_RECORDINGS": given}, tmp_path)
    assert "secret" not in str(caught.value)


def test_an_endpoint_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(StorageMisconfigured, match="AWS_ENDPOINT_URL"):
        open_store({"DIALLER_RECORDINGS": "s3://bucket", "AWS_ENDPOINT_URL": "s3.example.com"}, tmp_path)
