"""One deployment for a module; what happens in it is told apart by room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.livekit.deployment import Deployment, deployed


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("livekit")) as here:
        yield here
