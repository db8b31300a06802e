"""The sentence that a run ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.cli.run_report import files_of, how_it_ended


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("completed", None, "Done: no lead can be dialled any more."),
        ("stopped", "stopped by an operator", "Stopped by an operator."),
        ("stopped", "Stopped by an operator.", "Stopped by an operator."),
        ("failed", "the bot never opens", "Ended early. The bot never opens."),
        ("failed", "The core refuses the API key.", "Ended early. The core refuses the API key."),
        ("failed", "", "Ended early."),
    ],
)
def test_it_says_nothing_twice(state: str, reason: str | None, said: str) -> None:
    assert how_it_ended(state, reason) == said


def test_the_log_of_the_sandbox_is_no_file_of_real_calls(tmp_path: Path) -> None:
    for name in ("leads.csv", "network.jsonl", "crm.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    assert list(files_of(tmp_path, sandbox=True)) == ["leads.csv", "network.jsonl", "crm.jsonl"]
    assert list(files_of(tmp_path, sandbox=False)) == ["leads.csv", "crm.jsonl"]
