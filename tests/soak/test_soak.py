"""Two hundred SIGKILLs at random moments on each database (`make soak`): no lead is lost, none is rung twice.

DIALLER_SOAK_KILLS says how many instead of 200, DIALLER_SOAK_SEED which.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.web.run.test_sigkill import kill_again_and_again

KILLS, SEED = int(os.environ.get("DIALLER_SOAK_KILLS", "200")), os.environ.get("DIALLER_SOAK_SEED", "soak")
ROUND = 14
"""Kills of one campaign: after more of them it is over."""


@pytest.mark.soak
@pytest.mark.parametrize("number", range(-(-KILLS // ROUND)))
def test_killed_at_random(tmp_path: Path, database_url: str, number: int) -> None:
    kill_again_and_again(tmp_path, database_url, speed=400.0, leads=150, kills=ROUND, seed=f"{SEED} {number}", seconds=900)
