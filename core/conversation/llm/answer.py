"""Assembles a model's answer from streamed chunks or from one piece (the chat completions format). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.kernel.json_values import clean, parse_json

__all__ = ["Answer", "AnswerBuilder", "Malformed", "ToolCall", "read_json"]

_LONGEST_TEXT: Final = 100_000
_MOST_CALLS: Final = 8
_THOUGHTS: Final = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_TO_LAST_SENTENCE: Final = re.compile(r".*[.!?।](?=\s|\Z)", re.DOTALL)


class Malformed(ValueError):
    """The data is not in the expected format."""


@dataclass(frozen=True)
class ToolCall:
    """The model asks for a tool; `arguments` is JSON as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Answer:
    """A model's answer. `usage` holds `prompt_tokens` and `completion_tokens` if the server reports them."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it contains nothing to say or to do."""
        return not self.text and not self.calls


class AnswerBuilder:
    """Collects the chunks of a streamed answer."""

    def __init__(self) -> None:
        self._text = ""
        self._calls: dict[int, dict[str, str]] = {}
        self._finish: str | None = None
        self._usage: dict[str, int] = {}
        self._done = False

    @property
    def begun(self) -> bool:
        """Whether any part of the answer has arrived."""
        return bool(self._text or self._calls)

    @property
    def complete(self) -> bool:
        """Whether the server said that the answer is complete."""
        return self._done or self._finish is not None

    def add(self, data: str) -> None:
        """Add the data of one event.

        Raises:
            Malformed: it is not a chunk of an answer, or the server reports an error in it.
        """
        if data.strip() == "[DONE]":
            self._done = True
        else:
            self._take(read_json(data), "delta")

    def add_whole(self, body: str) -> None:
        """Add an answer that came in one piece, from a server that does not stream. Raises like `add`."""
        self._take(read_json(body), "message")
        self._done = True

    def build(self) -> Answer:
        """The answer so far, without reasoning between <think> marks, and without the last half sentence if tokens ran out."""
        calls = tuple(
            ToolCall(call["id"] or f"call_{index}", call["name"], call["arguments"] or "{}")
            for index, call in sorted(self._calls.items())
            if call["name"]
        )
        text = clean(_THOUGHTS.sub("", self._text)).strip()
        if self._finish == "length" and (last := _TO_LAST_SENTENCE.match(text)):
            text = last[0]
        return Answer(text, calls, self._finish, dict(self._usage))

    def _take(self, chunk: Any, key: str) -> None:
        if not isinstance(chunk, dict):
            raise Malformed("the model's server sent an invalid chunk of an answer")
        if chunk.get("error"):
            raise Malformed("the model's server reported an error within its answer")
        if isinstance(usage := chunk.get("usage"), dict):
            names = ("prompt_tokens", "completion_tokens")
            self._usage |= {name: usage[name] for name in names if type(usage.get(name)) is int}
        choices = chunk.get("choices") or []  # the chunk with the usage has no choices
        choice = choices[0] if isinstance(choices, list) and choices else {}
        if not isinstance(choice, dict) or not isinstance(choices, list):
            raise Malformed("the model's server sent an invalid chunk of an answer")
        if isinstance(finish := choice.get("finish_reason"), str):
            self._finish = finish
        delta = choice.get(key) or {}
        if not isinstance(delta, dict):
            raise Malformed("the model's server sent an invalid chunk of an answer")
        if isinstance(text := delta.get("content"), str):
            self._text += text
        calls = delta.get("tool_calls") or []
        for call in calls if isinstance(calls, list) else [calls]:
            self._take_call(call)
        if len(self._text) + sum(len(call["arguments"]) for call in self._calls.values()) > _LONGEST_TEXT:
            raise Malformed("the model's answer does not end")

    def _take_call(self, call: Any) -> None:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise Malformed("the model's server sent an invalid tool call")
        index = call.get("index")
        if type(index) is not int:
            index = len(self._calls)  # some servers send whole calls without an index
        if index not in self._calls and len(self._calls) >= _MOST_CALLS:
            raise Malformed(f"the model asked for more than {_MOST_CALLS} tools at once")
        known = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        known["id"] = known["id"] or _text(call.get("id"))
        known["name"] = known["name"] or _text(function.get("name"))
        arguments = function.get("arguments")
        known["arguments"] += json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments)


def read_json(text: str) -> Any:
    """Parse a JSON text strictly: no NaN, no infinities, no numbers that overflow a float.

    Raises:
        Malformed: it is not JSON.
    """
    try:
        return parse_json(text)
    except ValueError as error:
        raise Malformed("it is not valid JSON") from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
