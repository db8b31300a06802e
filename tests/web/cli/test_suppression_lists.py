"""`dialler suppressions` with named lists."""

from __future__ import annotations

from pathlib import Path

from tests.web.cli.conftest import Dialler, json_of


def test_a_list_is_imported_shown_asked_exported_and_removed(dialler: Dialler, tmp_path: Path) -> None:
    file = tmp_path / "registry.csv"
    file.write_text("202,5550100\n202,5550107\n")
    facts = ("--source", "the registry", "--date", "2026-03-01", "--expires", "2099-01-31")
    found = json_of(dialler("suppressions", "import", file, "--region", "US", "--list", "registry", *facts, "--json"))
    assert (found["read"], found["new"], found["rejected"]) == (2, 2, [])
    (one,) = json_of(dialler("suppressions", "lists", "--json"))
    assert (one["name"], one["source"], one["listed_on"], one["entries"]) == ("registry", "the registry", "2026-03-01", 2)
    assert one["expires_at"].startswith("2099-02-01T00:00")
    assert "on the list registry (the registry)" in dialler("suppressions", "check", "+12025550100").stdout
    assert "may be dialled" in dialler("suppressions", "check", "+12025550101").stdout
    out = tmp_path / "out.csv"
    dialler("suppressions", "export", out, "--list", "registry")
    assert out.read_text().split() == ["number", "+12025550100", "+12025550107"]
    dialler("suppressions", "remove-list", "registry")
    assert json_of(dialler("suppressions", "lists", "--json")) == []
    assert "no list" in dialler("suppressions", "remove-list", "registry", code=1).stderr


def test_what_callees_said_is_exported_too(dialler: Dialler, tmp_path: Path) -> None:
    dialler("suppressions", "add", "+12025550100", "--reason", "wrote to us")
    dialler("suppressions", "export", tmp_path / "own.csv")
    assert "+12025550100,all,wrote to us,operator" in (tmp_path / "own.csv").read_text()
