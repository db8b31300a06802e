"""A core of its own for each test."""

from tests.core.api.conftest import sqlite, with_core, with_each_core

__all__ = ["sqlite", "with_core", "with_each_core"]
