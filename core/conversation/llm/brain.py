"""The brain backed by a model: keeps the history, asks for the next turn, runs tools."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from core.bots.brain_config import LlmBrainConfig
from core.conversation.brain import Action, BrainContext, Transfer, Turn
from core.conversation.llm.answer import Answer, ToolCall
from core.conversation.llm.endpoint import ModelError
from core.conversation.llm.http_tools import call_tool
from core.conversation.llm.models import AskLimits, Message, Models, Note
from core.conversation.llm.prompt import system_message
from core.conversation.llm.tools import Confirms, CustomCall, Done, Refused, ToolBox
from core.outgoing.reach import Reach
from core.templates import render

__all__ = ["LlmBrain", "trimmed"]

_MOST_ROUNDS: Final = 4
"""How many times in one turn the model may continue after tools; then it has to say something."""
_MOST_MESSAGES: Final = 200
_LONGEST_PAUSE: Final = 3.0
"""The longest Retry-After for which a callee is kept waiting, in real seconds."""
_ANSWERED: Final = "[The phone was answered.]"
_STILL_HERE: Final = "[The transfer failed; the person was told so and is still on the line.]"


class LlmBrain:
    """Holds one conversation using a model.

    Its time limits are in real seconds, whatever the clock of the call, since a model's server runs in real time.

    Args:
        context: the call; `system_prompt` and `opening_message` are the bot's templates, rendered here.
        config: the model and its tools.
        reach: the outgoing client and the secrets.
        note: records events of the call: `model_answered`, `model_failed`, `tool_call`, `custom_tool_result`.
        targets: the names of the transfer targets.
        language: of the conversation (BCP 47).
    """

    def __init__(
        self, context: BrainContext, config: LlmBrainConfig, reach: Reach, note: Note, targets: Sequence[str] = (), language: str = "en"
    ) -> None:
        self._context, self._config, self._reach = context, config, reach
        self._values = {"crm": context.crm, "call": context.call}
        self._now = context.started_at
        self._raw_note = note
        self._models = Models(reach, config, self._note)
        self._limits = AskLimits(config.first_token_seconds, config.timeout_seconds, _LONGEST_PAUSE, config.max_tokens)
        self._tools = ToolBox(config.tools, targets, context.callee_clock)
        self._disclosure, self._language = context.disclosure, language
        self._history: list[Message] = [{"role": "user", "content": _ANSWERED}]
        self._transferring = False

    async def opening(self) -> Turn:
        """The bot's opening message; if it has none, the model's own words."""
        message = render(self._context.opening_message, self._values).text.strip()
        if not message:
            return await self._next(_MOST_ROUNDS)
        self._history.append({"role": "assistant", "content": self._disclosure.guarded(message).text})
        return Turn(message)

    async def reply(self, heard: str, now: datetime) -> Turn:
        """The model's turn after the callee said `heard`.

        Raises:
            ModelError: no model gave a usable answer.
        """
        self._now = now
        note = f"{_STILL_HERE} " if self._transferring else ""
        self._transferring = False
        self._history.append({"role": "user", "content": f"{note}{heard}"})
        return await self._next(_MOST_ROUNDS)

    async def silence(self, count: int, now: datetime) -> Turn:  # noqa: ARG002
        """Returns nothing: the bot's configured silence lines are said."""
        return Turn()

    def opted_out(self, words: str) -> None:
        """Only remembers it: the session does the rest, and the model is not asked."""
        self._history.append({"role": "user", "content": words})

    async def analysis(self) -> dict[str, Any]:
        """Returns nothing: the analysis uses the ended call's record, see `core.conversation.llm.analysis`."""
        return {}

    def _system(self) -> Message:
        """The system message: with the private values once the person has confirmed who they are."""
        context = self._context
        text = system_message(
            context.system_prompt, self._values, context.started_at, context.callee_clock, self._language, self._disclosure.withheld
        )
        return {"role": "system", "content": text}

    async def _next(self, rounds: int) -> Turn:
        """Ask for a turn, in which the model may continue this many times after tools."""
        self._history = trimmed(self._history, _MOST_MESSAGES)
        tools: dict[str, Any] = {
            "tools": self._tools.definitions(confirmed=not self._disclosure.withheld),
            "tool_choice": "auto" if rounds else "none",
        }
        answer = await self._models.ask([self._system(), *self._history], self._limits, purpose="turn", **tools)
        if not answer.calls:
            self._history.append({"role": "assistant", "content": answer.text})
            return Turn(answer.text)
        if not rounds:
            if not answer.text:
                raise ModelError("the model asked for tools and never said anything", again=False)
            self._history.append({"role": "assistant", "content": answer.text})
            return Turn(answer.text)
        return self._carry_out(answer, rounds)

    def _carry_out(self, answer: Answer, rounds: int) -> Turn:
        read = [(call, self._tools.read(call, self._now)) for call in answer.calls]
        self._history.append(
            {"role": "assistant", "content": answer.text or None, "tool_calls": [_as_message(call) for call in answer.calls]}
        )
        actions: list[Action] = []
        customs: list[tuple[ToolCall, CustomCall]] = []
        last_words, ends, refused = "", False, False
        for call, meant in read:
            self._note("tool_call", {"name": call.name[:64], "arguments": call.arguments[:2000], "refused": isinstance(meant, Refused)})
            match meant:
                case Done():
                    actions.append(meant.action)
                    last_words, ends = last_words or meant.last_words, ends or meant.ends_turn
                    self._tell(call, meant.told)
                    self._transferring = self._transferring or isinstance(meant.action, Transfer)
                case Confirms():
                    accepted = self._disclosure.confirm()
                    self._tell(call, meant.told(accepted=accepted))
                    refused = True  # the model goes on: with the private values, or by asking again
                case CustomCall():
                    customs.append((call, meant))
                case Refused():
                    refused = True
                    self._tell(call, json.dumps({"error": meant.why}))
        if ends:
            for call, _ in customs:
                self._tell(call, json.dumps({"error": "Not carried out: the turn ended."}))
            return Turn(answer.text or last_words, tuple(actions))
        if answer.text and not customs and not refused:
            return Turn(answer.text, tuple(actions))  # it has already spoken
        waiting = answer.text or next((render(meant.tool.say, self._values).text for _, meant in customs if meant.tool.say), "")
        return Turn(waiting, tuple(actions), functools.partial(self._go_on, customs, rounds - 1))

    async def _go_on(self, customs: list[tuple[ToolCall, CustomCall]], rounds: int) -> Turn:
        for call, meant in customs:
            outcome = await call_tool(self._reach, meant.tool, meant.arguments, self._values)
            self._note("custom_tool_result", {"name": meant.tool.name, **outcome.facts()})
            self._tell(call, outcome.told)
        return await self._next(rounds)

    def _tell(self, call: ToolCall, text: str) -> None:
        self._history.append({"role": "tool", "tool_call_id": call.id, "content": text})

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        self._raw_note(kind, {"at": round((self._now - self._context.started_at).total_seconds(), 3), **data})


def trimmed(history: list[Message], most: int) -> list[Message]:
    """The end of a history, at most `most` messages, starting where the callee speaks, so that no tool result loses its call.

    If that is not possible, the history stays whole.
    """
    if len(history) <= most:
        return history
    starts = (number for number in range(len(history) - most, len(history)) if history[number]["role"] == "user")
    return history[next(starts, 0) :]


def _as_message(call: ToolCall) -> dict[str, Any]:
    """A tool call for the history; invalid JSON arguments are dropped, since servers refuse them."""
    try:
        json.loads(call.arguments)
        arguments = call.arguments
    except (ValueError, RecursionError):
        arguments = "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
