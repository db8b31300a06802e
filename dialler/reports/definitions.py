"""The definitions register: what every figure of a report means. The command, the files and the console show these texts.

A definition is changed by changing it here and raising VERSION: every file says which version it was made under.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["DEFINITIONS", "ENOUGH", "SHORT_SECONDS", "VERSION", "Definition", "Unit", "definition"]

VERSION: Final = 1
"""Of the definitions as a whole; raised whenever a figure would come out differently."""

SHORT_SECONDS: Final = 10
"""A call that a person answered and that was over sooner is a short call."""
ENOUGH: Final = 30
"""Attempts below which a share says little: such cells are greyed."""

Unit = Literal["attempts", "calls", "leads", "rows", "share", "per lead", "seconds", "minutes", "money"]


@dataclass(frozen=True)
class Definition:
    """One figure: its name, its title, how it is computed, over what, in which unit."""

    name: str
    title: str
    formula: str
    base: str
    unit: Unit
    remark: str = ""


_ALL: Final = (
    Definition(
        "attempts",
        "Attempts",
        "Dials handed to the phone network, one for each try at a lead, whatever came of it.",
        "attempts with a time at which they were placed",
        "attempts",
    ),
    Definition("answered", "Answered", "Attempts that somebody or something picked up (SIP status 200).", "attempts", "attempts"),
    Definition(
        "people",
        "Answered by a person",
        "Answered attempts except machines and silent ones. A callee who hangs up at once counts as a person.",
        "answered attempts",
        "attempts",
    ),
    Definition(
        "machines",
        "Machines",
        "Answered attempts in which an answering machine picked up (outcome voicemail).",
        "answered attempts",
        "attempts",
    ),
    Definition("silent", "Silent", "Answered attempts in which nobody spoke (outcome RNR).", "answered attempts", "attempts"),
    Definition("answer_rate", "Answer rate", "answered ÷ attempts", "attempts", "share", "Machines are included."),
    Definition("human_rate", "Human answer rate", "answered by a person ÷ attempts", "attempts", "share"),
    Definition("leads", "Leads", "Imported leads of the campaign, whatever their state.", "leads", "leads"),
    Definition("leads_attempted", "Leads attempted", "Leads with at least one attempt.", "leads", "leads"),
    Definition("leads_contacted", "Leads contacted", "Leads of which a person answered at least once.", "leads", "leads"),
    Definition("contact_rate", "Contact rate", "leads contacted ÷ leads", "leads", "share", "By the list; not by attempts."),
    Definition(
        "right_party",
        "Right party contacts",
        "Attempts in which the analysis of the call says that the intended person was spoken to (right_party is true).",
        "attempts answered by a person",
        "attempts",
        "A bot whose analysis has no right_party counts none.",
    ),
    Definition(
        "right_party_rate",
        "Right party rate",
        "right party contacts ÷ attempts answered by a person",
        "attempts answered by a person",
        "share",
    ),
    Definition(
        "conversions",
        "Conversions",
        "Answered attempts whose disposition is one of the conversions. Unless others are named: PROMISE_TO_PAY, ALREADY_PAID, "
        "APPOINTMENT_CONFIRMED, SURVEY_COMPLETED.",
        "answered attempts",
        "attempts",
        "Every report names the words that it counted.",
    ),
    Definition("conversion_rate", "Conversion rate", "conversions ÷ right party contacts", "right party contacts", "share"),
    Definition("leads_converted", "Leads converted", "Leads with at least one conversion.", "leads", "leads"),
    Definition("lead_conversion", "Conversion of leads", "leads converted ÷ leads", "leads", "share"),
    Definition(
        "marginal_conversion",
        "Marginal conversion",
        "conversions at this attempt number ÷ dials at this attempt number",
        "attempts of this number",
        "share",
        "Says whether another pass is worth it.",
    ),
    Definition("penetration", "Penetration", "leads attempted ÷ leads", "leads", "share", "Never above 100%."),
    Definition("saturation", "Attempts per lead", "attempts ÷ leads", "leads", "per lead", "5.00 is five attempts a lead on average."),
    Definition(
        "worked_out",
        "Worked out",
        "leads in a final state ÷ leads",
        "leads",
        "share",
        "Final: nothing more will be dialled, or a person has to decide (held).",
    ),
    Definition("dialable", "Dialable", "Leads that wait for their turn or their time.", "leads", "leads"),
    Definition(
        "talk_average", "Average talk time", "time from the answer to the end, summed ÷ answered attempts", "answered attempts", "seconds"
    ),
    Definition("talk_minutes", "Talk time", "Time from the answer to the end, summed.", "answered attempts", "minutes"),
    Definition(
        "ring_average",
        "Average ring time",
        "time from ringing to the answer, summed ÷ answered attempts that rang",
        "answered attempts",
        "seconds",
    ),
    Definition(
        "short_calls",
        "Short calls",
        f"Attempts answered by a person that were over within {SHORT_SECONDS} seconds.",
        "attempts answered by a person",
        "attempts",
    ),
    Definition("short_rate", "Short call rate", "short calls ÷ attempts answered by a person", "attempts answered by a person", "share"),
    Definition("no_answer", "No answer", "Attempts with the outcome no_answer: it rang out, or the phone was off.", "attempts", "attempts"),
    Definition("no_answer_rate", "No answer rate", "no answer ÷ attempts", "attempts", "share"),
    Definition("busy", "Busy or declined", "Attempts with the outcome rejected.", "attempts", "attempts"),
    Definition(
        "failed",
        "Failed",
        "Ended attempts that nobody answered and that are neither no answer nor busy or declined.",
        "attempts",
        "attempts",
    ),
    Definition("live", "Still live", "Attempts on their way or in a conversation when the report was made.", "attempts", "attempts"),
    Definition(
        "cut_off",
        "Cut off",
        "Attempts with the outcome cut_off: broken while ringing or talking, and not by the callee.",
        "attempts",
        "attempts",
    ),
    Definition("cut_off_rate", "Cut off rate", "cut off ÷ attempts", "attempts", "share"),
    Definition(
        "abandoned",
        "Abandoned",
        "Answered attempts with nobody there to speak, neither bot nor person (disposition ABANDONED).",
        "attempts answered by a person",
        "attempts",
        "A bot is always there, so 0 is expected.",
    ),
    Definition("abandon_rate", "Abandon rate", "abandoned ÷ attempts answered by a person", "attempts answered by a person", "share"),
    Definition(
        "opt_outs",
        "Opt-outs",
        "Answered attempts whose callee asked never to be called again (outcome do_not_call).",
        "attempts",
        "attempts",
    ),
    Definition(
        "transfers", "Transfers", "Attempts in which the callee was transferred to a person (outcome transferred).", "attempts", "attempts"
    ),
    Definition(
        "callbacks", "Callbacks asked", "Attempts in which the callee asked to be called again (outcome callback).", "attempts", "attempts"
    ),
    Definition("promises", "Promises", "Attempts with the disposition PROMISE_TO_PAY.", "answered attempts", "attempts"),
    Definition("promised_amount", "Promised amount", "promise_amount of the promises, summed, where one was named", "promises", "money"),
    Definition(
        "outside_hours",
        "Outside the hours",
        "Attempts that were requested while the hours were closed and were dialled all the same.",
        "attempts that were dialled",
        "attempts",
        "Must be 0. Judged by the calling window as it is now, and the hours of the bot's version that held the call.",
    ),
    Definition(
        "best_time",
        "Human answers by weekday and hour",
        "answered by a person ÷ attempts, by the callee's weekday and hour when it was dialled",
        "attempts at that weekday and hour",
        "share",
        f"Greyed below {ENOUGH} attempts. Callees whose number lies in zones that showed different hours are left out, and counted.",
    ),
    Definition("rows_loaded", "Rows", "Rows of the lead file below its header.", "rows", "rows"),
    Definition("rows_rejected", "Rejected rows", "Rows that were not imported; duplicates are among them.", "rows", "rows"),
    Definition("crm_missing", "Missing at the CRM", "Leads whose last disposition the CRM should have and has not.", "leads", "leads"),
)
DEFINITIONS: Final = {one.name: one for one in _ALL}


def definition(name: str) -> Definition:
    """The definition of a figure.

    Raises:
        KeyError: there is none of this name.
    """
    return DEFINITIONS[name]
