"""The tools of a bot with a model: their definitions, and the meaning of the model's calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.bots.brain_config import HttpTool
from core.conversation.brain import Action, DoNotCall, EndCall, ScheduleCallback, Transfer, VoicemailDetected, WantsPerson
from core.conversation.callee_clock import CalleeClock
from core.conversation.llm.answer import Malformed, ToolCall, read_json
from core.conversation.llm.schemas import schema_problems

__all__ = ["Confirms", "CustomCall", "Done", "Refused", "ToolBox"]

_CONFIRMED: Final = "person_confirmed"
_LONGEST_WAIT: Final = timedelta(days=366)
_WHEN: Final = "Date and time, ISO 8601: on the clock that you were told, or with its offset; null if no time was named."


@dataclass(frozen=True)
class Done:
    """A built-in tool: the session's action, the reply to the model, and the last words if the call is to end."""

    action: Action
    told: str
    last_words: str = ""

    @property
    def ends_turn(self) -> bool:
        """Whether the model is not asked again after it."""
        return isinstance(self.action, EndCall | Transfer | VoicemailDetected)


@dataclass(frozen=True)
class Confirms:
    """The model takes what was heard last for the person's confirmation."""

    def told(self, *, accepted: bool) -> str:
        """The reply to the model."""
        if accepted:
            return "Noted. The private values are in the data now."
        return "Not accepted: somebody else has answered. Ask whether the person is there, or when to call them."


@dataclass(frozen=True)
class CustomCall:
    """A tool of the bot's own, with arguments that fit its schema."""

    tool: HttpTool
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """A call that cannot be carried out, with the reason for the model."""

    why: str


class ToolBox:
    """The tools of one call.

    Args:
        custom: the bot's own.
        targets: the names of the transfer targets.
        clock: applied to dates without an offset, and to callbacks at closed hours.
    """

    def __init__(self, custom: Sequence[HttpTool], targets: Sequence[str], clock: CalleeClock) -> None:
        self._custom = {tool.name: tool for tool in custom}
        self._clock, self._zone = clock, ZoneInfo(clock.zone)
        self._built_in = _built_in(targets)

    def definitions(self, *, confirmed: bool = True) -> list[dict[str, Any]]:
        """The tools in the chat completions format.

        Args:
            confirmed: whether the person has confirmed who they are; until then there is a tool to say so.
        """
        custom = ((tool.name, tool.description, tool.arguments) for tool in self._custom.values())
        built_in = (
            (name, description, schema)
            for name, (description, schema) in self._built_in.items()
            if name not in self._custom
            and not (confirmed and name == _CONFIRMED)  # a bot may have had a tool of this name before it became built-in
        )
        return [
            {"type": "function", "function": {"name": name, "description": description, "parameters": dict(schema)}}
            for name, description, schema in (*built_in, *custom)
        ]

    def read(self, call: ToolCall, now: datetime) -> Done | Confirms | CustomCall | Refused:
        """Interpret a call.

        Args:
            call: as the model wrote it.
            now: the current time (aware).
        """
        tool = self._custom.get(call.name)
        if tool is None and call.name not in self._built_in:
            return Refused(f"There is no tool {call.name[:64]}. There are: {', '.join((*self._built_in, *self._custom))}.")
        try:
            arguments = read_json(call.arguments)
        except Malformed:
            return Refused("The arguments are not valid JSON.")
        schema = tool.arguments if tool is not None else self._built_in[call.name][1]
        if found := schema_problems(arguments, schema):
            return Refused(f"The arguments do not fit: {'; '.join(found)}")
        if tool is not None:
            return CustomCall(tool, arguments)
        return self._built_in_call(call.name, arguments, now)

    def _built_in_call(self, name: str, arguments: Mapping[str, Any], now: datetime) -> Done | Confirms | Refused:
        match name:
            case "person_confirmed":
                return Confirms()
            case "end_call":
                return Done(EndCall(), "The call ends.", arguments["last_words"])
            case "transfer_call":
                return Done(Transfer(arguments["target"], arguments["reason"], arguments.get("summary", "")), "The transfer was asked for.")
            case "detected_voicemail":
                return Done(VoicemailDetected(), "The call ends, with the voicemail message if there is one.")
            case "do_not_call":
                return Done(DoNotCall(arguments["words"]), "Noted: this number will not be called again.")
            case "wants_person":
                return Done(WantsPerson(arguments["words"]), "Noted: a colleague will call them. They cannot be connected by this.")
            case _:
                return self._callback(arguments, now)

    def _callback(self, arguments: Mapping[str, Any], now: datetime) -> Done | Refused:
        words, when = arguments["words"], arguments["when"]
        if not when:
            return Done(ScheduleCallback(None, words), "Noted: a callback, at no particular time.")
        try:
            at = datetime.fromisoformat(when)
        except ValueError:
            return Refused("`when` must be an ISO 8601 date and time such as 2026-03-05T15:00, or null if no time was named.")
        if at.tzinfo is None:
            at = at.replace(tzinfo=self._zone)
        if not now < at < now + _LONGEST_WAIT:
            return Refused(f"`when` must be within the coming year; it is now {now.astimezone(self._zone).isoformat(timespec='minutes')}.")
        opened = self._clock.opened(at)
        if opened != at:
            told = f"They may not be called then. Noted instead: a callback at {opened.isoformat(timespec='minutes')}. Tell them this time."
            return Done(ScheduleCallback(opened, words), told)
        return Done(ScheduleCallback(at, words), f"Noted: a callback at {at.isoformat(timespec='minutes')}.")


def _built_in(targets: Sequence[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    words = {"type": "string", "description": "What the person said about it, in their own words."}
    found = {
        "end_call": (
            "End the call. Use it when everything is said, or the person wants to go.",
            _object(last_words={"type": "string", "minLength": 1, "description": "What you say before you hang up."}),
        ),
        "transfer_call": (
            "Hand the person over to somebody else.",
            _object(
                target={"type": "string", "enum": list(targets)},
                reason={"type": "string", "description": "Why, in one sentence, for the person who takes over."},
                optional={"summary": {"type": "string", "description": "What was said and agreed so far, in two or three sentences."}},
            ),
        ),
        "detected_voicemail": ("A machine or mailbox answered, not a person.", _object()),
        "schedule_callback": (
            "Note that the person wants to be called again.",
            _object(
                when={
                    "type": ["string", "null"],
                    "description": _WHEN,
                },
                words=words,
            ),
        ),
        _CONFIRMED: ("Note that the person you are calling has said themselves who they are.", _object(words=words)),
        "do_not_call": ("Note that the person never wants to be called again.", _object(words=words)),
        "wants_person": ("Note that they want to speak to a human being, so that a colleague calls them.", _object(words=words)),
    }
    if not targets:
        del found["transfer_call"]
    return found


def _object(*, optional: Mapping[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    known = {**properties, **(optional or {})}
    return {"type": "object", "properties": known, "required": list(properties), "additionalProperties": False}
