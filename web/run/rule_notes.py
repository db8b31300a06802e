"""What `dialler check` says of the rule packs for the leads of a campaign. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.bots.config import BotConfig
from core.bots.rules import rules_of
from core.kernel.numbers import Place
from core.kernel.purposes import Purpose
from core.kernel.words import counted

__all__ = ["rule_notes"]

_SHOWN = 12


def rule_notes(purpose: Purpose | None, bot: BotConfig, places: Counter[Place]) -> list[str]:
    """Which packs apply, which countries have none, what is unverified, and what is loosened.

    Args:
        purpose: the campaign's, else the bot's.
        bot: its settings tighten and loosen.
        places: where the leads' numbers were issued, with how many of them.
    """
    bot = bot.model_copy(update={"purpose": purpose})
    rules = {place: rules_of(bot, place) for place in places if place.country}
    notes = []
    if without := Counter({place.country: count for place, count in places.items() if place in rules and rules[place].is_default}):
        listed = ", ".join(f"{country} ({counted(count, 'lead', 'leads')})" for country, count in without.most_common(_SHOWN))
        notes.append(f"There is no rule pack for {listed}: the default applies (`dialler rules show default`). Find out what the law says")
    if unverified := _names(name for one in rules.values() for name in one.unverified):
        notes.append(f"Applied though unverified: {unverified}. `dialler rules show COUNTRY` names the articles: have them checked")
    for reason in sorted({reason for one in rules.values() for _, reason in one.loosened}):
        names = _names(name for one in rules.values() for name, why in one.loosened if why == reason)
        notes.append(f"Not kept: {names}, because {reason.rstrip('.')}. This is kept with every call")
    if used := sorted({one.pack for one in rules.values()}):
        notes.append(f"Rule packs for these leads: {', '.join(used)}. They are help, not legal advice (docs/rule-packs.md)")
    return notes


def _names(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
