"""Which keys are safe: as paths below a folder, as keys of a bucket, and in a URL. Pure."""

from __future__ import annotations

import re

from core.storage.base import BadObjectKey

__all__ = ["check_key"]

_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_LONGEST = 512
_LONGEST_PART = 200


def check_key(key: str) -> str:
    """The key, if it is safe: it stays inside any folder, names no hidden file, and means the same on every system.

    Raises:
        BadObjectKey: see there.
    """
    if len(key) > _LONGEST or not _KEY.fullmatch(key) or any(len(part) > _LONGEST_PART or part.endswith(".") for part in key.split("/")):
        raise BadObjectKey(f"{key[:80]!r} cannot be the key of an object: use letters, digits, '.', '_', '-' and '/', and no hidden names")
    return key
