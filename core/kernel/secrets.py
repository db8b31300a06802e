"""The encryption key of an installation, and the box that encrypts with it.

The key is `DIALLER_ENCRYPTION_KEY`, or else the file `encryption.key` in the data folder, readable by its owner only and created at the
first start. To rotate, put the new key before the old one, separated by a comma (or, in the file, on a line of its own): the first
encrypts, all decrypt, `SecretBox.rotate` re-encrypts.

    SecretBoxError
    ├── UnusableKey        the key, or its file, cannot be used
    └── CannotDecrypt      the text was encrypted with another key, or was altered
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["ENVIRONMENT_NAME", "KEY_FILE", "CannotDecrypt", "SecretBox", "SecretBoxError", "UnusableKey"]

ENVIRONMENT_NAME = "DIALLER_ENCRYPTION_KEY"
KEY_FILE = "encryption.key"


class SecretBoxError(Exception):
    """The encryption key cannot be used, or does not fit."""


class UnusableKey(SecretBoxError):
    """The encryption key, or its file, cannot be used."""


class CannotDecrypt(SecretBoxError):
    """The text was encrypted with another key, or was altered."""


class SecretBox:
    """Encrypts and decrypts short texts (Fernet: AES-128-CBC with HMAC-SHA256).

    Args:
        keys: Fernet keys (32 bytes, URL-safe base64); the first encrypts, all of them decrypt.

    Raises:
        UnusableKey: there is no key, or one is malformed.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise UnusableKey("no encryption key was given")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise UnusableKey(
                "an encryption key must be 32 bytes in URL-safe base64 (44 characters), as `Fernet.generate_key()` makes"
            ) from None
        self._keys = tuple(urlsafe_b64decode(key) for key in keys)

    @classmethod
    def open(cls, folder: Path, environ: Mapping[str, str]) -> SecretBox:
        """Open the box of an installation: its key comes from the environment, else from the data folder, where one is created if needed.

        Raises:
            UnusableKey: the key is malformed, or other users can read its file.
        """
        text = environ.get(ENVIRONMENT_NAME, "").strip()
        where = ENVIRONMENT_NAME
        if not text:
            path = folder / KEY_FILE
            where = str(path)
            text = _read_or_make(path)
        try:
            return cls([key for key in re.split(r"[\s,]+", text) if key])
        except UnusableKey as error:
            raise UnusableKey(f"{where}: {error}") from None

    def __repr__(self) -> str:
        return "SecretBox(...)"

    def encrypt(self, text: str) -> str:
        """The text, encrypted; never the same twice."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The text that was encrypted.

        Raises:
            CannotDecrypt: no key of this box fits.
        """
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise CannotDecrypt(
                "a stored secret was encrypted with another key: put the old key back (after the new one, in "
                f"{ENVIRONMENT_NAME} or the key file), or store the secret again"
            ) from None

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """A 32-byte key for one purpose, derived from each key of the installation in turn (HKDF-SHA256, RFC 5869).

        Sign with the first and accept all: signatures made before a rotation then stay valid as long as the old key is kept.
        """
        return tuple(HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(key) for key in self._keys)

    def rotate(self, token: str) -> str:
        """The same secret, re-encrypted with the first key.

        Raises:
            CannotDecrypt: no key of this box fits.
        """
        return self.encrypt(self.decrypt(token))


def _read_or_make(path: Path) -> str:
    if not path.exists():
        _make(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise UnusableKey(f"{path} can be read by others (mode {mode:04o}): run `chmod 600 {path}`")
    return path.read_text("ascii", errors="replace")


def _make(path: Path) -> None:
    """Write a new key; if two processes start together, the first to link its file wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".encryption-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
