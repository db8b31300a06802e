"""Where the templates of a bot may stand, and which fields they may name."""

from __future__ import annotations

from typing import Any

import pytest

from core.bots.template_checks import doubtful_fields, missing_variables, template_complaints

LLM = {"kind": "llm", "base_url": "https://model.example/v1", "model": "m"}


def complaints(**data: Any) -> dict[str, str]:
    return {".".join(map(str, path)): problem for path, problem, _ in template_complaints({"name": "x", **data})}


def mapped(text: str, **data: Any) -> dict[str, str]:
    return complaints(post_call_push={"url": "https://a.example/x", "key_mapper": {"A": text}}, **data)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "{{crm.x}}"},
        {"closure_phrases": ["bye {{crm.x}}"]},
        {"caller_id": "{{crm.x}}"},
        {"transfer_targets": {"agent": "sip:{{crm.x}}@pbx.example"}},
        {"brain": {**LLM, "base_url": "https://model.example/{{crm.x}}"}},
        {"brain": {**LLM, "fallback": {"base_url": "https://model.example/{{crm.x}}", "model": "m"}}},
        {"brain": {**LLM, "tools": [{"name": "t", "description": "of {{crm.x}}", "url": "https://a.example"}]}},
        {"analysis": {"prompt": "Judge {{crm.x}}."}},
        {"prefetch": {"url": "https://a.example", "response_path": "data.{{crm.x}}"}},
        {"prefetch": {"url": "https://a.example", "token": "Bearer {{crm.x}}"}},
        {"post_call_push": {"url": "https://a.example", "only": {"dispositions": ["{{crm.x}}"]}}},
        {"results_webhook": {"url": "https://a.example", "secret": "{{crm.x}}"}},
        {"voice": {"stt": {"provider": "openai", "base_url": "https://a.example/{{crm.x}}"}}},
    ],
    ids=lambda data: next(iter(data)),
)
def test_a_template_where_none_is_filled_in_is_an_error(data: dict[str, Any]) -> None:
    (problem,) = complaints(**data).values()
    assert problem == "templates are not filled in here, and {{ }} would stay unchanged"


def test_names_that_are_templates_are_an_error() -> None:
    found = complaints(post_call_push={"url": "https://a.example", "key_mapper": {"deep": {"{{crm.x}}": "1"}}})
    assert found == {"post_call_push.key_mapper.deep.{{crm.x}}": "a name contains a template, but names are sent unchanged"}


def test_addresses_and_schemas_may_have_them() -> None:
    tool = {"name": "t", "description": "d", "url": "https://a.example/{{arguments.x}}", "arguments": {"description": "{{x.y}}"}}
    assert (
        complaints(
            post_call_push={"url": "https://a.example/{{crm.id}}/{{result.session_id}}"},
            results_webhook={"url": "https://a.example/{{call.call_id}}"},
            prefetch={"url": "https://a.example/{{call.to_number}}"},
            brain={**LLM, "tools": [tool]},
            analysis={"schema": {"pattern": "{{a.b}}"}},
        )
        == {}
    )


@pytest.mark.parametrize("place", ["post_call_push", "results_webhook"])
def test_the_address_of_a_push_is_checked_as_a_key_mapper(place: str) -> None:
    assert (
        "did you mean {{result.disposition}}" in complaints(**{place: {"url": "https://a.example/{{result.dispositon}}"}})[f"{place}.url"]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{result.dispositon}}", "did you mean {{result.disposition}}"),
        ("{{result.nonsense}}", "has no field 'nonsense'"),
        ("{{result.disposition.word}}", "one value"),
        ("{{result.variables.any}}", None),
        ("{{result.post_call_analysis.DISPOSITION}}", None),
        ("{{result.post_call_analysis}}", None),
        ("{{result.post_call_analysis.nope}}", "'result.post_call_analysis' has no field 'nope'"),
        ("{{result.Post_Call_Analysis.nope|none}}", "has no field 'nope'"),
        ("{{result.post_call_analysis.promise_dat}}", "did you mean {{result.post_call_analysis.promise_date}}"),
        ("{{result.post_call_analysis.answers.q1}}", None),
        ("{{result.post_call_analysis.wants_person.word}}", "one value"),
        ("{{call.durration}}", "did you mean {{call.duration}}"),
        ("{{analysis.calling_remarks}}", None),
        ("{{analysis.answers.q1}}", None),
        ("{{analysis.wants_person}}", None),
        ("{{analysis.promise_dat}}", "did you mean {{analysis.promise_date}}"),
        ("{{analysis.mood}}", "has no field 'mood'"),
    ],
)
def test_fields_of_a_key_mapper(text: str, said: str | None) -> None:
    found = mapped(text)
    assert found == {} if said is None else said in found["post_call_push.key_mapper.A"]


def test_fields_that_only_somebody_else_could_send_are_doubted() -> None:
    push = {"url": "https://a.example/{{call.campaign}}", "key_mapper": {"A": "{{analysis.mood}}", "B": "{{call.other|none}}"}}
    data = {"brain": LLM, "analysis": {"schema": {"properties": {"tone": {}}}}, "post_call_push": push}
    assert complaints(**data) == {}
    of_the_analysis, of_the_call = doubtful_fields(data)
    assert "post_call_push.url use {{call.campaign}}" in of_the_call
    assert "duration" in of_the_call
    assert "post_call_push.key_mapper use {{analysis.mood}}" in of_the_analysis
    fine = {"url": "https://a.example/", "key_mapper": {"A": "{{analysis.tone}} {{analysis.quality.overall_score}} {{call.duration}}"}}
    assert doubtful_fields({**data, "post_call_push": fine}) == []


def test_a_column_that_an_address_lacks_is_missed() -> None:
    data = {"post_call_push": {"url": "https://a.example/{{crm.crm_id}}"}, "results_webhook": {"url": "https://a.example/{{crm.other}}"}}
    assert missing_variables(data, ["crm_id"]) == {"other": ["results_webhook.url"]}


def test_an_analysis_by_a_model_is_doubted_by_either_name() -> None:
    data = {"brain": LLM, "analysis": {"schema": {"properties": {"tone": {}}}}}

    def doubted(text: str) -> list[str]:
        return doubtful_fields({**data, "post_call_push": {"url": "https://a.example/", "key_mapper": {"A": text}}})

    (said,) = doubted("{{result.post_call_analysis.mood}}")
    assert "post_call_push.key_mapper use {{result.post_call_analysis.mood}}, which the bot's analysis.schema does not name" in said
    for known in ("tone", "DISPOSITION", "quality.overall_score", "mood|none"):
        assert doubted(f"{{{{result.post_call_analysis.{known}}}}}") == []
    assert "tone" in mapped("{{result.post_call_analysis.tonne}}", **data)["post_call_push.key_mapper.A"]
