"""The reports: what each shows, and its columns. A column that has a figure names its definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["REPORTS", "WEEKDAYS", "Column", "Kind", "ReportInfo"]

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Kind = Literal["text", "count", "share", "seconds", "decimal", "moment", "date", "phone", "money", "yes_no"]


@dataclass(frozen=True)
class Column:
    """A column: its key, its heading, what kind of values it has, the definition of its figure if it has one.

    `of` names the column with the number that a share is of: a share never stands without it.
    """

    key: str
    title: str
    kind: Kind = "text"
    metric: str | None = None
    of: str | None = None


@dataclass(frozen=True)
class ReportInfo:
    """A report of the catalogue."""

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    personal: bool = False
    """It has a row for each lead or call, with the callee's number."""
    filters: bool = True
    """The filters on attempts apply."""


def _count(key: str, title: str, metric: str | None = None) -> Column:
    return Column(key, title, "count", metric)


def _share(key: str, title: str, metric: str, of: str) -> Column:
    return Column(key, title, "share", metric, of)


_CALLEE: Final = (Column("lead_id", "Lead", "count"), Column("line", "Line", "count"), Column("phone", "Number", "phone"))
_HOURLY: Final = Column("interval", "Interval")

_ALL: Final = (
    ReportInfo(
        "summary",
        "Summary",
        "The key figures of the campaign, each with its numbers and its definition.",
        (
            Column("metric", "Figure"),
            Column("title", "Title"),
            Column("value", "Value", "decimal"),
            Column("unit", "Unit"),
            Column("part", "Counted", "decimal"),
            Column("base", "Of", "decimal"),
            Column("formula", "Definition"),
        ),
    ),
    ReportInfo(
        "lists",
        "List performance",
        "Each lead file: what was loaded, how far it is worked out, what came of it.",
        (
            Column("list", "List"),
            Column("source", "Source"),
            Column("imported_at", "Imported", "moment"),
            _count("rows", "Rows", "rows_loaded"),
            _count("leads", "Leads", "leads"),
            _count("rejected", "Rejected", "rows_rejected"),
            _count("suppressed", "Suppressed"),
            _count("dialable", "Dialable", "dialable"),
            _count("attempts", "Attempts", "attempts"),
            _count("attempted", "Attempted", "leads_attempted"),
            _count("contacted", "Contacted", "leads_contacted"),
            _count("right_party", "Right party"),
            _count("converted", "Converted", "leads_converted"),
            _share("penetration", "Penetration", "penetration", "leads"),
            _share("contact_rate", "Contact rate", "contact_rate", "leads"),
            _share("conversion", "Conversion", "lead_conversion", "leads"),
            Column("saturation", "Attempts/lead", "decimal", "saturation"),
            _share("worked_out", "Worked out", "worked_out", "leads"),
            Column("first_dial", "First dial", "moment"),
            Column("last_dial", "Last dial", "moment"),
        ),
    ),
    ReportInfo(
        "passes",
        "Pass outcome",
        "What the first, second, third, ... attempt brings: is another pass worth it?",
        (
            _count("attempt", "Attempt no."),
            _count("dials", "Dials", "attempts"),
            _count("people", "People", "people"),
            _count("machines", "Machines", "machines"),
            _count("silent", "Silent", "silent"),
            _count("busy", "Busy", "busy"),
            _count("no_answer", "No answer", "no_answer"),
            _count("failed", "Failed", "failed"),
            _count("live", "Live", "live"),
            _share("human_rate", "Human answers", "human_rate", "dials"),
            _count("right_party", "Right party", "right_party"),
            _count("conversions", "Conversions", "conversions"),
            _share("marginal", "Marginal conversion", "marginal_conversion", "dials"),
            Column("gap_hours", "Median gap (h)", "decimal"),
        ),
    ),
    ReportInfo(
        "dispositions",
        "Dispositions by interval",
        "How many attempts of each hour or day ended with which disposition.",
        (
            _HOURLY,
            Column("disposition", "Disposition"),
            Column("group", "Group"),
            _count("count", "Attempts", "attempts"),
            Column("share", "Share", "share", None, "of"),
            _count("of", "Of ended"),
            Column("talk_average", "Average talk", "seconds", "talk_average"),
            Column("end_reason", "Most frequent end reason"),
        ),
    ),
    ReportInfo(
        "intervals",
        "Interval summary",
        "Attempts, answers and results of each hour or day.",
        (
            _HOURLY,
            _count("attempts", "Attempts", "attempts"),
            _count("answered", "Answered", "answered"),
            _count("people", "People", "people"),
            _count("machines", "Machines", "machines"),
            _count("silent", "Silent", "silent"),
            _share("human_rate", "Human answers", "human_rate", "attempts"),
            _count("right_party", "Right party", "right_party"),
            _count("conversions", "Conversions", "conversions"),
            _count("opt_outs", "Opt-outs", "opt_outs"),
            _count("ended_by_bot", "Ended by us"),
            _count("ended_by_callee", "Ended by callee"),
            _count("no_answer", "No answer", "no_answer"),
            _share("no_answer_rate", "No answer", "no_answer_rate", "attempts"),
            _count("cut_off", "Cut off", "cut_off"),
            _share("cut_off_rate", "Cut off", "cut_off_rate", "attempts"),
            Column("talk_minutes", "Talk (min)", "decimal", "talk_minutes"),
        ),
    ),
    ReportInfo(
        "bots",
        "Bot versions",
        "Each version of the bot that held calls: answers, results, talk time.",
        (
            Column("bot_id", "Bot"),
            _count("version", "Version"),
            _count("calls", "Calls", "attempts"),
            _count("answered", "Answered", "answered"),
            _count("people", "People", "people"),
            _count("right_party", "Right party", "right_party"),
            _count("conversions", "Conversions", "conversions"),
            _share("conversion_rate", "Conversion rate", "conversion_rate", "right_party"),
            Column("talk_average", "Average talk", "seconds", "talk_average"),
            Column("talk_minutes", "Talk (min)", "decimal", "talk_minutes"),
            Column("ring_average", "Average ring", "seconds", "ring_average"),
            _count("transfers", "Transfers", "transfers"),
            _count("callbacks", "Callbacks", "callbacks"),
            _count("opt_outs", "Opt-outs", "opt_outs"),
            _count("cut_off", "Cut off", "cut_off"),
        ),
    ),
    ReportInfo(
        "caller-ids",
        "Caller-ID performance",
        "How the numbers that callees see are answered, and whether that falls.",
        (
            Column("number", "Caller ID"),
            Column("region", "Region"),
            _count("dials", "Dials", "attempts"),
            _count("people", "People", "people"),
            _share("human_rate", "Human answers", "human_rate", "dials"),
            _count("dials_7d", "Dials, last 7 days", "attempts"),
            _share("human_rate_7d", "Human answers, last 7 days", "human_rate", "dials_7d"),
            _count("dials_before", "Dials, 7 days before", "attempts"),
            _share("human_rate_before", "Human answers, 7 days before", "human_rate", "dials_before"),
            _count("short_calls", "Short calls", "short_calls"),
            _share("short_rate", "Short calls", "short_rate", "people"),
            _count("most_a_day", "Most dials a day"),
            Column("last_used", "Last used", "moment"),
        ),
    ),
    ReportInfo(
        "best-time",
        "Best time to call",
        "Human answers by the callee's weekday and hour, with the number of attempts of each cell.",
        (
            Column("weekday", "Weekday"),
            _count("hour", "Hour"),
            _count("attempts", "Attempts", "attempts"),
            _count("people", "People", "people"),
            _share("human_rate", "Human answers", "best_time", "attempts"),
            Column("enough", "Enough attempts", "yes_no"),
        ),
    ),
    ReportInfo(
        "calls",
        "Calls in detail",
        "Every attempt with its times and its result: the rows behind the figures.",
        (
            *_CALLEE,
            Column("list", "List"),
            _count("attempt", "Attempt no."),
            Column("attempt_id", "Attempt"),
            Column("call_id", "Call"),
            Column("from_number", "Caller ID"),
            Column("callee_zone", "Callee's zone"),
            Column("planned", "Planned", "moment"),
            Column("dialled", "Dialled", "moment"),
            Column("answered", "Answered", "moment"),
            Column("ended", "Ended", "moment"),
            Column("ring", "Ring", "seconds"),
            Column("talk", "Talk", "seconds"),
            Column("answered_by", "Answered by"),
            Column("outcome", "Outcome"),
            Column("disposition", "Disposition"),
            Column("end_reason", "End reason"),
            Column("ended_by", "Ended by"),
            _count("sip_status", "SIP status"),
            Column("recorded", "Recorded", "yes_no"),
            Column("bot", "Bot version"),
        ),
        personal=True,
    ),
    ReportInfo(
        "callbacks",
        "Callbacks due",
        "Leads that wait for the call they asked for: by the bot, or by a person.",
        (
            *_CALLEE,
            Column("asked_at", "Asked", "moment"),
            Column("due", "Due", "moment"),
            Column("due_there", "Due, callee's time"),
            Column("words", "Their words"),
            Column("owner", "Owner"),
            _count("overdue_minutes", "Overdue (min)"),
            Column("state", "State"),
            _count("attempts", "Attempts"),
        ),
        personal=True,
        filters=False,
    ),
    ReportInfo(
        "promises",
        "Promises",
        "Promises to pay: amount, due date, when and in which call. Whether they were kept your CRM knows.",
        (
            *_CALLEE,
            Column("amount", "Amount", "money", "promised_amount"),
            Column("due", "Due", "date"),
            Column("made_at", "Made", "moment"),
            Column("channel", "Channel"),
            Column("call_id", "Call"),
            _count("days_left", "Days left"),
        ),
        personal=True,
    ),
    ReportInfo(
        "opt-outs",
        "Opt-outs",
        "Numbers of the campaign that must not be called: since when, on whose word, in which call.",
        (
            Column("phone", "Number", "phone"),
            Column("lead_id", "Lead", "count"),
            Column("line", "Line", "count"),
            Column("added_at", "Added", "moment"),
            Column("source", "Source"),
            Column("reason", "Reason"),
            Column("call_id", "Call"),
            Column("lines", "Holds on"),
            Column("on_the_list", "On the list", "yes_no"),
            _count("dialled_after", "Dialled after"),
        ),
        personal=True,
        filters=False,
    ),
    ReportInfo(
        "reasons",
        "Why leads were not contacted",
        "Each lead that no person has answered yet: where it stands, by which rule, since when.",
        (
            *_CALLEE,
            Column("state", "State"),
            Column("rule", "Decided by"),
            Column("value", "Value seen"),
            Column("reason", "Reason"),
            Column("decided_at", "Decided", "moment"),
            _count("attempts", "Attempts"),
            Column("next_due", "Next due", "moment"),
        ),
        personal=True,
        filters=False,
    ),
    ReportInfo(
        "parity",
        "CRM push parity",
        "Whether the CRM has the last disposition of each lead, since when, and with what answer.",
        (
            *_CALLEE,
            Column("disposition", "Disposition"),
            Column("verdict", "At the CRM"),
            Column("missing", "Missing", "yes_no", "crm_missing"),
            Column("call_id", "Call"),
            Column("delivery_id", "Delivery"),
            Column("delivered_at", "Acknowledged", "moment"),
            _count("last_status", "Last answer"),
            Column("last_error", "Problem"),
        ),
        personal=True,
        filters=False,
    ),
    ReportInfo(
        "hygiene",
        "List hygiene",
        "What was wrong with the lead files, and with the numbers that were dialled.",
        (
            Column("list", "List"),
            Column("source", "Source"),
            Column("found", "Found"),
            Column("kind", "Kind"),
            Column("reason", "Reason"),
            _count("count", "Count"),
            Column("share", "Share", "share", None, "of"),
            _count("of", "Of"),
        ),
        filters=False,
    ),
    ReportInfo(
        "compliance",
        "Compliance",
        "Attempts outside the hours (must be 0), abandoned calls, attempts per lead a day and a week, dials after an opt-out.",
        (
            Column("check", "Check"),
            _count("value", "Value"),
            _count("of", "Of"),
            Column("rate", "Share", "share", None, "of"),
            Column("limit", "Limit"),
            Column("kept", "Kept", "yes_no"),
            Column("detail", "Detail"),
        ),
        filters=False,
    ),
)
REPORTS: Final = {one.name: one for one in _ALL}
