"""Each test of the seam runs twice: against the core in this process, and against one behind a URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dialler.seam.cores import run_embedded, run_over_url


@pytest.fixture(params=["embedded", "url"])
def seam(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Callable[..., None]:
    """`seam(test, **settings)` runs `test(core)`; settings are `seats` and those of the sandbox."""
    run = run_embedded if request.param == "embedded" else run_over_url
    return lambda test, **settings: run(test, sqlite_template, tmp_path, **settings)
