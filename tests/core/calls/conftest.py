"""The fixtures of the core's API tests: a core of its own for each test."""

from tests.core.api.conftest import sqlite, with_core, with_each_core

__all__ = ["sqlite", "with_core", "with_each_core"]
