"""An S3 server for the tests of stores; without the extra `s3` they are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from core.storage.s3 import S3Settings


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Settings]:
    """A bucket of a real S3 server."""
    pytest.importorskip("obstore", reason="the extra s3 is not installed")
    pytest.importorskip("nanio", reason="the S3 server of the extra dev is not installed")
    from tests.core.storage.s3_server import s3_server

    with s3_server(tmp_path_factory.mktemp("s3")) as settings:
        yield settings
