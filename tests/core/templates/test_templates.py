import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.templates import problems, render, render_mapping, stringify, stringify_fields

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
no_braces = st.text(st.characters(exclude_characters="{}", codec="utf-8"))
field_names = st.text(st.characters(exclude_characters="{}|", exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda name: name == name.strip()
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (15000, "15000"),
        (0.1, "0.1"),
        (15000.0, "15000.0"),
        ("Rahul", "Rahul"),
        (Decimal("10.50"), "10.50"),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 9, tzinfo=UTC), "2026-05-01T09:00:00+00:00"),
        ({"città": "Forlì", "n": [1, None]}, '{"città": "Forlì", "n": [1, null]}'),
        ([True, Decimal("1.5")], '[true, "1.5"]'),
    ],
)
def test_values_become_text(value: Any, text: str) -> None:
    assert stringify(value) == text


def test_a_value_that_cannot_be_shown_is_refused() -> None:
    with pytest.raises(TypeError, match="type object cannot be used"):
        stringify(object())


@given(st.floats(allow_nan=False))
def test_floats_lose_nothing(number: float) -> None:
    read_back = float(stringify(number))
    assert read_back == number
    assert math.copysign(1, read_back) == math.copysign(1, number)


@given(st.dictionaries(st.text(), json_values))
def test_objects_read_back_from_their_text(value: dict[str, Any]) -> None:
    assert json.loads(stringify(value)) == value
    assert all(isinstance(text, str) for text in stringify_fields(value).values())


@given(no_braces)
def test_a_text_without_templates_stays_as_it_is(text: str) -> None:
    assert render(text, {}).text == text
    assert problems(text) == []


@given(st.text())
def test_any_text_renders(text: str) -> None:
    render(text, {"crm": {}})
    problems(text)


@given(st.text(), no_braces)
def test_values_are_never_expanded_twice(value: str, around: str) -> None:
    crm = {"a": value, "b": "SECOND", "x": "SECOND"}
    assert render(around + "{{crm.a}}" + around, {"crm": crm}).text == around + value + around


def test_a_value_that_is_a_template_stays_as_it_is() -> None:
    assert render("Hello {{crm.a}}", {"crm": {"a": "{{crm.b}} {{result.x}}", "b": "no"}}).text == "Hello {{crm.b}} {{result.x}}"


@given(st.dictionaries(field_names, no_braces.filter(lambda v: bool(v.strip())), min_size=1))
def test_every_header_can_be_named_exactly(fields: dict[str, str]) -> None:
    for name, value in fields.items():
        assert render("{{crm." + name + "}}", {"crm": fields}).text == value


@pytest.mark.parametrize("name", ["customer_name", "Customer Name", "CUSTOMER-NAME", "customer.name", " customer  name ", "CustomerName"])
def test_names_match_tolerantly(name: str) -> None:
    assert render("{{crm." + name + "}}", {"crm": {"Customer Name": "Asha"}}).text == "Asha"


def test_the_exact_name_wins() -> None:
    crm = {"Customer Name": "first", "customer_name": "second"}
    assert render("{{crm.customer_name}}", {"crm": crm}).text == "second"
    assert render("{{crm.Customer-Name}}", {"crm": crm}).text == "first"


def test_names_in_other_scripts_keep_their_marks() -> None:
    crm = {"नाम": "one", "नम": "two", "Größe": "three"}
    assert render("{{crm.नम}} {{crm.नाम}} {{crm.GRÖSSE}}", {"crm": crm}).text == "two one three"


def test_missing_and_empty_fields_are_reported_unless_a_default_helps() -> None:
    rendered = render("{{crm.name|there}} {{crm.a}}{{crm.b}}{{crm.b|}}{{what.ever}}", {"crm": {"b": " "}})
    assert rendered.text == "there  "
    assert rendered.missing == ("crm.a", "what.ever")
    assert rendered.empty == ("crm.b",)
    assert not rendered.complete


def test_paths_lead_into_objects_and_lists() -> None:
    analysis = {"answers": {"q1": 9}, "items": [{"price": 3}]}
    text = "{{analysis.answers.q1}} {{analysis.items.0.price}} {{analysis.items.1.price|none}} {{analysis.answers.q2|none}}"
    assert render(text, {"analysis": analysis}).text == "9 3 none none"


def test_a_key_mapper_keeps_shape_and_types() -> None:
    mapper = {
        "ID": "{{crm.customer_id}}",
        "DURATION": "{{call.duration}}",
        "TEXT": "took {{call.duration}} s",
        "nested": {"answers": "{{analysis.answers}}", "list": ["{{result.flag}}", 7, None, True]},
        "none": "{{result.none}}",
        "none_or": "{{result.none|-}}",
        "gone": "{{result.gone}}",
    }
    namespaces: dict[str, dict[str, Any]] = {
        "crm": {"customer_id": "007"},
        "call": {"duration": 12.5},
        "result": {"flag": False, "none": None},
        "analysis": {"answers": {"q1": 9}},
    }
    assert render_mapping(mapper, namespaces) == {
        "ID": "007",
        "DURATION": 12.5,
        "TEXT": "took 12.5 s",
        "nested": {"answers": {"q1": 9}, "list": [False, 7, None, True]},
        "none": None,
        "none_or": "-",
        "gone": "",
    }


@given(json_values)
def test_a_key_mapper_never_expands_a_value(value: Any) -> None:
    expected = value
    assert render_mapping({"k": "{{crm.v}}"}, {"crm": {"v": value}}) == {"k": expected}


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("Hello {{crm.name", "not closed"),
        ("Hello {{crm.name}", "not closed"),
        ("Hello crm.name}} you", "not opened"),
        ("Hello {{cmr.name}}", "did you mean {{crm.name}}?"),
        ("Hello {{analyses.x}}", "did you mean {{analysis.x}}?"),
        ("Hello {{zzz.x}}", "known are: crm, call, result, analysis"),
        ("Hello {{customer_name}}", "did you mean {{crm.customer_name}}?"),
        ("Hello {{}}", "names no field"),
        ("Hello {{crm.}}", "names no field of 'crm'"),
        ("Hello {crm.name}", "write {{crm.name}}"),
    ],
)
def test_problems_say_what_to_write(template: str, part: str) -> None:
    (problem,) = problems(template)
    assert part in problem


def test_problems_of_a_key_mapper_say_where() -> None:
    known = {"result": ["disposition", "remarks"], "crm": None}
    assert problems({"A": {"B": ["{{result.dispositon}}", "{{result.Remarks}}", "{{crm.any}}"]}, "n": 3}, known) == [
        "A: B: item 1: '{{result.dispositon}}': 'result' has no field 'dispositon'; did you mean {{result.disposition}}?"
    ]
