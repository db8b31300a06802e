"""What a call costs at the driver of the database: statements and transactions, in a campaign of 50 seats that pushes to a CRM.

The limits are those of today, rounded up: whoever adds a statement to each call learns of it here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.counting import counted
from tests.web.run.folders import make_folder, profile_numbers, run

SEATS = 50
PUSH = {
    "post_call_push": {
        "url": "sample-crm",
        "token": "Bearer secret:SAMPLE_CRM_TOKEN",
        "key_mapper": {"NAME": "{{crm.customer_name}}", "DISPOSITION": "{{result.disposition}}"},
    }
}
STATEMENTS = {"sqlite": 29.5, "postgresql": 32.5}
TRANSACTIONS = 8.0


def test_a_call_costs_no_more_than_it_did(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = {"concurrency_limit": SEATS, "calls_per_second": 1000}
    sandbox = {"calls_per_second": 1000.0, "channels": 1000}
    folders = [make_folder(tmp_path / f"of {leads}", profile_numbers(leads), bot=PUSH, campaign=campaign) for leads in (1, 150)]
    with counted(monkeypatch) as count:
        few = run(folders[0], tmp_path / "out", database_url, seats=SEATS, sandbox=sandbox)
        first = (count.statements, count.transactions)  # what a run costs by itself is not a call's
        count.texts.clear()
        count.transactions = 0
        many = run(folders[1], tmp_path / "out", database_url, seats=SEATS, sandbox=sandbox)
    assert (few.state, many.state) == ("completed", "completed")
    assert many.deliveries["delivered"] == many.attempts > 150
    statements = (count.statements - first[0]) / (many.attempts - few.attempts)
    transactions = (count.transactions - first[1]) / (many.attempts - few.attempts)
    print(f"{statements:.1f} statements, {transactions:.1f} transactions a call\n{count.most(many.attempts)}")
    assert statements <= STATEMENTS["postgresql" if database_url.startswith("postgresql") else "sqlite"]
    assert transactions <= TRANSACTIONS
