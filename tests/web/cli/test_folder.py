"""Reading a folder: every problem at once, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.bots.config import BotConfig
from core.outgoing.guard import AllowList
from tests.dialler.imports.test_workbooks import workbook
from tests.web.cli.conftest import BOT, CAMPAIGN, LEADS, write_folder
from web.run.folder import UnusableFolder, read_folder
from web.run.push_checks import push_problems


def problems_of(folder: Path, allow: str = "", secrets: Sequence[str] = ()) -> list[str]:
    with pytest.raises(UnusableFolder) as caught:
        read_folder(folder, AllowList.parse(allow), lambda name: name in secrets)
    return caught.value.problems


def test_a_good_folder(folder: Path) -> None:
    read = read_folder(folder)
    assert (read.campaign.name, read.bot.id, read.import_options.default_region) == ("Spring reminders", "reminder", "GB")
    assert read.warnings == ()


def test_every_problem_of_all_files_at_once(tmp_path: Path) -> None:
    bot = """
    name: Reminder
    time_zone: Europe/Lodnon
    vocie: nice
    opening_message: "Hello {{customer_name}}, this is {single.brace}"
    post_call_push:
      url: http://127.0.0.1:9/x
      token: Bearer abcdef
    """
    campaign = "name: Spring\nmax_attemps: 2\ncalling_window:\n  start: '9:00'\n  end: '8 pm'\n  time_zone: Mars/Olympus\n"
    folder = write_folder(tmp_path / "bad", bot=bot, campaign=campaign)
    (folder / "leads.csv").unlink()
    (folder / "export.csv").write_text(LEADS)
    found = problems_of(folder)
    for said in (
        "leads.csv (the leads) is missing",
        "Is it export.csv?",
        "campaign.yaml:2: max_attemps: there is no such key. Did you mean max_attempts?",
        "campaign.yaml:5: calling_window.end",
        "Mars/Olympus",
        "Europe/London",
        "vocie: there is no such key. Did you mean voice?",
        "did you mean {{crm.customer_name}}?",
        "single braces",
        "the file contains a credential",
    ):
        assert any(said in problem for problem in found), (said, found)
    assert str(tmp_path) not in "\n".join(problem for problem in found if "yaml" in problem), "file names are as in the folder"


@pytest.mark.parametrize("text", ["", "\n\n", "name,city\nAnn,Leeds\n", "phone,name\n"])
def test_a_lead_file_without_leads(tmp_path: Path, text: str) -> None:
    assert any(problem.startswith("leads.csv: ") for problem in problems_of(write_folder(tmp_path / "bad", leads=text)))


def test_no_folder(tmp_path: Path) -> None:
    assert "is not a folder" in problems_of(tmp_path / "none")[0]
    (tmp_path / "empty").mkdir()
    assert len(problems_of(tmp_path / "empty")) == 3


def test_a_field_that_no_column_gives_is_a_warning(tmp_path: Path) -> None:
    bot = BOT.replace("{{crm.customer_name}}", "{{crm.first_name}}", 1) + 'system_prompt: "{{crm.town|your town}}"\n'
    (warning,) = read_folder(write_folder(tmp_path / "f", bot=bot)).warnings
    assert "{{crm.first_name}}" in warning
    assert "customer_name, amount_due" in warning


def test_secrets_that_are_set_nowhere(tmp_path: Path) -> None:
    bot = BOT.replace("url: sample-crm", "url: https://crm.example.com/x\n  token: Bearer secret:CRM_TOKEN")
    bot += "results_webhook:\n  url: https://crm.example.com/y\n  secret: secret:SIGNING\n"
    folder = write_folder(tmp_path / "f", bot=bot)
    found = problems_of(folder, secrets=["SIGNING"])
    assert len(found) == 1
    assert "dialler secrets set CRM_TOKEN" in found[0]
    assert read_folder(folder, None, {"SIGNING", "CRM_TOKEN"}.__contains__)
    assert read_folder(folder)  # not looked at


def test_the_sample_crm_has_its_own_token(folder: Path) -> None:
    push = read_folder(folder, None, lambda _: False).bot.post_call_push
    assert push is not None
    assert push.token == "Bearer secret:SAMPLE_CRM_TOKEN"


@pytest.mark.parametrize(
    ("url", "addresses", "allow", "blocked"),
    [
        ("http://127.0.0.1:9000/x", [], "", "127.0.0.1:9000"),
        ("http://127.0.0.1:9000/x", [], "127.0.0.1:9000", None),
        ("http://127.0.0.1:9000/x", [], "127.0.0.1:9001", "127.0.0.1:9000"),
        ("http://[::1]/x", [], "", "[::1]:80"),
        ("http://[::1]/x", [], "[::1]:80", None),
        ("https://crm.internal/x", ["10.0.0.7"], "", "crm.internal:443"),
        ("https://crm.internal/x", ["10.0.0.7"], "crm.internal:443", None),
        ("https://crm.example.com/x", ["10.0.0.7", "93.184.215.14"], "", None),
        ("https://not-known-yet.example.com/x", [], "", None),
        ("http://169.254.169.254/latest", [], "", "169.254.169.254:80"),
        ("http://8.8.8.8/x", [], "", None),
    ],
)
def test_internal_addresses(url: str, addresses: list[str], allow: str, blocked: str | None) -> None:
    bot = BotConfig.model_validate({"name": "x", "results_webhook": {"url": url}})
    found = push_problems(bot, AllowList.parse(allow), None, lambda host, port: addresses)
    assert [blocked in problem for problem in found if blocked] == ([True] if blocked else [])
    assert len(found) == (blocked is not None)


def test_campaign_and_bot_defaults_are_enough(tmp_path: Path) -> None:
    assert (
        read_folder(
            write_folder(tmp_path / "f", campaign="name: x\npurpose: survey\n", bot="name: y\nbrain: {scenario: survey}\n")
        ).warnings
        == ()
    )
    assert CAMPAIGN


@pytest.mark.parametrize(
    ("other", "says"),
    [("march.xlsx", "Then rename it to leads.xlsx"), ("leads.numbers", "save it as CSV (UTF-8)"), ("march.tsv", "Then rename it")],
)
def test_a_lead_file_of_another_name_or_kind(other: str, says: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "other")
    (folder / "leads.csv").rename(folder / other)
    (problem,) = problems_of(folder)
    assert f"Is it {other}?" in problem
    assert says in problem


def test_a_workbook_in_place_of_the_csv_file(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "book")
    (folder / "leads.csv").unlink()
    (folder / "leads.xlsx").write_bytes(workbook({"Leads": [["customer_name", "phone"], ["Ann", "+447700900123"]]}))
    assert read_folder(folder).leads.name == "leads.xlsx"
    (folder / "leads.csv").write_text("phone\n+447700900123\n")
    assert any("leads.csv and leads.xlsx" in problem for problem in problems_of(folder))
