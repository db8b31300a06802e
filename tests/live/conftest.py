"""Live tests: real sockets, real time, real peers, all on loopback. `make test-live` runs them.

A module says which parts it needs: `pytestmark = pytest.mark.needs("sipp", "sippy", "kamailio")`. One without it needs
sipp and sippy.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.parts import missing

_USUAL = ("sipp", "sippy")
_SIPPY_LEAVES_A_SOCKET = "ignore:Exception ignored in. <socket.socket fd=.*family=10, type=2:pytest.PytestUnraisableExceptionWarning"
"""It opens an IPv6 socket to see whether that can be done, and forgets it."""
_A_CLIENT_OUTLIVES_ITS_LOOP = (
    "ignore:Exception ignored in. <socket.socket fd=.*type=1, proto=6.*raddr=:pytest.PytestUnraisableExceptionWarning",
    "ignore:Exception ignored in. <function _SelectorTransport.__del__:pytest.PytestUnraisableExceptionWarning",
)
"""A call that ends with its test leaves connections to its speech providers, which the collector finds in the middle of another test."""


def needs(item: pytest.Item) -> list[str]:
    """The names of the parts that a test needs."""
    named = [name for mark in item.iter_markers("needs") for name in mark.args]
    return named or list(_USUAL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is live, and is skipped with a sentence where a part of it is missing; under CI that is a failure."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.filterwarnings(_SIPPY_LEAVES_A_SOCKET))
            item.add_marker(pytest.mark.filterwarnings(*_A_CLIENT_OUTLIVES_ITS_LOOP))
            absent = missing(needs(item))
            if absent and os.environ.get("DIALLER_REQUIRE_LIVE") != "1":
                item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(absent)}"))


@pytest.fixture(autouse=True)
def _parts(request: pytest.FixtureRequest) -> None:
    absent = missing(needs(request.node))
    assert not absent, f"this test needs {' and '.join(absent)}; scripts/install_live_parts.sh installs the programs"
