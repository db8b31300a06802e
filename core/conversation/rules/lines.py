"""Chooses and fills a line: values of the lead are data, and a line whose values are missing is not used."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from core.conversation.rules.facts import Facts
from core.conversation.rules.scene import Line
from core.templates import render
from core.templates.lookup import MISSING, find
from core.templates.syntax import Reference, parse

__all__ = ["Speaker", "lead_values", "spoken_day", "spoken_value"]

_FACTS = frozenset({"promise", "callback", "requested"})
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def lead_values(crm: Mapping[str, str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The values of `lead.*` in the scenario's lines: for each alias, the first non-empty field of the lead."""
    values: dict[str, str] = {}
    for value, names in aliases.items():
        for name in names:
            found = find(crm, name)
            if found is not MISSING and found.strip():
                values[value] = found.strip()
                break
    return values


def spoken_day(day: date, today: date) -> str:
    """A day as people say it: "today", "tomorrow, Thursday the 5th of March" """
    if day == today:
        return "today"
    number = day.day
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    text = f"{day:%A} the {number}{suffix} of {day:%B}"
    if (day - today).days == 1:
        return f"tomorrow, {text}"
    return f"on {text}" + (f" {day.year}" if abs((day - today).days) > 300 else "")


def spoken_value(value: str) -> str:
    """A value of the lead as people say it: an ISO date, which is unambiguous, in words; any other value unchanged."""
    try:
        day = date.fromisoformat(value) if _ISO_DATE.fullmatch(value) else None
    except ValueError:  # the 31st of February
        return value
    return value if day is None else f"{day.day} {day:%B} {day.year}"


class Speaker:
    """Says lines by their names.

    Args:
        lines: the scenario's lines.
        overrides: the bot's own lines, by name; they take precedence if the lead has their fields.
        crm, call: the template values of these namespaces.
        lead: the values of `lead.*` in the scenario's lines.
        stream: chooses between equivalent lines.
    """

    def __init__(
        self,
        lines: Mapping[str, Line],
        overrides: Mapping[str, str],
        crm: Mapping[str, str],
        call: Mapping[str, str],
        lead: Mapping[str, str],
        stream: random.Random,
    ) -> None:
        self._lines, self._overrides, self._stream = lines, overrides, stream
        self._crm, self._call, self._lead = crm, call, lead
        self._said: dict[str, None] = {}

    def line(self, name: str, facts: Facts, now: datetime) -> str:
        """The text of a line, "" for no name; of the variants that can be filled, one of those with the most fields."""
        if not name:
            return ""
        self._said[name] = None
        lead = {name: spoken_value(value) for name, value in self._lead.items()}
        namespaces = {"crm": self._crm, "call": self._call, "lead": {**lead, **_of_facts(facts, now)}}
        if name in self._overrides:
            own = render(self._overrides[name], namespaces)
            if own.complete:
                return own.text
        line = self._lines[name]
        filled: list[tuple[int, str]] = []
        for variant in line.variants:
            rendered = render(variant, namespaces)
            if rendered.complete:
                filled.append((sum(not isinstance(part, str) for part in parse(variant)), rendered.text))
        if filled:
            most = max(count for count, _ in filled)
            return self._stream.choice([text for count, text in filled if count == most])
        return " ".join(render(line.plain, namespaces).text.split())

    def fell_short(self, mark: Callable[[str], str]) -> list[str]:
        """Of the lines said so far those in which values of the lead are lacking: each as it would be with all of them, with what
        `mark` makes of the name of a field (`lead.amount`) where one is lacking."""
        lead = {name: spoken_value(value) for name, value in self._lead.items()}
        namespaces = {"crm": self._crm, "call": self._call, "lead": lead}
        found = []
        for name in self._said:
            forms = [self._overrides[name]] if name in self._overrides else _fullest(self._lines[name].variants)
            if forms and not any(render(form, namespaces).complete for form in forms):
                parts = [part if isinstance(part, str) else _value_of(part, namespaces, mark) for part in parse(forms[0])]
                found.append("".join(parts))
        return found

    def opening(self, template: str) -> str | None:
        """The bot's opening message; None if it needs fields that the lead does not have."""
        rendered = render(template, {"crm": self._crm, "call": self._call, "lead": self._lead})
        return rendered.text.strip() if rendered.complete else None


def _fullest(variants: Sequence[str]) -> list[str]:
    """The variants with the most values of the lead; those that tell what was said in the call tell nothing of the lead."""
    fields = {one: [part for part in parse(one) if isinstance(part, Reference)] for one in variants}
    of_lead = {one: len(parts) for one, parts in fields.items() if not any(part.field in _FACTS for part in parts)}
    most = max(of_lead.values(), default=0)
    return [one for one, count in of_lead.items() if count == most > 0]


def _value_of(part: Reference, namespaces: Mapping[str, Mapping[str, str]], mark: Callable[[str], str]) -> str:
    rendered = render(f"{{{{{part.source}}}}}", namespaces)
    return rendered.text if rendered.complete else mark(f"{part.namespace}.{part.field}")


def _of_facts(facts: Facts, now: datetime) -> dict[str, str]:
    values: dict[str, str] = {}
    if facts.promise_date is not None:
        day = spoken_day(facts.promise_date, now.date())
        values["promise"] = f"{facts.promise_amount:,.10g} {day}" if facts.promise_amount else day
    if facts.callback_at is not None:
        zone = f" {facts.callback_zone}" if facts.callback_zone else ""
        values["callback"] = f"{spoken_day(facts.callback_at.date(), now.date())} at {_spoken_time(facts.callback_at)}{zone}"
    if facts.requested_at is not None:
        at = datetime.fromisoformat(facts.requested_at)
        day = spoken_day(at.date(), now.date()).removeprefix("on ")
        values["requested"] = f"{day} at {_spoken_time(at)}" if "T" in facts.requested_at else day
    return values


def _spoken_time(at: datetime) -> str:
    hour = at.hour % 12 or 12
    return f"{hour}{f':{at.minute:02}' if at.minute else ''} {'pm' if at.hour >= 12 else 'am'}"
