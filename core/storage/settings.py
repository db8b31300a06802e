"""Chooses the store of recordings from the environment.

`DIALLER_RECORDINGS`   a folder, or `s3://BUCKET` or `s3://BUCKET/PREFIX`; the folder `recordings` in the data folder if not set
`AWS_ENDPOINT_URL`     the service, if it is not Amazon's
`AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`   as Amazon's own tools read them
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.storage.base import BadObjectKey, ObjectStore, StorageMisconfigured
from core.storage.keys import check_key
from core.storage.local import LocalStore

__all__ = ["RECORDINGS", "VARIABLE", "open_store"]

VARIABLE = "DIALLER_RECORDINGS"
RECORDINGS = "recordings"
"""The first part of every recording's key, which a local folder replaces."""


def open_store(environ: Mapping[str, str], data_folder: Path) -> ObjectStore:
    """The store that the environment names. Writes nothing and contacts no service.

    Raises:
        StorageMisconfigured: see there.
    """
    given = environ.get(VARIABLE, "").strip()
    if not given:
        return LocalStore(data_folder / RECORDINGS, stands_for=RECORDINGS)
    if "://" not in given:
        return LocalStore(Path(given), stands_for=RECORDINGS)
    return _open_s3(given, environ)


def _open_s3(url: str, environ: Mapping[str, str]) -> ObjectStore:
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    try:
        if prefix:
            check_key(prefix)
    except BadObjectKey as error:
        raise StorageMisconfigured(f"{VARIABLE}: {error}") from None
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.username is not None:
        raise StorageMisconfigured(f"{VARIABLE} must be a folder, s3://BUCKET or s3://BUCKET/PREFIX; credentials go into AWS_* variables")
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise StorageMisconfigured("AWS_ENDPOINT_URL must begin with https:// (or http:// on a trusted network)")
    try:
        from core.storage.s3 import S3Settings, S3Store  # noqa: PLC0415 - an optional package
    except ImportError:
        raise StorageMisconfigured(f"{VARIABLE} names a bucket, which needs the extra s3: pip install 'campaign-dialler[s3]'") from None
    return S3Store(
        S3Settings(
            bucket=parts.netloc,
            prefix=prefix,
            endpoint=endpoint,
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            access_key_id=environ.get("AWS_ACCESS_KEY_ID") or None,
            secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY") or None,
            session_token=environ.get("AWS_SESSION_TOKEN") or None,
        )
    )
