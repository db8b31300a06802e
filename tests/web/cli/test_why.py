"""`dialler why`: from the terminal, for a campaign and for one lead."""

from __future__ import annotations

from pathlib import Path

from tests.web.cli.conftest import Dialler, json_of


def test_a_campaign_and_a_lead_say_why_they_are_not_dialled(folder: Path, dialler: Dialler) -> None:
    dialler("run", folder, "--out", "out", "--start", "2026-03-04T10:00", "--seed", "1")
    account = json_of(dialler("why", "Spring reminders", "-d", "out", "--json"))
    assert sum(step["count"] for step in account["steps"]) == account["rows"]
    assert account["blocked_by"] is None
    shown = dialler("why", "Spring reminders", "-d", "out").stdout
    assert "They were reached" in shown
    leads = json_of(dialler("leads", "list", "-d", "out", "--json"))
    one = json_of(dialler("why", "Spring reminders", str(leads[0]["id"]), "-d", "out", "--json"))
    assert one["lead_id"] == leads[0]["id"]
    assert dialler("why", "Spring reminders", str(leads[0]["id"]), "-d", "out").stdout.strip().endswith(".")
