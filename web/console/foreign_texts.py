"""Texts of the dialler and its core that the console shows: report titles, definitions, accounts, reasons, dispositions.

Below the console everything is English, as the API and the files have it. The console translates such a text where it shows it, by
`said(text)` (in templates: `text|said`). A text that is always the same is looked up as it stands; the catalogues have them all, from
`constant_texts`. A text with a value in it, such as the reason of a pause, is recognised by one of `PATTERNS`. Any other text is shown
as it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, get_args

from core.contracts.call_result import DisconnectedBy
from dialler.leads.states import TRANSITIONS
from dialler.policy.outcomes import Outcome
from dialler.reports.catalogue import REPORTS, WEEKDAYS
from dialler.reports.definitions import DEFINITIONS
from dialler.reports.words import GROUPS
from dialler.why.account import Counts, Situation, account_for
from web.console.i18n import gettext
from web.console.i18n import no_op as N_
from web.console.words import plain

__all__ = ["PATTERNS", "constant_texts", "said"]

_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SITUATIONS: Final = (
    Situation("running"),
    Situation("running", attended=False),
    *(Situation(state) for state in ("draft", "paused", "stopping", "stopped", "completed", "failed")),
)
_ALWAYS_THE_SAME: Final = (
    N_("paused by an operator"),
    N_("stopped by an operator"),
    N_("The call engine does not tell how many calls it takes: it was asked too often."),
    N_("No server of the call engine is there to take calls. Start one; dialling then goes on by itself."),
    N_("No seat is free for this campaign: other calls have them, the bot has none, or the server takes no new calls."),
    N_("The database does not answer; calls in progress go on, and dialling goes on once it is back. Nothing is lost."),
    N_("No trunk is configured, so nobody can be called."),
    N_("The bot is outside its active hours; it never opens."),
    N_(
        "Whenever the campaign's calling window was open, the bot or the callees could not be dialled, again and again: "
        "the calling window, active hours and permitted hours seem never to be open together."
    ),
    N_("Raise concurrency_limit, or wait: each call that ends lets the next one out."),
    *(N_("comma"), N_("semicolon"), N_("tab"), N_("pipe")),
    *(N_("denied"), N_("failed"), N_("everything")),
    *(N_("Sub disposition"), N_("Calling remarks"), N_("Promise date"), N_("Promise amount"), N_("Paid date"), N_("Answers")),
    *(N_("Callback requested"), N_("Callback at"), N_("Callback preferred time text"), N_("Questions")),
    *(N_("Requested time"), N_("Requested time text")),
    *(N_("Trunk"), N_("Words"), N_("Seconds"), N_("Purpose"), N_("Model"), N_("Status"), N_("Target"), N_("Evidence"), N_("Fields")),
    *(N_("Says before"), N_("Instead of"), N_("Once they confirm"), N_("In place of"), N_("After that"), N_("Prompt")),
)
PATTERNS: Final = (
    N_("The campaign is paused: %(reason)s."),
    N_("The campaign is stopped: %(reason)s."),
    N_("The campaign is completed: %(reason)s."),
    N_("The campaign is failed: %(reason)s."),
    N_("The campaign makes as many calls at once as its own limit allows (%(limit)s)."),
    N_("The bot is outside its active hours until %(at)s."),
    N_("The call engine does not answer: %(error)s."),
    N_("The call engine does not answer as it should: %(error)s."),
    N_("The trunk %(name)s is rested until %(at)s UTC, because it failed: %(error)s."),
    N_("The trunk %(name)s is tried with one call, because it failed: %(error)s."),
)
"""Texts with values, as templates of the catalogue. The first that fits counts."""


def constant_texts() -> Iterator[str]:
    """Every text that is always the same, as it comes from the dialler; some more than once."""
    for report in REPORTS.values():
        yield from (report.title, report.about, *(column.title for column in report.columns))
    for one in DEFINITIONS.values():
        yield from filter(None, (one.title, one.formula, one.base, one.remark))
    yield from WEEKDAYS
    words = {word for group in GROUPS.values() for word in group} | {event for _, event in TRANSITIONS}
    yield from map(plain, sorted(words | set(Outcome) | set(get_args(DisconnectedBy))))
    every_state = {state: 2 for state, _ in TRANSITIONS} | dict.fromkeys(TRANSITIONS.values(), 2)
    for at in _SITUATIONS:
        account = account_for(Counts(every_state, {"pending": 1, "retry_scheduled": 1, "callback_scheduled": 1}, rejected=1), at, _MOMENT)
        for step in account.steps:
            yield from filter(None, (step.words, step.remedy))


@functools.cache
def _expressions() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(text)), re.DOTALL), text) for text in PATTERNS)


def said(text: str) -> str:
    """A text of the dialler, in the language of the request; as it stands if it is not known."""
    shown = gettext(text)
    if shown != text:
        return shown
    for expression, pattern in _expressions():
        if found := expression.fullmatch(text):
            return gettext(pattern) % {name: said(value) for name, value in found.groupdict().items()}
    return text
