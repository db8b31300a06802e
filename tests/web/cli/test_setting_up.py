"""Bots, keys, secrets, suppressions, samples."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml

from core.kernel.database import Database
from core.kernel.lines import REAL
from core.suppressions.store import is_suppressed
from tests.web.cli.conftest import BOT, Dialler, json_of, write_folder


def test_bots(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    assert "version 1" in dialler("bots", "add", folder / "bot.yaml").stdout
    assert "already" in dialler("bots", "add", folder / "bot.yaml").stdout
    write_folder(folder, bot=BOT + "seats: 3\n")
    assert json_of(dialler("bots", "add", folder / "bot.yaml", "--json")) == {
        "id": "reminder",
        "version": 2,
        "changed": True,
        "warnings": [],
    }
    assert json_of(dialler("bots", "list", "--json"))[0]["seats"] == 3
    assert json_of(dialler("bots", "show", "reminder", "--version", "1", "--json"))["seats"] is None
    assert "1 to 2" in dialler("bots", "show", "reminder", "--version", "9", code=2).stderr
    assert "Did you mean 'reminder'" in dialler("bots", "show", "remainder", code=2).stderr
    dialler("bots", "export", "reminder", "--out", tmp_path / "again.yaml")
    assert yaml.safe_load((tmp_path / "again.yaml").read_text())["seats"] == 3
    assert "already" in dialler("bots", "add", tmp_path / "again.yaml").stdout


def test_a_wrong_bot_is_refused_with_every_problem(dialler: Dialler, tmp_path: Path) -> None:
    write_folder(tmp_path / "bad", bot='name: Bad\ntime_zone: Asia/Calcuta\nseat: 3\nopening_message: "Hello {{crn.name}}"\n')
    error = dialler("bots", "add", tmp_path / "bad" / "bot.yaml", code=2).stderr
    for said in ("bot.yaml:2", "is not a time zone", "bot.yaml:3", "Did you mean seats?", "bot.yaml:4", "did you mean {{crm.name}}?"):
        assert said in error
    assert not (tmp_path / "out" / "dialler.db").exists()


def test_preview(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    shown = json_of(dialler("bots", "preview", folder / "bot.yaml", "--lead", "customer_name=Asha = Rao", "--json"))
    assert shown["opening_message"] == "Hello, am I speaking with Asha = Rao?"
    assert shown["missing"] == []
    assert "crm.customer_name" in dialler("bots", "preview", folder / "bot.yaml").stdout
    assert "NAME=VALUE" in dialler("bots", "preview", folder / "bot.yaml", "--lead", "Asha", code=2).stderr
    assert not (tmp_path / "out" / "dialler.db").exists()


def test_keys(dialler: Dialler, folder: Path) -> None:
    dialler("bots", "add", folder / "bot.yaml")
    made = json_of(dialler("keys", "create", "crm", "--bot", "reminder", "--expires-in", "90d", "--json"))
    assert made["key"].startswith("dk_")
    assert made["key"] not in dialler("keys", "list").stdout
    assert "reminder" in dialler("keys", "create", "x", "--bot", "remander", code=2).stderr
    assert "45s, 30m" in dialler("keys", "create", "x", "--expires-in", "soon", code=2).stderr
    assert made["requests_per_minute"] is None
    limited = json_of(dialler("keys", "create", "limited", "--requests-per-minute", "120", "--json"))
    assert limited["requests_per_minute"] == 120
    assert "120" in dialler("keys", "list").stdout
    assert "1" in dialler("keys", "create", "x", "--requests-per-minute", "0", code=2).stderr
    dialler("keys", "revoke", "crm")
    assert json_of(dialler("keys", "list", "--json"))[0]["valid"] is False
    assert "before" in dialler("keys", "revoke", "crm", code=1).stderr
    assert "no key 'cmr'" in dialler("keys", "revoke", "cmr", code=2).stderr


def test_secrets_never_show_their_values(dialler: Dialler, tmp_path: Path) -> None:
    shown = dialler("secrets", "set", "CRM_TOKEN", stdin="a-secret-word\n").output
    shown += dialler("secrets", "list").output + dialler("secrets", "list", "--json").output
    assert "CRM_TOKEN" in shown
    assert "a-secret-word" not in shown
    assert b"a-secret-word" not in (tmp_path / "out" / "dialler.db").read_bytes()
    assert "empty" in dialler("secrets", "set", "OTHER", stdin="\n", code=2).stderr
    assert "DIALLER_" in dialler("secrets", "set", "DIALLER_DATA", stdin="x", code=2).stderr
    assert "Did you mean 'CRM_TOKEN'" in dialler("secrets", "delete", "CRM_TOKN", code=2).stderr
    dialler("secrets", "delete", "CRM_TOKEN")
    assert json_of(dialler("secrets", "list", "--json")) == []


def test_a_lost_key_is_refused_by_every_start_and_there_is_a_way_out(dialler: Dialler, folder: Path, tmp_path: Path) -> None:
    database = ("--database", f"sqlite:///{tmp_path}/own.db")
    dialler("run", folder, *database, "--seed", "1", "--start", "2026-03-04T10:00", "--out", tmp_path / "out")
    dialler("secrets", "set", "CRM_TOKEN", *database, stdin="a-secret-word")
    key = tmp_path / "data" / "encryption.key"
    kept = key.read_text()
    key.unlink()
    for words in (["run", folder, "--seed", "1", "--out", tmp_path / "again"], ["secrets", "set", "OTHER"]):
        error = dialler(*words, *database, stdin="x", code=2).stderr
        assert "the key that encrypted them is missing" in " ".join(error.split())
        assert not key.exists()
    key.touch(0o600)
    key.write_text("7Q0mPbYq8K3o0W5v7mXxw3Yf3n1n3m8n6r1n3w5y7aM=")
    assert "is not the one that encrypted" in " ".join(dialler("secrets", "set", "OTHER", *database, stdin="x", code=2).stderr.split())
    key.write_text(kept)
    dialler("secrets", "set", "OTHER", *database, stdin="x")
    key.unlink()
    assert "CRM_TOKEN" in dialler("secrets", "list", *database).stdout, "no key is needed to see what is lost"
    assert "--all" in dialler("secrets", "delete", *database, code=2).stderr
    assert "CRM_TOKEN, EMBEDDED_DIALLER_KEY" in " ".join(dialler("secrets", "delete", "--all", *database).stdout.split())
    dialler("run", folder, *database, "--seed", "1", "--out", tmp_path / "again")
    assert key.read_text() != kept


def test_suppressions(dialler: Dialler, database_url: str, database: Database, tmp_path: Path) -> None:
    where = ("--database", database_url)
    assert "is suppressed" in dialler("suppressions", "add", "020 7946 0123", "--region", "GB", *where).stdout
    assert "already" in dialler("suppressions", "add", "+442079460123", *where).stdout
    with database.read() as connection:
        assert is_suppressed(connection, "+442079460123", REAL)
    (tmp_path / "list.csv").write_text("name;mobile\nAnn;07700 900123\nBob;+447700900456\nCy;nobody\nAnn;07700900123\n")
    done = dialler("suppressions", "import", tmp_path / "list.csv", "--region", "GB", "--json", *where, code=2)
    report = json_of(done)
    assert (report["read"], report["new"], [row["line"] for row in report["rejected"]]) == (4, 2, [4])
    assert "1 row of list.csv could not be read, so what stands there is NOT suppressed: line 4." in done.stderr
    numbers = {row["number"] for row in json_of(dialler("suppressions", "list", "--json", *where))}
    assert numbers == {"+442079460123", "+447700900123", "+447700900456"}
    assert len(json_of(dialler("suppressions", "list", "--search", "900456", "--json", *where))) == 1
    dialler("suppressions", "remove", "+447700900456", *where)
    dialler("suppressions", "remove", "+447700900456", *where, code=1)


def test_a_registry_and_a_list_with_a_comma_in_a_name(dialler: Dialler, tmp_path: Path) -> None:
    where = ("--region", "US", "--database", f"sqlite:///{tmp_path}/own.db")
    (tmp_path / "ftc.csv").write_text("202,5550100\n202,5550107\n")
    (tmp_path / "own.csv").write_text("Name,Phone\nAnn Archer,202-555-0100\nBell, Ben,202-555-0101\n")
    said = dialler("suppressions", "import", tmp_path / "ftc.csv", *where).stdout
    assert "2 rows read from column 1 + column 2: 2 numbers are new." in said
    assert "2 rows read from 'Phone': 1 number is new." in dialler("suppressions", "import", tmp_path / "own.csv", *where).stdout
    numbers = {row["number"] for row in json_of(dialler("suppressions", "list", "--json", *where[2:]))}
    assert numbers == {"+12025550100", "+12025550101", "+12025550107"}


def test_a_bad_row_makes_the_import_fail_and_costs_no_other(dialler: Dialler, tmp_path: Path) -> None:
    where = ("--region", "US", "--database", f"sqlite:///{tmp_path}/own.db")
    rows = "".join(f"Ann,no {number}\n" for number in range(30))
    (tmp_path / "bad.csv").write_text(f"Name,Phone\nAnn,202-555-0100\n{rows}Ben,202-555-0101\n")
    done = dialler("suppressions", "import", tmp_path / "bad.csv", *where, code=2)
    assert "30 rows of bad.csv could not be read" in done.stderr
    assert "lines 3, 4, 5" in done.stderr
    assert "and 10 more" in done.stderr
    assert "campaign.yaml" not in done.output
    assert len(json_of(dialler("suppressions", "list", "--json", *where[2:]))) == 2
    (tmp_path / "worse.csv").write_text("202,5550100\n")
    assert "--region" in dialler("suppressions", "import", tmp_path / "worse.csv", *where[2:], code=2).stderr


@pytest.mark.parametrize(
    ("words", "said"), [(["add", "12"], "country code"), (["add", "1", "--region", "UK"], "GB"), (["import", "no.csv"], "no.csv")]
)
def test_suppressions_that_cannot_be(dialler: Dialler, words: list[str], said: str) -> None:
    assert said in dialler("suppressions", *words, code=2).stderr


def test_sample_leads(dialler: Dialler, tmp_path: Path) -> None:
    text = dialler("sample-leads", "--rows", "20", "--seed", "7").stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 21
    assert all(row[0].startswith("+999") for row in rows[1:])
    dialler("sample-leads", "--rows", "20", "--seed", "7", "--out", tmp_path / "made" / "leads.csv")
    assert (tmp_path / "made" / "leads.csv").read_text(encoding="utf-8") == text
    dialler("sample-leads", "--kind", "weather", code=2)


def test_a_bot_that_pushes_to_an_internal_address_is_kept_and_warned_of(dialler: Dialler, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text("name: Internal\nbrain: {scenario: survey}\nresults_webhook: {url: 'http://127.0.0.1:9000/x'}\n")
    said = dialler("bots", "add", tmp_path / "bot.yaml")
    assert "is kept, version 1" in said.stdout
    assert "127.0.0.1:9000 is an internal address" in said.stderr
    found = json_of(dialler("bots", "add", tmp_path / "bot.yaml", "--json"))
    assert (found["changed"], len(found["warnings"])) == (False, 1)
