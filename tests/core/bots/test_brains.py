"""The brain, the analysis and the tools of a bot.yaml: what is taken, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bots.brain_config import BrainConfig, LlmBrainConfig
from core.bots.config import BotConfig
from core.bots.loading import bot_complaints, load_bot
from core.bots.template_checks import template_complaints
from core.kernel.yaml_config import ConfigError

WHOLE = """name: Reminder
system_prompt: "Collect {{crm.amount}}."
brain:
  kind: llm
  base_url: https://models.example.com/v1
  model: big
  key: secret:MODEL_KEY
  temperature: null
  options: {seed: 7}
  fallback: {base_url: https://other.example.com/v1, model: small}
  tools:
    - name: balance
      description: Looks the balance up.
      method: GET
      url: "https://crm.example.com/loans/{{arguments.loan}}"
      headers: {Authorization: Bearer secret:CRM_TOKEN, X-Customer: "{{crm.id}}"}
      arguments: {type: object, properties: {loan: {type: string}}, required: [loan]}
      say: One moment.
analysis:
  prompt: What came of it?
  schema: {type: object, properties: {DISPOSITION: {enum: [A, B]}}}
quality: {}
"""


def load(tmp_path: Path, text: str) -> BotConfig:
    path = tmp_path / "bot.yaml"
    path.write_text(text, encoding="utf-8")
    return load_bot(path)


def told(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return {problem.key: f"{problem.problem}. {problem.advice}" for problem in caught.value.problems}


def test_a_whole_llm_bot(tmp_path: Path) -> None:
    bot = load(tmp_path, WHOLE)
    assert isinstance(bot.brain, LlmBrainConfig)
    assert bot.brain.temperature is None
    assert bot.analysis.output_schema["properties"] == {"DISPOSITION": {"enum": ["A", "B"]}}
    document = bot.model_dump(mode="json")
    assert "schema" in document["analysis"]
    assert BotConfig.model_validate(document) == bot
    assert template_complaints(document) == []


@pytest.mark.parametrize("brain", ["", "brain: {}\n", "brain: {scenario: survey}\n", "brain: {kind: rules, scenario: survey}\n"])
def test_files_without_a_kind_keep_working(tmp_path: Path, brain: str) -> None:
    assert isinstance(load(tmp_path, f"name: A\n{brain}").brain, BrainConfig)


@pytest.mark.parametrize(
    ("brain", "key", "words"),
    [
        ("{kind: lm}", "brain.kind", "it must be 'rules' or 'llm'. Did you mean llm?"),
        ("5", "brain", "it must be a group of keys"),
        ("{kind: llm, model: x}", "brain.base_url", "it is missing"),
        ("{kind: llm, base_url: 'https://a.example', model: x, temprature: 1}", "brain.temprature", "Did you mean temperature?"),
        ("{kind: llm, base_url: 'https://a.example', model: x, temperature: 5}", "brain.temperature", "it must be at most 2"),
        ("{kind: llm, base_url: 'ftp://a.example', model: x}", "brain.base_url", "not an http or https URL"),
        ("{kind: llm, base_url: 'https://a.example/v1/chat/completions', model: x}", "brain.base_url", "Leave /chat/completions out"),
        ("{kind: llm, base_url: 'https://a.example', model: x, key: sk-abc}", "brain.key", "the file contains a credential"),
        ("{kind: llm, base_url: 'https://a.example', model: x, tools: [{name: 1a}]}", "brain.tools[1].name", "right form"),
        ("{kind: rules, scenario: surveys}", "brain.scenario", "Did you mean survey?"),
        ("{base_url: 'https://a.example'}", "brain.base_url", "there is no such key"),
    ],
)
def test_what_is_wrong_with_a_brain(tmp_path: Path, brain: str, key: str, words: str) -> None:
    assert words in told(tmp_path, f"name: A\nbrain: {brain}\n")[key]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("name: balance", "name: end_call", "brain.tools[1].name", "there is a tool end_call already"),
        ("https://crm.example.com/loans", "https://{{crm.host}}/loans", "brain.tools[1].url", "a template is in the host"),
        ("https://crm.example.com/loans", "https://u:p@crm.example.com/loans", "brain.tools[1].url", "the URL contains a credential"),
        ("Bearer secret:CRM_TOKEN", "Bearer abc", "brain.tools[1].headers.Authorization", "the file contains a credential"),
        ('"{{crm.id}}"', '"secret:A{{crm.id}}"', "brain.tools[1].headers.X-Customer", "a secret and a template"),
        ("properties: {loan: {type: string}}", "properties: {loan: {type: strong}}", "brain.tools[1].arguments", "it is not a JSON schema"),
        ("{type: object, properties: {DISPO", "{type: array, properties: {DISPO", "analysis.schema", "does not describe an object"),
        ("{enum: [A, B]}", "{$ref: 'https://x.example/s.json'}", "analysis.schema", "refers to another document"),
        ("prompt: What came of it?", "promt: What?", "analysis.promt", "Did you mean prompt?"),
        ("quality: {}", "quality: {schema: 5}", "quality.schema", "a group of keys"),
    ],
)
def test_what_is_wrong_with_tools_and_analysis(tmp_path: Path, old: str, new: str, key: str, words: str) -> None:
    assert old in WHOLE
    assert words in told(tmp_path, WHOLE.replace(old, new))[key]


def test_an_analysis_needs_a_model(tmp_path: Path) -> None:
    assert "kind: llm" in told(tmp_path, "name: A\nanalysis: {prompt: x}\nquality: {}\n")["analysis"]


def test_a_bot_written_out_with_all_its_defaults_can_be_read_again(tmp_path: Path) -> None:
    assert bot_complaints(load(tmp_path, "name: A\n").model_dump(mode="json")) == []


def test_templates_of_tools_are_checked(tmp_path: Path) -> None:
    wrong = WHOLE.replace("{{arguments.loan}}", "{{argument.loan}}").replace("say: One moment.", 'say: "{{arguments.loan}}"')
    found = [(path, problem) for path, problem, _ in template_complaints(load(tmp_path, wrong).model_dump(mode="json"))]
    assert [path for path, _ in found] == [("brain", "tools", 0, "url"), ("brain", "tools", 0, "say")]
