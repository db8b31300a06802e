from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from core.kernel.hours import HoursConfig
from core.kernel.yaml_config import ConfigError, ConfigProblem, load_yaml_model
from core.kernel.yaml_document import read_yaml_text


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = Field(default=1, ge=1, description="How big it is.")
    colour: Literal["red", "green"] = "red"


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="What it is called.")
    country: str = "IN"
    seats: int = 1
    on: bool = False
    rate: float = 1
    day: date | None = None
    part: Part = Part()
    spare: Part | None = None
    parts: list[Part] = []
    named: dict[str, Part] = {}
    hours: HoursConfig = HoursConfig()


def load(tmp_path: Path, text: str | bytes) -> Thing:
    path = tmp_path / "thing.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_yaml_model(path, Thing)


def problems(tmp_path: Path, text: str | bytes) -> list[ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert all(problem.problem and problem.file.endswith("thing.yaml") for problem in caught.value.problems)
    return caught.value.problems


def test_reads_plain_words_as_people_mean_them(tmp_path: Path) -> None:
    thing = load(tmp_path, "name: on\ncountry: NO\nhours: {start: 10:30, end: 21:00}\nday: 2026-12-25\non: true\nrate: 5\n")
    assert (thing.name, thing.country, thing.hours.start, thing.day, thing.on, thing.rate) == (
        "on",
        "NO",
        "10:30",
        date(2026, 12, 25),
        True,
        5,
    )


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbfname: x\n").name == "x"


def test_every_problem_at_once_each_with_its_line(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """name: 12
contry: IN
seats: "5"
seats: 6
part:
  size: 0
  colour: gren
spare: {sise: 3}
parts:
  - size: 1
  - {size: big, weight: 3}
named:
  first: {colour: blue}
hours:
  windows:
    - {start: 25:00}
""",
    )
    assert [(problem.line, problem.key) for problem in found] == [
        (1, "name"),
        (2, "contry"),
        (4, "seats"),
        (6, "part.size"),
        (7, "part.colour"),
        (8, "spare.sise"),
        (11, "parts[2].size"),
        (11, "parts[2].weight"),
        (13, "named.first.colour"),
        (16, "hours.windows[1].start"),
    ]
    texts = {problem.key: str(problem) for problem in found}
    assert "quotes" in texts["name"]
    assert "Did you mean country?" in texts["contry"]
    assert "first in line 3" in texts["seats"]
    assert "at least 1. How big it is." in texts["part.size"]
    assert "Did you mean green?" in texts["part.colour"]
    assert "Did you mean size?" in texts["spare.sise"]
    assert "whole number" in texts["parts[2].size"]
    assert "HH:MM" in texts["hours.windows[1].start"]
    assert texts["contry"].startswith(f"{tmp_path}/thing.yaml:2: contry: ")


def test_what_is_missing(tmp_path: Path) -> None:
    for text in ("", "# nothing\n", "---\n", "seats: 1\n"):
        (problem,) = problems(tmp_path, text)
        assert (problem.key, problem.problem, problem.advice) == ("name", "it is missing", "What it is called.")


def test_a_key_with_no_likeness_gets_the_list(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "name: x\npart: {zzz: 1}\n")
    assert problem.advice == "Known keys here: size, colour."


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n", 1, "key: value"),
        ("name: x\npart:\n\tsize: 1\n", 3, "tab"),
        ("name: a: b\n", 1, "colon"),
        ("name: {{crm.name}}\n", 1, "braces"),
        ("name: [\n", 2, "quotes"),
        ("name: !!python/object/apply:os.system [x]\n", 1, "name"),
        ("name: !secret x\n", 1, "no meaning"),
        ("name: x\n---\nname: y\n", 2, "another document"),
        ("name: &a [*a]\n", 1, "alias"),
    ],
)
def test_what_is_not_a_configuration(tmp_path: Path, text: str, line: int, words: str) -> None:
    first = problems(tmp_path, text)[0]
    assert first.line == line
    assert words in str(first)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert "UTF-8" in problems(tmp_path, "name: x".encode("utf-16"))[0].advice
    assert "characters" in problems(tmp_path, b"name: \x01")[0].problem
    assert "too long" in problems(tmp_path, b"#" * 1_000_001)[0].problem


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_yaml_model(tmp_path / "none.yaml", Thing)


def test_aliases_cannot_multiply_without_end(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert any("alias" in problem.problem for problem in problems(tmp_path, "\n".join(rows)))


@given(st.text(max_size=60) | st.text(alphabet="ab:{}[]&*!-?|>'\"#, \n\t%@01", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    document = read_yaml_text(text, "thing.yaml")
    assert document.readable or document.problems
