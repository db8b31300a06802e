"""A core of its own for each test, from the fixtures of the API's tests."""

from tests.core.api.conftest import sqlite, with_core, with_each_core

__all__ = ["sqlite", "with_core", "with_each_core"]
