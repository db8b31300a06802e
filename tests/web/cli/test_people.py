"""`dialler people`: show, export and erase."""

from __future__ import annotations

import json
from pathlib import Path

from tests.web.cli.conftest import Dialler

ASHA = "+999555501000"


def test_a_person_is_shown_exported_and_erased(folder: Path, dialler: Dialler) -> None:
    dialler("run", folder)
    assert "Spring reminders" in dialler("people", "show", ASHA).output
    dialler("people", "export", ASHA, "asha.json")
    assert json.loads(Path("asha.json").read_text())["leads"][0]["variables"]["customer_name"] == "Asha Rao"
    assert dialler("people", "erase", ASHA, stdin="n\n", code=1)
    assert json.loads(dialler("people", "show", ASHA, "--json").output)["counts"]["leads"] == 1
    done = json.loads(dialler("people", "erase", ASHA, "--json").output)
    assert done["erased"]["leads"] == 1
    assert any("leads.csv" in line for line in done["not_reached"])
    assert not any(json.loads(dialler("people", "show", ASHA, "--json").output)["counts"].values())
    again = dialler("people", "erase", ASHA, "--yes").output
    assert "Nothing was known of this person." in again
    assert "Backups" in again
    assert "Asha" not in dialler("leads", "list", "--json").output


def test_a_campaign_is_deleted(folder: Path, dialler: Dialler) -> None:
    dialler("run", folder)
    dialler("campaigns", "delete", "Spring reminders", stdin="n\n", code=1)
    assert "with 3 leads" in dialler("campaigns", "delete", "Spring reminders", "--yes").output
    assert json.loads(dialler("campaigns", "list", "--json").output) == []
    dialler("campaigns", "delete", "Spring reminders", "--yes", code=2)


def test_a_number_that_is_none_is_refused_in_words(folder: Path, dialler: Dialler) -> None:
    dialler("run", folder)
    assert "cannot be used" in dialler("people", "show", "12", code=2).output
    assert "is not a country" in dialler("people", "show", "020 7946 0000", "--region", "UK", code=2).output
