"""Which outcomes a bot pushes, and that what it leaves out is on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.bots.config import BotConfig, PostCallPush, PushFilter, ResultsWebhook
from core.bots.intake import check_bot
from core.bots.template_checks import template_complaints
from core.contracts.dispositions import DISPOSITIONS, WITHOUT_A_CONVERSATION
from core.deliveries.filter import why_not_pushed
from core.deliveries.outbox import deliveries_for, enqueue
from core.deliveries.queries import DeliveryFilter, count_by_state, list_deliveries, replay
from core.kernel.config_problems import ConfigError
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.kernel.yaml_document import read_yaml_text
from tests.conftest import START
from tests.core.deliveries.support import PUSH, Receiver, add_calls, result_of, worker_for
from tests.core.deliveries.test_worker import InVirtualTime

ANSWERED = {"answered_at": START}


@pytest.mark.parametrize(
    ("only", "result", "pushed"),
    [
        ({}, {}, True),
        ({"dispositions": ["PTP"]}, {}, True),
        ({"dispositions": ["ptp", "Promise to pay"]}, {"disposition": "PROMISE_TO_PAY"}, True),
        ({"dispositions": ["PROMISE_TO_PAY"]}, {}, False),
        ({"disconnected_by": ["customer"]}, {}, False),
        ({"disconnected_by": ["customer", "bot"]}, {}, True),
        ({"connected": True}, {}, False),
        ({"connected": True}, ANSWERED, True),
        ({"connected": False}, ANSWERED, False),
        ({"connected": False}, {}, True),
        ({"connected": True, "dispositions": ["PTP"]}, {}, False),
        ({"connected": True, "dispositions": ["PTP"], "disconnected_by": ["bot"]}, ANSWERED, True),
    ],
)
def test_everything_that_the_filter_says_must_hold(only: dict[str, Any], result: dict[str, Any], *, pushed: bool) -> None:
    assert (why_not_pushed(PushFilter(**only), result_of(**result)) is None) == pushed


def config(**only: Any) -> BotConfig:
    push = PostCallPush(**{**PUSH.model_dump(), "only": only})
    return BotConfig(name="Bot", post_call_push=push, results_webhook=ResultsWebhook(url="http://crm.embedded/whole"))


def test_what_is_left_out_is_on_record_without_its_values_and_never_sent(database: Database, in_virtual_time: InVirtualTime) -> None:
    add_calls(database, "call-1", "call-2")

    async def test(clock: VirtualClock) -> None:
        rows = [
            row
            for call_id, disposition in (("call-1", "PTP"), ("call-2", "NO_ANSWER"))
            for row in deliveries_for(result_of(call_id, disposition=disposition), config(dispositions=["PTP"]), None, Ids(1), clock.now())
        ]
        with database.write() as connection:
            enqueue(connection, rows)
        receiver = Receiver(clock)
        assert await worker_for(database, clock, receiver).flush() == 0
        assert sorted(path for _, path, _, _ in receiver.seen) == ["push", "whole", "whole"], "the webhook has no filter"
        with database.write() as connection:
            assert count_by_state(connection, DeliveryFilter()) == {"pending": 0, "delivered": 3, "dead": 0, "skipped": 1}
            [skipped] = list_deliveries(connection, DeliveryFilter(state="skipped"))
            assert (skipped.call_id, skipped.attempts) == ("call-2", 0)
            assert skipped.last_error == "not pushed: post_call_push.only.dispositions does not have NO_ANSWER"
            assert replay(connection, [skipped.id], clock.now()) == 0
        [row] = [row for row in rows if row.state == "skipped"]
        assert (row.body, row.headers) == ({}, {})

    in_virtual_time(test)


def problems(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as caught:
        check_bot(read_yaml_text(f"{text}brain: {{scenario: survey}}\n", "bot.yaml"))
    return [(problem.line, problem.key, f"{problem.problem}. {problem.advice}") for problem in caught.value.problems]


def test_every_mistake_in_a_push_names_its_line() -> None:
    found = problems(
        """name: Bot
post_call_push:
  url: crm.example/push
  token: Bearer abc
  method: GET
  key_mapper:
    NAME: "{{crm.name}}"
    DETAIL:
      OUTCOME: "{{result.dispositon}}"
      LENGTH:
        - "{{call.duratoin}}"
        - "{{calls.duration}}"
  only:
    dispositions:
      - CALLBACK
      - PROMISE TO PY
    disconnected_by: [bot, agent]
    connected: maybe
    answered: true
"""
    )
    assert [(line, key) for line, key, _ in found] == [
        (3, "post_call_push.url"),
        (4, "post_call_push.token"),
        (5, "post_call_push.method"),
        (9, "post_call_push.key_mapper.DETAIL.OUTCOME"),
        (11, "post_call_push.key_mapper.DETAIL.LENGTH[1]"),
        (12, "post_call_push.key_mapper.DETAIL.LENGTH[2]"),
        (16, "post_call_push.only.dispositions[2]"),
        (17, "post_call_push.only.disconnected_by[2]"),
        (18, "post_call_push.only.connected"),
        (19, "post_call_push.only.answered"),
    ]
    text = "\n".join(said for _, _, said in found)
    for hint in ("{{result.disposition}}", "{{call.duration}}", "PROMISE_TO_PAY", "disconnected_by"):
        assert hint in text


def test_every_mistake_in_a_prefetch_names_its_line() -> None:
    found = problems(
        """name: Bot
opening_message: "You talked for {{call.duration}} seconds"
prefetch:
  url: https://{{crm.host}}/x
  method: PUT
  token: abc
  headers:
    X-Api-Key: abc
    X-Both: "secret:A {{crm.x}}"
    Authorization: "{{crm.x}}"
  body: {id: "{{cmr.id}}"}
  timeout_seconds: 60
  response_path: data..customer
  on_failure: abort
"""
    )
    assert [(line, key) for line, key, _ in found] == [
        (2, "opening_message"),
        (4, "prefetch.url"),
        (5, "prefetch.method"),
        (6, "prefetch.token"),
        (8, "prefetch.headers.X-Api-Key"),
        (9, "prefetch.headers.X-Both"),
        (10, "prefetch.headers.Authorization"),
        (11, "prefetch.body.id"),
        (12, "prefetch.timeout_seconds"),
        (13, "prefetch.response_path"),
        (14, "prefetch.on_failure"),
    ]
    assert "abc" not in "\n".join(said for _, _, said in found)
    assert problems("name: B\nprefetch:\n  url: https://crm.example\n  body: {a: 1}\n")[0][:2] == (4, "prefetch.body")


def test_call_fields_of_others_are_let_through() -> None:
    ours = {"opening_message": "{{call.customer_name}} {{call.Loan Number}} {{call.started_at}}"}
    assert template_complaints(ours) == []
    assert template_complaints({"opening_message": "{{call.to_numbr}}"}) != []
    assert template_complaints({"post_call_push": {"key_mapper": {"a": "{{result.transcript}} {{result.variables.x}}"}}}) == []


def test_a_bot_with_a_model_has_dispositions_of_its_own() -> None:
    text = """name: Bot
brain: {kind: llm, base_url: "https://m.example/v1", model: m}
post_call_push: {url: "https://c.example", only: {dispositions: [HOT]}}
"""
    bot = check_bot(read_yaml_text(text, "bot.yaml"))
    assert bot.post_call_push is not None
    assert bot.post_call_push.only.dispositions == ["HOT"]


def test_the_known_dispositions_are_those_of_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "dispositions.md").read_text()
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    listed = {word for cell in first_cells for word in cell.replace("`", " ").replace(",", " ").split() if word.isupper()} - {"DISPOSITION"}
    assert listed == {*DISPOSITIONS, *WITHOUT_A_CONVERSATION}
