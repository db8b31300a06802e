"""When a lead may be dialled, from the campaign's settings and the columns of its row. Pure.

A column is named in campaign.yaml (`expires_at_column: Appointment`), or bears the very name of the limit (`expires_at`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from core.kernel.numbers import callee_zones
from dialler.imports.errors import CellProblem, LeadFileError, Problem
from dialler.imports.moments import NotAMoment, parse_moment
from dialler.imports.phone_column import named_columns
from dialler.policy.times import ALWAYS, LeadTimes, LocalMoment, bounds

__all__ = ["CALLEE", "LIMITS", "NO_LIMITS", "TimeOptions", "time_columns_of", "times_of_lead"]

LIMITS: Final = ("not_before", "not_after", "expires_at")
CALLEE: Final = "callee"
"""The value of `TimeOptions.zone` for the callee's own clock."""
_MONTH_FIRST: Final = frozenset({"US", "PH", "FM", "MH", "PW", "GU", "PR", "VI", "AS", "MP"})


@dataclass(frozen=True)
class TimeOptions:
    """The limits of a campaign, and the columns that hold those of its leads.

    Args:
        not_before: nobody is dialled before it.
        not_after: nobody is dialled from it on.
        expires_at: when what the campaign is about is over.
        not_before_column: header, variable name or number of the column that holds the lead's own; None: one of that very name, if any.
        not_after_column: likewise.
        expires_at_column: likewise.
        expires_before: how many seconds before `expires_at` dialling ends.
        zone: whose clock a time without an offset is on: `callee`, or a time zone.
        fallback_zone: the clock of callees whose number tells no zone.
        day_first: whether 3/4 is the third of April; None: by the country of the numbers.
    """

    not_before: str | None = None
    not_after: str | None = None
    expires_at: str | None = None
    not_before_column: str | None = None
    not_after_column: str | None = None
    expires_at_column: str | None = None
    expires_before: float = 0
    zone: str = CALLEE
    fallback_zone: str = "UTC"
    day_first: bool | None = None

    @property
    def of_campaign(self) -> bool:
        """Whether the campaign itself has a limit."""
        return any(getattr(self, limit) for limit in LIMITS)


class NamedColumn(Protocol):
    """A column of a lead file: its header, and its variable if it has one (`dialler.imports.header.Column`)."""

    @property
    def header(self) -> str:
        """As it is in the file."""

    @property
    def variable(self) -> str | None:
        """As in `{{crm.NAME}}`."""


NO_LIMITS: Final = TimeOptions()
"""A campaign without limits of its own."""


def time_columns_of(columns: Sequence[NamedColumn], options: TimeOptions) -> dict[str, int]:
    """The columns (from 0) with the leads' own limits, by limit.

    Raises:
        LeadFileError: campaign.yaml names a column that does not exist.
    """
    found = {}
    headers = [column.header for column in columns]
    names = [column.variable or "" for column in columns]
    for limit in LIMITS:
        wanted = getattr(options, f"{limit}_column")
        positions = named_columns(headers, wanted or limit) or named_columns(names, wanted or limit)
        if positions:
            found[limit] = positions[0]
        elif wanted:
            raise LeadFileError(
                f"There is no column {wanted!r}, which campaign.yaml names as `{limit}_column`.",
                "Write the header of the column with the times there, or leave it out.",
                [f"headers: {', '.join(headers)}"],
            )
    return found


def times_of_lead(options: TimeOptions, cells: Mapping[str, str], phone: str, region: str | None = None) -> LeadTimes:
    """When a lead may be dialled.

    Args:
        options: the campaign's settings.
        cells: the lead's own limits as written, by limit; an empty one is no limit.
        phone: its number (E.164), which tells its zones.
        region: the country of national numbers, which tells how dates are written; None: not known.

    Raises:
        CellProblem: a cell is not a date or a time.
    """
    day_first = options.day_first if options.day_first is not None else None if region is None else region not in _MONTH_FIRST
    limits: dict[str, list[LocalMoment]] = {limit: [] for limit in LIMITS}
    for limit in LIMITS:
        if text := getattr(options, limit):
            limits[limit].append(parse_moment(text))
        if text := cells.get(limit, "").strip():
            try:
                limits[limit].append(parse_moment(text, day_first))
            except NotAMoment as error:
                reason, _, advice = str(error).partition(". ")
                raise CellProblem(Problem(f"{reason}.", advice)) from None
    if not any(limits.values()):
        return ALWAYS
    zones = [options.zone] if options.zone != CALLEE else callee_zones(phone, options.fallback_zone) or [options.fallback_zone]
    margin = timedelta(seconds=options.expires_before)
    return bounds(limits["not_before"], limits["not_after"], limits["expires_at"], zones, margin)
