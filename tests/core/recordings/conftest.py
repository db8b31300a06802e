"""The S3 server of the tests of stores."""

from __future__ import annotations

from tests.core.storage.conftest import s3

__all__ = ["s3"]
