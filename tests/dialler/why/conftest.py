"""Runs a test against the API of a whole process."""

from __future__ import annotations

from tests.dialler.api.conftest import api

__all__ = ["api"]
