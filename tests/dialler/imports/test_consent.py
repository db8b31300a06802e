"""Columns that say who may be called, and the rules of campaign.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.kernel.yaml_config import ConfigError
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.manage import settings_from
from dialler.imports.consent_words import header_meaning, says_not_to_call, value_meaning
from dialler.imports.errors import LeadFileError
from dialler.imports.options import ColumnValues
from tests.dialler.imports.reading import read

A, B, C = "+447700900123", "+447700900124", "+447700900125"
OPT_OUTS = """Do Not Call|do_not_call|DoNotCall|DNC|DNC flag|Opted Out|Opt-out|HasOptedOut|Unsubscribed|Do not contact|Don't call|No calls
TPS|Blacklist|Do Not Allow Phone Calls|Nicht anrufen|Werbesperre|Ne pas appeler|Désinscrit
No llamar|Não ligar|Non chiamare|Niet bellen|Не звонить|कॉल न करें"""
YES = "yes|Y|TRUE|true|1|1.0|x|X|✓|on|opted out|Unsubscribed|DNC|sí|oui|ja|wahr|да|हाँ|haan|是|2026-01-05|since May"
NO = "no|N|FALSE|false|0|0.0||-|n/a|nein|non|нет|नहीं|否|opted in|subscribed|not set"


@pytest.mark.parametrize("header", OPT_OUTS.replace("\n", "|").split("|"))
def test_headers_of_opt_outs(header: str) -> None:
    assert header_meaning(header) == "opt_out"


@pytest.mark.parametrize("header", ["Consent", "Call consent", "Opt-in", "OK to call", "Einwilligung", "Consentement", "सहमति"])
def test_headers_of_consent(header: str) -> None:
    assert header_meaning(header) == "consent"


@pytest.mark.parametrize(
    "header", ["Email opt out", "Unsubscribed from email", "SMS consent", "Recording consent", "DNC checked on", "Opt out reason"]
)
def test_consent_to_something_else_is_only_shown(header: str, tmp_path: Path) -> None:
    assert header_meaning(header) == "other"
    found = read(tmp_path, f"phone,{header}\n{A},yes\n{B},no\n")
    assert found.phones == [A, B]
    assert any(header in line and "not obeyed" in line for line in found.report.lines())


@pytest.mark.parametrize("header", ["name", "Call time", "Amount", "Account number", "Option", "Notes", "Dndonald"])
def test_headers_of_nothing_of_the_kind(header: str) -> None:
    assert header_meaning(header) is None


@pytest.mark.parametrize("value", YES.split("|"))
def test_a_mark_is_obeyed_without_a_rule(value: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"name,phone,Do Not Call\nAnn,{A},{value}\nBen,{B},\n")
    assert found.phones == [B]
    assert found.rejections == [(2, "consent")]
    assert any("'Do Not Call'" in line and "obeyed" in line for line in found.report.lines())


@pytest.mark.parametrize("value", NO.split("|"))
def test_no_mark(value: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"name,phone,Opted Out\nAnn,{A},{value}\n").phones == [A]


@pytest.mark.parametrize(("value", "called"), [("no", 0), ("withdrawn", 0), ("yes", 1), ("", 1), ("opted in", 1), ("Opted out", 0)])
def test_consent_that_was_refused(value: str, called: int, tmp_path: Path) -> None:
    assert len(read(tmp_path, f"phone,Call consent\n{A},{value}\n").phones) == called


@pytest.mark.parametrize(
    ("value", "called"),
    [("New", 1), ("Do Not Call", 0), ("DNC", 0), ("Opted out by mail", 0), ("Declined", 1), ("No contact", 1), ("No llamar", 0)],
)
def test_a_status_is_obeyed_only_where_it_says_so(value: str, called: int, tmp_path: Path) -> None:
    assert len(read(tmp_path, f"phone,Lead Status\n{A},{value}\n").phones) == called


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_duplicate_without_the_mark_does_not_win(order: tuple[int, int], tmp_path: Path) -> None:
    rows = (f"Ben,{A},TRUE\n", "Cy,07700 900123,FALSE\n")
    found = read(tmp_path, "name,phone,DNC\n" + "".join(rows[number] for number in order), default_region="GB")
    assert found.phones == []
    assert [kind for _, kind in found.rejections] == ["consent", "consent"]


def test_a_mark_in_a_row_without_a_number_holds_for_nobody_else(tmp_path: Path) -> None:
    assert read(tmp_path, f"name,phone,DNC\nBen,,yes\nCy,{A},\n").phones == [A]


def test_suppress_if_and_require(tmp_path: Path) -> None:
    text = f"phone,Stage,Agreed\n{A},Deceased,yes\n{B},new,yes\n{C},new,no\n{A[:-1]}9,new,\n"
    rules: dict[str, Any] = {
        "suppress_if": (ColumnValues("Stage", ("deceased", "closed")),),
        "require": (ColumnValues("agreed", ("Yes",)),),
    }
    found = read(tmp_path, text, **rules)
    assert found.phones == [B]
    assert [kind for _, kind in found.rejections] == ["consent"] * 3
    assert {column.use for column in found.report.consent} == {"suppress_if", "require"}


def test_a_row_that_lacks_what_is_required_does_not_mark_the_number(tmp_path: Path) -> None:
    text = f"phone,Agreed\n{A},\n{A},yes\n"
    assert read(tmp_path, text, require=(ColumnValues("Agreed"),)).phones == [A]


def test_a_rule_about_a_column_that_is_not_there_stops_the_import(tmp_path: Path) -> None:
    with pytest.raises(LeadFileError, match="suppress_if"):
        read(tmp_path, f"phone,name\n{A},Ann\n", suppress_if=(ColumnValues("DNC"),))


def test_opt_outs_are_not_obeyed_only_on_a_word_that_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, f"phone,DNC\n{A},yes\n", obey_opt_outs=False)
    assert found.phones == [A]
    assert any("not obeyed" in line for line in found.report.lines())


def test_a_rule_goes_before_what_the_header_says(tmp_path: Path) -> None:
    text = f"phone,DNC\n{A},yes\n{B},7\n"
    assert read(tmp_path, text, suppress_if=(ColumnValues("DNC", ("7",)),)).phones == [A]


def test_the_words_of_campaign_yaml() -> None:
    settings = {"name": "x", "suppress_if": {"column": "Status", "values": ["closed", True, 1]}, "require": [{"column": 3}]}
    options = settings_from(settings).import_options()
    assert options.suppress_if == (ColumnValues("Status", ("closed", "true", "1")),)
    assert options.require == (ColumnValues("3"),)
    assert CampaignConfig(name="x").import_options().obey_opt_outs
    with pytest.raises(ConfigError, match="column"):
        settings_from({"name": "x", "suppress_if": [{"values": ["a"]}]})


def test_words() -> None:
    assert value_meaning("Opted In") == "in"
    assert value_meaning("whatever") == "unclear"
    assert says_not_to_call("don\u2019t call")
    assert not says_not_to_call("call")
