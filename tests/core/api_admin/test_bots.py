"""Bots over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text, update

from core.bots.brain_config import LlmBrainConfig
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.bots.tables import BotVersion
from core.bots.views import as_document, as_yaml
from core.kernel.statements import table_of
from tests.core.api.support import BOT, OPEN, Core, fields_of
from web.run.bot_file import read_bot_file

BOTS = "/api/v1/bots"
PUSH = {  # as in the integration guide
    "url": "https://your-crm.com/api/call-result",
    "token": "Bearer your-token",
    "method": "POST",
    "key_mapper": {"CUSTOMER_ID": "{{crm.customer_id}}", "DISPOSITION": "{{result.disposition}}"},
}
TALK = {"brain": {"scenario": "payment_reminder"}}
LOAN = {
    "name": "Loan reminder two",
    **OPEN,
    **TALK,
    "opening_message": "Hello, am I speaking with {{crm.customer_name}}?",
    "post_call_push": PUSH,
}


async def make(core: Core, **more: Any) -> dict[str, Any]:
    response = await core.http.post(BOTS, json={**LOAN, **more})
    assert response.status_code == 201, response.text
    return dict(response.json())


def test_a_bot_is_made_read_and_called(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        made = await make(core)
        assert (made["bot_id"], made["version"]) == ("loan-reminder-two", 1)
        assert (await core.http.get(f"{BOTS}/loan-reminder-two")).json() == made
        assert [bot["bot_id"] for bot in (await core.http.get(BOTS)).json()["bots"]] == [BOT, "loan-reminder-two"]
        assert (await core.http.post(BOTS, json=LOAN)).status_code == 409
        call_id = await core.placed(bot_id="loan-reminder-two")
        assert (await core.call(call_id))["bot_version"] == 1

    admin(test)


def test_a_token_that_is_written_out_is_stored_encrypted_and_never_comes_back(
    admin: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(core: Core) -> None:
        made = await make(core, results_webhook={"url": "https://your-crm.com/results", "secret": "whsec_c2VjcmV0"})
        token = made["config"]["post_call_push"]["token"]
        assert token.startswith("Bearer secret:BOT_LOAN_REMINDER_TWO_")
        assert made["config"]["results_webhook"]["secret"].startswith("secret:BOT_")
        shown = [str(made), (await core.http.get(f"{BOTS}/{made['bot_id']}/export")).text, caplog.text]
        with core.db.read() as connection:
            shown += [str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in ("bots", "bot_versions", "secrets")]
            assert core.engine.secrets is not None
            assert core.engine.secrets.resolve(connection, token).get_secret_value() == "Bearer your-token"
        for found in shown:
            assert "your-token" not in found
            assert "c2VjcmV0" not in found
        again = await core.http.put(f"{BOTS}/{made['bot_id']}", json=made["config"])
        assert again.json() == made  # what was read can be sent back: nothing changes
        other = {**made["config"], "post_call_push": {**PUSH, "token": "Bearer another-token"}}
        assert (await core.http.put(f"{BOTS}/{made['bot_id']}", json=other)).json()["config"]["post_call_push"]["token"] == token
        with core.db.read() as connection:
            assert core.engine.secrets.resolve(connection, token).get_secret_value() == "Bearer another-token"

    admin(test)


def test_every_problem_is_named_at_once(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        bad = {
            "name": "x",
            "time_zone": "Mars/Olympus",
            "opening_mesage": "Hi",
            "opening_message": "Hi {{cmr.name}}",
            "seats": 0,
            "post_call_push": {"url": "ftp://x", "method": "GET"},
        }
        fields = fields_of(await core.http.post(BOTS, json=bad))
        push = {"post_call_push.url", "post_call_push.method"}
        assert set(fields) == {"time_zone", "opening_mesage", "opening_message", "seats", "brain.scenario", *push}
        for content in (b"", b"{", b"[]", b'{"name": "a\\u0000"}', b"\xff"):
            assert set(fields_of(await core.http.post(BOTS, content=content))) == {"body"}
        assert (await core.http.post(BOTS, content=b" " * 1_100_000)).status_code == 413

    admin_on_sqlite(test)


def test_yaml_is_taken_and_its_problems_name_the_line(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        headers = {"Content-Type": "application/yaml"}
        response = await core.http.post(BOTS, content="name: One\n\nseats: many\nbrain: {scenario: survey}\n", headers=headers)
        assert set(fields_of(response)) == {"seats"}
        assert "line 3" in response.text
        response = await core.http.post(BOTS, content="name: One\nseats: 3\nbrain: {scenario: survey}\n", headers=headers)
        assert response.json()["config"]["seats"] == 3

    admin_on_sqlite(test)


def test_each_change_is_a_version_and_every_version_can_be_read(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        path = f"{BOTS}/{(await make(core))['bot_id']}"
        for opening in ("One", "Two", "Two"):
            assert (await core.http.put(path, json={**LOAN, "opening_message": opening})).status_code == 200
        versions = (await core.http.get(f"{path}/versions")).json()["versions"]
        assert [version["version"] for version in versions] == [3, 2, 1]
        assert (await core.http.get(f"{path}/versions/2")).json()["config"]["opening_message"] == "One"
        for version in (0, 4, 10**30, -1):
            assert (await core.http.get(f"{path}/versions/{version}")).status_code == 404
        assert set(fields_of(await core.http.put(path, json={**LOAN, "id": "other"}))) == {"id"}
        assert (await core.http.put(f"{BOTS}/nobody", json=LOAN)).status_code == 404

    admin(test)


def test_an_export_makes_the_same_bot_again(admin_on_sqlite: Callable[..., Any], tmp_path: Path) -> None:
    async def test(core: Core) -> None:
        made = await make(core, active_hours={"windows": [{"days": ["mon"], "start": "09:00", "end": "17:00"}]})
        response = await core.http.get(f"{BOTS}/{made['bot_id']}/export")
        assert response.headers["content-type"].startswith("application/yaml")
        (tmp_path / "bot.yaml").write_text(response.text, encoding="utf-8")
        assert as_document(read_bot_file(tmp_path / "bot.yaml")) == made["config"]
        sent = await core.http.put(f"{BOTS}/{made['bot_id']}", content=response.text, headers={"Content-Type": "application/yaml"})
        assert sent.json() == made

    admin_on_sqlite(test)


def test_a_bot_with_a_model_stays_one_when_exported() -> None:
    config = BotConfig(name="x", brain=LlmBrainConfig(base_url="https://models.example/v1", model="small"))
    assert BotConfig.model_validate(yaml.safe_load(as_yaml(config))) == config


def test_a_preview_says_what_would_be_said_and_what_is_missing(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        opening = "Hello {{crm.customer_name|there}}, about {{crm.loan}}."
        path = f"{BOTS}/{(await make(core, opening_message=opening, system_prompt='You are {{call.bot_name}}.'))['bot_id']}/preview"
        shown = (await core.http.post(path, json={"variables": {"customer_name": "Ada {{crm.loan}}", "other": [1]}})).json()
        assert shown["opening_message"] == "Hello Ada {{crm.loan}}, about ."
        assert shown["system_prompt"] == "You are Loan reminder two."
        assert shown["missing"] == ["crm.loan"]
        shown = (await core.http.post(path, json={"variables": {"loan": {"id": 7}}, "version": 1})).json()
        assert shown["opening_message"] == 'Hello there, about {"id": 7}.'
        assert (await core.http.post(path, json={"version": 2})).status_code == 404

    admin_on_sqlite(test)


def test_an_archived_bot_takes_no_calls_until_it_is_made_again(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        bot_id = (await make(core))["bot_id"]
        path = f"{BOTS}/{bot_id}"
        call_id = await core.placed(bot_id=bot_id)
        assert (await core.http.delete(path)).status_code == 204
        assert (await core.http.delete(path)).status_code == 404
        assert (await core.dial(bot_id=bot_id)).status_code == 404
        assert [(await core.http.get(where)).status_code for where in (path, f"{path}/availability", f"{path}/versions")] == [404, 404, 200]
        await core.over()
        assert (await core.call(call_id))["state"] == "done"  # the call that was under way went on
        assert (await core.http.post(BOTS, json=LOAN)).json()["version"] == 1
        assert (await core.dial(bot_id=bot_id)).status_code == 200

    admin(test)


def test_a_bot_for_the_sample_crm_sends_the_token_that_this_wants(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        made = await make(core, post_call_push={"url": "sample-crm"})
        assert made["config"]["post_call_push"] == {"url": "sample-crm", "token": "Bearer secret:SAMPLE_CRM_TOKEN"}

    admin_on_sqlite(test)


def test_the_credentials_of_prefetch_and_push_are_taken_out(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        prefetch = {"url": "https://your-crm.com/c/{{crm.customer_id}}", "token": "Bearer fetch-token"}
        push = {"url": "https://your-crm.com/p", "secret": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0"}
        made = await make(core, prefetch=prefetch, post_call_push=push)
        kept = made["config"]
        assert kept["prefetch"]["token"].startswith("Bearer secret:BOT_")
        assert kept["post_call_push"]["secret"].startswith("secret:BOT_")
        assert "fetch-token" not in str(made)
        assert "c2VjcmV0" not in str(made)
        with core.db.read() as connection:
            assert core.engine.secrets is not None
            assert core.engine.secrets.resolve(connection, kept["prefetch"]["token"]).get_secret_value() == "Bearer fetch-token"

    admin_on_sqlite(test)


def test_a_url_at_an_internal_address_is_warned_of(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        bot = {"name": "Internal", **TALK, "results_webhook": {"url": "http://127.0.0.1:9000/x"}}
        made = (await core.http.post("/api/v1/bots", json=bot)).json()
        (warning,) = made["warnings"]
        assert warning.startswith("results_webhook.url: 127.0.0.1:9000 is an internal address")
        assert "DIALLER_ALLOW_INTERNAL" in warning
        changed = (await core.http.put("/api/v1/bots/internal", json={**bot, "results_webhook": {"url": "https://crm.example.com"}})).json()
        assert (changed["version"], changed["warnings"]) == (2, [])
        assert (await core.http.get("/api/v1/bots/internal/versions/1")).json()["warnings"] == [warning]

    admin_on_sqlite(test)


def test_a_bot_must_say_what_it_talks_about(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        brains: list[dict[str, Any]] = [{}, {"brain": {}}, {"brain": {"kind": "rules"}}, {"brain": {"lines": {"who": "It is me."}}}]
        for brain in brains:
            response = await core.http.post(BOTS, json={"name": "Silent", **brain})
            assert set(fields_of(response)) == {"brain.scenario"}, brain
            for name in ("payment_reminder", "appointment_confirmation", "survey", "kind: llm"):
                assert name in response.text
        made = (await core.http.post(BOTS, json={"name": "Silent", **TALK})).json()
        assert made["config"]["brain"] == {"scenario": "payment_reminder"}
        exported = (await core.http.get(f"{BOTS}/silent/export")).text
        again = await core.http.put(f"{BOTS}/silent", content=exported, headers={"Content-Type": "application/yaml"})
        assert (again.status_code, again.json()["version"]) == (200, 1)

    admin_on_sqlite(test)


def test_a_bot_kept_without_a_scenario_is_still_used(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        with core.db.write() as connection:
            kept = save_bot(connection, BotConfig.model_validate({"name": "Old", "id": "old"}), core.clock.now())
            document = {"name": "Old", "id": "old"}  # as a version of the product kept it that knew no such key
            connection.execute(update(table_of(BotVersion)).where(BotVersion.bot_id == "old").values(config=document, checksum="as it was"))  # type: ignore[arg-type]
        assert kept.version == 1
        shown = (await core.http.get(f"{BOTS}/old")).json()
        assert shown["config"]["brain"] == {"scenario": "payment_reminder"}
        assert (await core.http.put(f"{BOTS}/old", json=shown["config"])).json()["version"] == 1

    admin(test)


def test_fields_that_no_call_has_are_told_when_a_bot_is_kept(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        push = {"url": "https://crm.example/{{crm.id}}", "key_mapper": {"A": "{{result.dispositon}}"}}
        fields = fields_of(await core.http.post(BOTS, json={"name": "M", **TALK, "post_call_push": push}))
        assert set(fields) == {"post_call_push.key_mapper.A"}
        push["key_mapper"] = {"A": "{{call.campaign}}"}
        (warning,) = (await core.http.post(BOTS, json={"name": "M", **TALK, "post_call_push": push})).json()["warnings"]
        assert warning.startswith("post_call_push.key_mapper use {{call.campaign}}")

    admin_on_sqlite(test)
