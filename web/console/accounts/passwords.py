"""Passwords: argon2id by pwdlib, computed in threads, few at a time, because each takes 64 MiB and a sixth of a second of a core."""

from __future__ import annotations

import asyncio
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

__all__ = ["SHORTEST", "Passwords", "complaint_about_password"]

SHORTEST: Final = 10
_LONGEST: Final = 1000
_AT_ONCE: Final = 2
_COMMON: Final = frozenset({"1234567890", "password12", "password123", "qwertyuiop", "passwordpassword", "0123456789", "administrator"})


def complaint_about_password(password: str, login: str) -> str | None:
    """What is wrong with a new password, as a key of a message; None if it can be used. Pure."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > _LONGEST:
        return "long"
    if password.casefold() in _COMMON or password.casefold() == login or len(set(password)) < 4:
        return "common"
    return None


class Passwords:
    """Hashes and checks passwords, at most two at a time.

    Args:
        hasher: the argon2id hasher; tests pass a quick one.
    """

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._gate:
            return await asyncio.to_thread(self._hash.hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether a password fits. Without a stored hash it takes as long as with one, and is false."""
        if stored is None:
            if self._dummy is None:
                self._dummy = await self.hash("nobody has this password")
            stored, real = self._dummy, False
        else:
            real = True
        if len(password) > _LONGEST:
            return False
        async with self._gate:
            return await asyncio.to_thread(self._hash.verify, password, stored) and real
