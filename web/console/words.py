"""Words of the product for people: states, outcomes, dispositions, each with a colour and an icon. Pure.

Texts are marked with N_ and translated where they are shown: `_(badge.word)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from web.console.i18n import no_op as N_

__all__ = ["CALL_STATES", "CAMPAIGN_STATES", "LEAD_STATES", "ROLE_WORDS", "Badge", "badge_of", "plain"]


@dataclass(frozen=True)
class Badge:
    """A state for people.

    Attributes:
        word: marked for translation.
        kind: good, warn, bad, info, or empty for neutral.
        icon: a file of static/vendor/bootstrap-icons.
        live: whether something happens at this moment.
    """

    word: str
    kind: str = ""
    icon: str = "dash-circle"
    live: bool = False


CAMPAIGN_STATES: Final = {
    "draft": Badge(N_("Draft"), "", "pencil"),
    "running": Badge(N_("Running"), "good", "broadcast", live=True),
    "idle": Badge(N_("Running, waiting"), "info", "hourglass-split"),
    "unattended": Badge(N_("Running, nobody dials"), "warn", "exclamation-triangle"),
    "paused": Badge(N_("Paused"), "warn", "pause-fill"),
    "stopping": Badge(N_("Stopping"), "warn", "hourglass-split", live=True),
    "stopped": Badge(N_("Stopped"), "", "stop-fill"),
    "completed": Badge(N_("Finished"), "info", "check2"),
    "failed": Badge(N_("Failed"), "bad", "exclamation-circle"),
}
LEAD_STATES: Final = {
    "pending": Badge(N_("New"), "", "clock"),
    "retry_scheduled": Badge(N_("Waits for a retry"), "info", "arrow-repeat"),
    "callback_scheduled": Badge(N_("Callback agreed"), "info", "calendar-event"),
    "claimed": Badge(N_("About to be dialled"), "good", "telephone-outbound", live=True),
    "dialling": Badge(N_("In a call"), "good", "telephone-outbound", live=True),
    "completed": Badge(N_("Done"), "good", "check2"),
    "exhausted": Badge(N_("Attempts used up"), "", "dash-circle"),
    "suppressed": Badge(N_("On the do-not-call list"), "bad", "shield-exclamation"),
    "undialable": Badge(N_("Cannot be dialled"), "bad", "telephone-x"),
    "stopped": Badge(N_("Stopped with the campaign"), "", "stop-fill"),
    "window_closed": Badge(N_("Its hours are over"), "", "moon"),
    "expired": Badge(N_("Their time was over"), "", "clock-history"),
    "held": Badge(N_("Held: decide"), "warn", "question-circle"),
}
CALL_STATES: Final = {
    "placing": Badge(N_("Being placed"), "info", "telephone-outbound", live=True),
    "ringing": Badge(N_("Ringing"), "info", "phone-vibrate", live=True),
    "talking": Badge(N_("Talking"), "good", "soundwave", live=True),
    "ended": Badge(N_("Ended"), "", "hourglass-split"),
    "finishing": Badge(N_("Being analysed"), "", "hourglass-split"),
    "done": Badge(N_("Done"), "", "check2"),
}
ROLE_WORDS: Final = {
    "manager": N_("manager"),
    "operator": N_("operator"),
    "agent": N_("agent"),
    "supervisor": N_("supervisor"),
    "admin": N_("admin"),
    "auditor": N_("auditor"),
}


def badge_of(table: dict[str, Badge], state: str) -> Badge:
    """The badge of a state; a state that is not known is shown as it is."""
    return table.get(state) or Badge(state)


def plain(word: str | None) -> str:
    """A constant such as PROMISE_TO_PAY as words: `Promise to pay`."""
    return (word or "").replace("_", " ").strip().capitalize() or "–"
