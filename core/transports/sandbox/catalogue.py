"""The catalogue of callees: the last two digits of a fictional number fix what happens, like the test cards of a payment provider."""

from __future__ import annotations

import random
from dataclasses import dataclass

from core.transports.sandbox.fate import FAILURES, Fate, answered, failed, ring_seconds
from core.transports.sandbox.settings import SandboxSettings

__all__ = ["CATALOGUE", "CatalogueEntry", "entry_of", "fate_of", "has_memory"]


@dataclass(frozen=True)
class CatalogueEntry:
    """One kind of callee.

    Args:
        digits: the last two digits of its numbers.
        outcome: what happens, in the words of the log's `planned` (a character, a kind of callee, or a failure).
        text: the same for people.
        rings_for: seconds until it picks up; None: drawn as for everybody.
        second_time: the outcome from the second call on; empty: always the same.
    """

    digits: str
    outcome: str
    text: str
    rings_for: float | None = None
    second_time: str = ""


CATALOGUE = tuple(
    CatalogueEntry(*entry)
    for entry in (
        ("00", "pays", "answers, and promises to pay on a day"),
        ("01", "already paid", "answers, and says it has been paid already"),
        ("02", "callback at a time", "asks to be called back tomorrow at 3 pm"),
        ("03", "callback some time", "asks to be called back, and names no time"),
        ("04", "hangs up mid-sentence", "hangs up in the middle of the bot's second line"),
        ("05", "hangs up at once", "hangs up within a second of picking up"),
        ("06", "stays silent", "picks up and never says a word"),
        ("07", "busy", "is busy (486), does not ring"),
        ("08", "declines", "rings, and declines (603)"),
        ("09", "rings out", "rings, and nobody picks up (480 after 90 s)"),
        ("10", "voicemail", "a machine: greeting, beep, records"),
        ("11", "wrong number", "answers, but nobody of that name is there"),
        ("12", "never call again", "demands never to be called again, and hangs up when asked once more"),
        ("13", "talks past the limit", "tells a story of a quarter of an hour and never hangs up"),
        ("14", "network failure", "the network fails (503) before it rings"),
        ("15", "server error", "the network fails (500) before it rings"),
        ("16", "number does not exist", "no such number (404)"),
        ("17", "pays", "picks up after 25 s, and promises to pay on a day", 25.0),
        ("18", "asks a question", "asks something that no bot can know, then goes on"),
        ("19", "asks for an agent", "asks for a human agent, and hangs up after the third time"),
        ("20", "interrupts", "speaks into the bot's first two long lines"),
        ("21", "confirms", "confirms the appointment"),
        ("22", "reschedules", "wants the appointment on next Tuesday at 11 am"),
        ("23", "cancels", "cancels the appointment"),
        ("24", "scores 9", "answers a survey with 9 of 10"),
        ("25", "scores 3", "answers a survey with 3 of 10"),
        ("26", "refuses the survey", "refuses to take part in a survey"),
        ("27", "unavailable", "is switched off (480), does not ring"),
        ("28", "rings out", "rings out the first time; answers and pays from the second call on", None, "pays"),
        ("29", "not at home", "somebody else answers: the person is not at home"),
    )
)
_BY_DIGITS = {entry.digits: entry for entry in CATALOGUE}


def entry_of(number: str) -> CatalogueEntry | None:
    """The entry that the last two digits of a number name (an extension after `;` is ignored), fictional or not."""
    return _BY_DIGITS.get(number.partition(";")[0][-2:])


def has_memory(number: str) -> bool:
    """Whether what happens depends on how often the number was called before."""
    entry = entry_of(number)
    return entry is not None and bool(entry.second_time)


def fate_of(entry: CatalogueEntry, earlier: int, settings: SandboxSettings, stream: random.Random) -> Fate:
    """What happens to a call to this kind of callee, called `earlier` times before. The stream only gives ring times and wording."""
    outcome = entry.second_time if earlier and entry.second_time else entry.outcome
    seconds = ring_seconds(settings, stream)
    if outcome in FAILURES:
        return failed(outcome, seconds, settings, stream)
    return answered(outcome, entry.rings_for or seconds)
