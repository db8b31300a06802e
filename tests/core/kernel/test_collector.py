"""What is loaded is looked through no more."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from core.kernel.collector import keep_what_is_loaded

kept = [[] for _ in range(50_000)]
before = len(gc.get_objects())
keep_what_is_loaded()
print(before, len(gc.get_objects()), gc.get_freeze_count())
"""


def test_what_exists_is_looked_through_no_more() -> None:
    """In a process of its own: it is for good."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    before, after, frozen = map(int, done.stdout.split())
    assert before > 50_000
    assert frozen > 50_000
    assert after < before / 10
