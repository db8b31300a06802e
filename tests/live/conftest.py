"""Live tests: real sockets, real time, real peers, all on loopback. `make test-live` runs them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest


def missing() -> list[str]:
    """The parts that are not here, in words."""
    absent = []
    if shutil.which("sipp") is None:
        absent.append("the program sipp (Debian: apt install sip-tester)")
    if importlib.util.find_spec("sippy") is None:
        absent.append("the package sippy (pip install 'campaign-dialler[sip]')")
    return absent


_SIPPY_LEAVES_A_SOCKET = "ignore:Exception ignored in. <socket.socket fd=.*family=10, type=2:pytest.PytestUnraisableExceptionWarning"
"""It opens an IPv6 socket to see whether that can be done, and forgets it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is live, and is skipped with a sentence where a part of it is missing; under CI that is a failure."""
    absent = missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.filterwarnings(_SIPPY_LEAVES_A_SOCKET))
            if absent and os.environ.get("DIALLER_REQUIRE_LIVE") != "1":
                item.add_marker(pytest.mark.skip(reason=f"live tests need {' and '.join(absent)}"))


@pytest.fixture(autouse=True)
def _parts() -> None:
    assert not missing(), f"live tests need {' and '.join(missing())}"
