"""The tables of docs/templates.md and docs/results.md are what templates really show."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from core.bots.config import BotConfig, PostCallPush, ResultsWebhook
from core.bots.template_checks import template_complaints
from core.bots.views import preview
from core.calls.brains import template_values
from core.contracts.call_result import CallResult
from core.contracts.transport import PlaceOrder
from core.deliveries.namespaces import namespaces_of
from core.deliveries.outbox import deliveries_for
from core.kernel.ids import Ids
from core.prefetch.config import PrefetchConfig
from core.templates import render
from core.templates.fields import CALL_FIELDS, CALL_FIELDS_AT_THE_END
from tests.conftest import START
from tests.core.deliveries.support import result_of

DOCS = Path(__file__).parents[3] / "docs"
BOT = BotConfig(name="Reminder", id="reminder")
ORDER = PlaceOrder("call-1", "attempt-1", "+12025550123", "+12025550100", "sandbox")


def table(page: str, heading: str) -> dict[str, str]:
    """First cells of the table under a heading, one name each -> the last cell."""
    part = (DOCS / page).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {name.strip(" `"): cells[-1].strip() for cells in rows for name in cells[0].split(",")}


def test_the_table_of_call_fields_is_what_there_is() -> None:
    documented = table("templates.md", "Fields of the call")
    documented.pop("call.", None)
    assert {name for name, known in documented.items() if known == "always"} == set(CALL_FIELDS)
    assert {name for name, known in documented.items() if known == "at the end"} == set(CALL_FIELDS_AT_THE_END)


def test_a_call_has_these_fields_while_it_lives_and_all_of_them_at_its_end() -> None:
    talking = template_values(ORDER, BOT, {}, START)["call"]
    over = namespaces_of(result_of(), BOT)["call"]
    assert set(talking) == set(CALL_FIELDS)
    assert set(over) == {*CALL_FIELDS, *CALL_FIELDS_AT_THE_END}
    told_twice = {name: (talking[name], over[name]) for name in CALL_FIELDS if name not in ("started_at", "bot_id")}
    assert all(first == second for first, second in told_twice.values()), told_twice


def test_a_preview_knows_every_field_of_the_call_but_its_id_and_its_start() -> None:
    prompt = " ".join(f"{{{{call.{name}}}}}" for name in CALL_FIELDS)
    call = {"to_number": "1", "customer_number": "1", "caller_id": "1", "from_number": "2", "direction": "outbound"}
    shown = preview(BOT.model_copy(update={"system_prompt": prompt}), {}, call).texts["system_prompt"].split()
    assert len(shown) == len(CALL_FIELDS) - len(("call_id", "session_id", "started_at"))


def test_every_field_of_a_result_stands_in_the_docs_and_in_its_namespace() -> None:
    documented = table("results.md", "Fields of the integration guide") | table("results.md", "Our own fields")
    assert set(documented) == set(CallResult.model_fields) == set(namespaces_of(result_of(), BOT)["result"])


def test_the_guides_own_key_mapper_works_as_it_stands() -> None:
    mapper = {
        "CUSTOMER_ID": "{{crm.customer_id}}",
        "DISPOSITION": "{{result.disposition}}",
        "REMARKS": "{{result.remarks}}",
        "CALL_DURATION": "{{call.duration}}",
        "RECORDING_URL": "{{call.recording_url}}",
    }
    push = PostCallPush(url="https://your-crm.com/api/call-result", token="Bearer secret:T", method="POST", key_mapper=mapper)
    config = BOT.model_copy(update={"post_call_push": push})
    assert template_complaints(config.model_dump(mode="json")) == []
    result = result_of(remarks="Will pay.", recording_url="https://x.example/r/call-1")
    (row,) = deliveries_for(result, config, None, Ids(1), START)
    assert row.body == {
        "CUSTOMER_ID": "C1",
        "DISPOSITION": "PTP",
        "REMARKS": "Will pay.",
        "CALL_DURATION": 12.5,
        "RECORDING_URL": "https://x.example/r/call-1",
    }


HEADERS = ["Customer Name", "LOAN-NUMBER", " amount_due ", "E-Mail (privat)", "ग्राहक का नाम", "Prénom", "1st visit", "a.b", "Größe%"]


@pytest.mark.parametrize("header", HEADERS)
def test_columns_of_real_files_are_found_in_every_place(header: str) -> None:
    file = io.StringIO(f'"{header}"\nvalue {{{{call.call_id}}}}\n')
    [row] = csv.DictReader(file)
    reference = f"{{{{crm.{header.strip()}}}}}"
    values = template_values(ORDER, BOT, row, START)
    assert render(reference, values).text == "value {{call.call_id}}"
    push = PostCallPush(url="sample-crm", key_mapper={"X": {"y": [reference]}})
    config = BOT.model_copy(update={"post_call_push": push, "results_webhook": ResultsWebhook(url="https://a.example")})
    first, whole = deliveries_for(result_of(variables=row), config, None, Ids(1), START)
    assert first.body == {"X": {"y": ["value {{call.call_id}}"]}}
    assert whole.body["variables"] == row
    asked = BOT.model_copy(update={"prefetch": PrefetchConfig(url=f"https://crm.example/{reference}")})
    shown = preview(asked, row, {}).prefetch
    assert shown is not None
    assert shown.url == "https://crm.example/value%20%7B%7Bcall.call_id%7D%7D"
    spelled: Any = reference.casefold() if header.isascii() else reference
    assert render(spelled, values).missing == ()


def test_the_guides_words_on_stringification() -> None:
    """ "All values are stringified. Nested objects are JSON-encoded.\""""
    crm = {"a": 15000, "b": True, "c": None, "d": {"city": "Forlì", "tags": [1, None]}, "e": 0.1, "f": ["x"]}
    text = " ".join(f"{{{{crm.{name}}}}}" for name in crm)
    values = template_values(ORDER, BOT, crm, START)
    assert render(text, values).text == '15000 true  {"city": "Forlì", "tags": [1, null]} 0.1 ["x"]'
    assert set(map(type, values["crm"].values())) == {str}
