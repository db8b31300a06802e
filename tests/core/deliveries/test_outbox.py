"""Which deliveries a call result makes."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from sqlalchemy import select, text

from core.access.keys import ResultsEndpoint, create
from core.bots.config import BotConfig, PostCallPush, ResultsWebhook
from core.deliveries.closed import close
from core.deliveries.namespaces import namespaces_of
from core.deliveries.outbox import deliveries_for, destination_of, endpoint_of, enqueue
from core.deliveries.tables import Delivery
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from tests.conftest import START
from tests.core.deliveries.support import NUMBER, PUSH, add_calls, result_of

BOT = BotConfig(name="Bot")


def test_a_bot_without_pushes_makes_no_deliveries(database: Database) -> None:
    assert deliveries_for(result_of(), BotConfig(name="Bot"), None, Ids(1), START) == []
    with database.write() as connection:
        enqueue(connection, [])


def test_the_crm_push_is_the_key_mapper_filled_in() -> None:
    (row,) = deliveries_for(result_of(), BotConfig(name="Bot", post_call_push=PUSH), None, Ids(1), START)
    assert (row.kind, row.method, row.url, row.destination) == ("crm_push", "POST", PUSH.url, "crm.embedded:80")
    assert row.body == {"CUSTOMER_ID": "C1", "DISPOSITION": "PTP", "CALL_DURATION": 12.5}
    assert row.headers == {"Authorization": "Bearer secret:CRM_TOKEN"}  # the reference, not the secret
    assert row.next_attempt_at == START
    assert row.signing_secret is None


def test_without_a_key_mapper_the_crm_gets_the_whole_result() -> None:
    config = BotConfig(name="Bot", post_call_push=PostCallPush(url="sample-crm", method="PUT"))
    (row,) = deliveries_for(result_of(), config, None, Ids(1), START)
    assert (row.method, row.destination, row.headers) == ("PUT", "sample-crm", {})
    assert row.body == result_of().model_dump(mode="json")


def test_the_results_webhooks_of_the_bot_and_of_the_key_carry_the_whole_result() -> None:
    config = BotConfig(name="Bot", post_call_push=PUSH, results_webhook=ResultsWebhook(url="https://a.example/r", secret="secret:SIGNING"))
    rows = deliveries_for(result_of(), config, ResultsEndpoint("http://dialler.embedded/results", ""), Ids(), START)
    assert [row.kind for row in rows] == ["crm_push", "results_webhook", "results_webhook"]
    assert [row.signing_secret for row in rows] == [None, "secret:SIGNING", None]
    assert rows[1].body == rows[2].body == result_of().model_dump(mode="json")
    assert len({row.id for row in rows}) == 3
    assert json.dumps(rows[1].body)


def test_a_delivery_shows_no_personal_data_in_its_repr() -> None:
    (row,) = deliveries_for(result_of(), BotConfig(name="Bot", post_call_push=PostCallPush(url="sample-crm")), None, Ids(1), START)
    assert NUMBER not in repr(row)


def test_the_call_namespace_tells_the_two_numbers_apart_in_both_directions() -> None:
    out, into = namespaces_of(result_of(), BOT)["call"], namespaces_of(result_of(direction="inbound"), BOT)["call"]
    assert (out["to_number"], out["from_number"], out["customer_number"]) == (NUMBER, "+12025550100", NUMBER)
    assert (into["to_number"], into["from_number"], into["customer_number"]) == ("+12025550100", NUMBER, NUMBER)
    assert out["call_id"] == out["session_id"] == "call-1"
    assert out["started_at"] == "2026-03-04T10:00:00Z"


def test_the_other_namespaces() -> None:
    spaces = namespaces_of(result_of(post_call_analysis={"DISPOSITION": "PTP"}), BOT)
    assert spaces["crm"] == {"customer_id": "C1"}
    assert spaces["analysis"] == {"DISPOSITION": "PTP"}
    assert spaces["result"]["disconnected_by"] == "bot"
    assert namespaces_of(result_of(), BOT)["analysis"] == {}


def test_deliveries_are_written_with_the_result_or_not_at_all(database: Database) -> None:
    add_calls(database, "call-1")
    rows = deliveries_for(result_of(), BotConfig(name="Bot", post_call_push=PUSH), None, Ids(1), START)
    with suppress(ZeroDivisionError), database.write() as connection:
        enqueue(connection, rows)
        raise ZeroDivisionError
    with database.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 0
        enqueue(connection, rows)
        assert connection.execute(text("SELECT count(*) FROM deliveries WHERE state = 'pending'")).scalar_one() == 1


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        ("https://CRM.example/a?b", "crm.example:443"),
        ("http://crm.example:8080", "crm.example:8080"),
        ("sample-crm", "sample-crm"),
        ("http://[::1]:80/", "::1:80"),
        ("http://[::1", "unreadable"),
        ("http://a:99999/", "unreadable"),
        ("", ""),
    ],
)
def test_the_destination_of_a_url(url: str, destination: str) -> None:
    assert destination_of(url) == destination


def test_the_values_of_a_call_stand_in_the_addresses_of_its_pushes() -> None:
    config = BotConfig(
        name="Bot",
        post_call_push=PostCallPush(url="http://crm.example/contacts/{{crm.customer_id}}?d={{result.disposition}}", method="PATCH"),
        results_webhook=ResultsWebhook(url="https://a.example/r/{{call.call_id}}"),
    )
    push, webhook = deliveries_for(result_of(variables={"customer_id": "C 1/2"}), config, None, Ids(1), START)
    assert (push.url, push.destination, push.state) == ("http://crm.example/contacts/C%201%2F2?d=PTP", "crm.example:80", "pending")
    assert (webhook.url, webhook.state) == ("https://a.example/r/call-1", "pending")


@pytest.mark.parametrize("variables", [{}, {"customer_id": " "}, {"customer_id": None}])
def test_a_push_whose_address_lacks_a_value_is_dead_and_says_why(variables: dict[str, object]) -> None:
    config = BotConfig(name="Bot", post_call_push=PostCallPush(url="http://crm.example/contacts/{{crm.customer_id}}"))
    (row,) = deliveries_for(result_of(variables=variables), config, ResultsEndpoint("http://dialler.embedded/results", ""), Ids(1), START)[
        :1
    ]
    assert (row.state, row.destination) == ("dead", "crm.example:80")
    assert row.last_error == "post_call_push.url: the address lacks a value for crm.customer_id"


def test_where_the_results_of_a_key_go_and_whether_an_endpoint_is_closed(database: Database) -> None:
    add_calls(database, "call-1")
    with database.write() as connection:
        create(connection, key_id="k1", name="k1", now=START, results_url="https://crm.example/r", results_secret="secret:RESULTS")
        create(connection, key_id="k2", name="k2", now=START)
        endpoint, any_closed = endpoint_of(connection, "k1")
        assert endpoint is not None
        assert (endpoint.url, endpoint.secret, any_closed) == ("https://crm.example/r", "secret:RESULTS", False)
        enqueue(connection, deliveries_for(result_of("call-1"), BotConfig(name="Bot", post_call_push=PUSH), None, Ids(1), START))
        close(connection, "https://gone.example/", connection.execute(select(table_of(Delivery).c.id)).scalar_one(), START)
        assert endpoint_of(connection, "k2") == (None, True)
