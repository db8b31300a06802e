"""What a bot will say to one lead, before anybody is called: its first words, its question, its voicemail message."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig
from core.calls.brains import template_values
from core.calls.first_words import first_words_for
from core.contracts.transport import PlaceOrder
from core.conversation.brain import BrainContext
from core.conversation.limits import limits_of
from core.conversation.rules import RulesBrain
from core.templates import render
from core.templates.render import Namespaces
from core.templates.syntax import parse
from dialler.imports.report import LeadRow

__all__ = ["Rehearsal", "rehearse"]

_CONFIRMS, _AGREES = "Yes, speaking.", "Yes."
_LONGEST_PROMPT = 600


@dataclass(frozen=True)
class Rehearsal:
    """What a bot will say to one lead. Where a value is lacking, a mark stands: `[customer_name is empty]`.

    Attributes:
        line: the lead's line in the file.
        opening: what it says first.
        opening_message: the bot's own, with marks, where it lacks a value and `opening` takes its place; else None.
        question: what it says once the callee has confirmed who they are; None where a model decides that.
        full_question: that with every value, with marks, where the lead lacks one; else None.
        prompt: what a model goes by, with marks; None without a model.
        voicemail_message: what it leaves after the beep, with marks; None if it hangs up instead.
        empty: the fields that are marked, as `crm.name`.
        first_words: what is said before anything else, by the rules for the lead's country; empty if nothing is.
    """

    line: int
    opening: str
    opening_message: str | None
    question: str | None
    prompt: str | None
    voicemail_message: str | None
    empty: tuple[str, ...]
    full_question: str | None = None
    first_words: str = ""

    def fields(self) -> dict[str, str]:
        """For people: what is said when."""
        shown = {"Says before": self.first_words} if self.first_words else {}
        shown["Says first"] = self.opening
        if self.opening_message is not None:
            shown["Instead of"] = f"{self.opening_message} (a value is lacking)"
        if self.question is not None:
            shown["Once they confirm"] = self.question
        if self.full_question is not None:
            shown["In place of"] = f"{self.full_question} (a value is lacking)"
        if self.prompt is not None:
            shown["After that"] = "whatever the model makes of its prompt"
            shown["Prompt"] = self.prompt or "[system_prompt is empty]"
        shown["To a machine"] = self.voicemail_message or "nothing: it hangs up"
        return shown


async def rehearse(bot: BotConfig, lead: LeadRow, now: datetime) -> Rehearsal:
    """What the bot will say to a lead. Nothing is sent: what a model or a CRM pre-fetch would add is not known.

    Args:
        bot: the bot.
        lead: the lead.
        now: the moment of the call (aware).
    """
    order = PlaceOrder("the call", "rehearsal", lead.phone, bot.caller_id or "", "sandbox")
    values = template_values(order, bot, lead.variables, now)
    said_before = first_words_for(bot, lead.phone, values)
    before = said_before.text if said_before is not None else ""
    texts = (bot.opening_message, bot.voicemail_message, bot.system_prompt)
    empty = dict.fromkeys(field for text in texts for field in _lacking(text, values))

    def marked(template: str) -> str:
        return _marked(template, values, prefetches=bot.prefetch is not None)

    leaves = limits_of(bot, values).voicemail == "leave_message" and bot.voicemail_message.strip()
    voicemail = marked(bot.voicemail_message) if leaves else None
    if isinstance(bot.brain, BrainConfig):
        opening, question, full = await _by_rules(bot, bot.brain, values, now)
        instead = marked(bot.opening_message) if _lacking(bot.opening_message, values) else None
        return Rehearsal(lead.line, opening, instead, question, None, voicemail, tuple(empty), full, before)
    opening = marked(bot.opening_message).strip() or "[the model's own words: opening_message is empty]"
    prompt = marked(bot.system_prompt).strip()
    shortened = prompt if len(prompt) <= _LONGEST_PROMPT else f"{prompt[:_LONGEST_PROMPT]}…"
    return Rehearsal(lead.line, opening, None, None, shortened, voicemail, tuple(empty), first_words=before)


async def _by_rules(bot: BotConfig, config: BrainConfig, values: dict[str, dict[str, str]], now: datetime) -> tuple[str, str, str | None]:
    """The first words, what follows when the callee is the right one (of a survey with its first question), and the lines of these
    in which a value is lacking, with marks."""
    context = BrainContext("rehearsal", values["crm"], values["call"], bot.system_prompt, bot.opening_message, now, bot.time_zone)
    brain = RulesBrain(context, config, random.Random(0), bot.transfer_targets)
    opening = (await brain.opening()).say
    said = [(await brain.reply(_CONFIRMS, now)).say]
    if config.scenario == "survey":
        first = (await brain.analysis())["questions"].get("q1", "")
        if first and first not in said[0]:
            said.append((await brain.reply(_AGREES, now)).say)
    short = brain.fell_short(lambda name: _mark(name, prefetches=bot.prefetch is not None))
    return opening, " ".join(said), " ".join(short) or None


def _lacking(template: str, values: Namespaces) -> tuple[str, ...]:
    rendered = render(template, values)
    return (*rendered.missing, *rendered.empty)


def _marked(template: str, values: Mapping[str, Mapping[str, Any]], *, prefetches: bool) -> str:
    """The template with its values in it, and a mark where one is lacking."""
    texts = []
    for part in parse(template):
        if isinstance(part, str):
            texts.append(part)
            continue
        rendered = render(f"{{{{{part.source}}}}}", values)
        if rendered.complete:
            texts.append(rendered.text)
        else:
            texts.append(_mark(part.field or part.source, prefetches=prefetches and part.namespace == "crm"))
    return "".join(texts)


def _mark(name: str, *, prefetches: bool) -> str:
    return f"[{name} comes from the CRM]" if prefetches else f"[{name} is empty]"
