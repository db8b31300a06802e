"""The operator's settings in `campaign.yaml`. Every key except `name` has a default; docs/campaign-yaml.md explains each."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.kernel.durations import Duration
from core.kernel.hours import HoursConfig, check_time_zone
from core.kernel.numbers import check_region
from core.kernel.purposes import Purpose
from dialler.imports.moments import parse_moment
from dialler.imports.options import ColumnValues, ImportOptions
from dialler.imports.times import CALLEE, TimeOptions
from dialler.policy.numbers import NextNumber
from dialler.policy.retry_rules import RetryPolicy, RetryRules

__all__ = ["CallingWindow", "CampaignConfig", "ColumnRule", "HandoffConfig"]


def _column(value: Any) -> Any:
    """A column may also be named by its number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _rules(value: Any) -> Any:
    """One rule, or a list of them."""
    return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value


def _texts(value: Any) -> Any:
    """One value, or a list of them; what YAML reads as true, false or a number is text in a file."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) if isinstance(item, int | float) else item for item in values)


class ColumnRule(BaseModel):
    """A column of the lead file, and the values in it that a rule is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, BeforeValidator(_column)] = Field(min_length=1, description="Its header or number (from 1).")
    values: Annotated[tuple[str, ...], BeforeValidator(_texts)] = Field(
        default=(), description="One value or a list, compared without capitals, blanks and accents; left out: whatever says yes."
    )

    def as_option(self) -> ColumnValues:
        """The rule for the import."""
        return ColumnValues(self.column, self.values)


def _moment(value: str) -> str:
    """A date or a time, written so that only one can be meant."""
    parse_moment(value)
    return value


def _zone(value: str) -> str:
    return value if value == CALLEE else check_time_zone(value)


Moment = Annotated[str, AfterValidator(_moment)]
ColumnName = Annotated[str, BeforeValidator(_column), Field(min_length=1)]


class CallingWindow(HoursConfig):
    """When the campaign may dial: opening hours, in a time zone that must be given."""

    time_zone: Annotated[str, AfterValidator(check_time_zone)] = Field(description="Its time zone (IANA name), such as Asia/Kolkata.")

    @property
    def hours(self) -> HoursConfig:
        """The window as opening hours."""
        return self


class HandoffConfig(BaseModel):
    """What happens to leads whose callee asked for a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    callback_by_bot: Literal["never", "once"] = Field(
        default="never",
        description="`once`: the bot calls such a callee back once, at the time that was agreed. `never`: only a person does.",
    )


class CampaignConfig(BaseModel):
    """A campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200, description="Its name.")
    purpose: Purpose | None = Field(
        default=None, description="What its calls are for; decides which rules protect its callees. The strictest of all if left out."
    )
    default_region: Annotated[str, AfterValidator(check_region)] | None = Field(
        default=None, description="Country (ISO 3166, such as IN) of numbers written without a country code."
    )
    phone_column: Annotated[str, BeforeValidator(_column)] | None = Field(
        default=None, min_length=1, description="Header or number (from 1) of the column of phone numbers; detected if left out."
    )
    phone_columns: Annotated[tuple[Annotated[str, BeforeValidator(_column)], ...], BeforeValidator(_list)] = Field(
        default=(), description="Headers or numbers of the columns with each person's numbers, in the order in which they are tried."
    )
    country_column: Annotated[str, BeforeValidator(_column)] | Literal[False] | None = Field(
        default=None, description="Header or number of the column with each number's country; detected if left out; false: there is none."
    )
    area_code_column: Annotated[str, BeforeValidator(_column)] | Literal[False] | None = Field(
        default=None, description="Header or number of the column with each number's area code; likewise."
    )
    suppress_if: Annotated[tuple[ColumnRule, ...], BeforeValidator(_rules)] = Field(
        default=(), description="Anyone with one of these values in the column is not called; without values: whatever says yes."
    )
    require: Annotated[tuple[ColumnRule, ...], BeforeValidator(_rules)] = Field(
        default=(), description="Only rows with one of these values in the column are imported; without values: whatever says yes."
    )
    obey_opt_outs: bool = Field(
        default=True, strict=True, description="Obey columns that clearly say who must not be called (`Do Not Call`), without a rule."
    )
    encoding: str | None = Field(default=None, min_length=1, description="Encoding of the lead file, such as cp1252; detected if left out.")
    delimiter: str | None = Field(
        default=None, min_length=1, description="What separates columns: a character, or comma, semicolon, tab, pipe; detected if left out."
    )
    sheet: Annotated[str, BeforeValidator(_column)] | None = Field(
        default=None, min_length=1, description="Name or number (from 1) of the sheet of a workbook; its only one with rows if left out."
    )
    duplicates: Literal["refuse"] = Field(default="refuse", description="A number that is repeated in the file: the later row is refused.")
    concurrency_limit: int = Field(default=50, ge=1, le=10_000, strict=True, description="Most calls of this campaign at once.")
    calls_per_second: float = Field(default=10, gt=0, le=1000, description="Most new calls a second (CPS); below 1 for less than one.")
    max_attempts: int = Field(
        default=3, ge=1, le=100, strict=True, description="Most attempts per lead in which the phone could have rung."
    )
    max_uncharged: int = Field(
        default=5, ge=1, le=100, strict=True, description="Most attempts per lead that fail before the phone can ring."
    )
    max_callbacks: int = Field(default=5, ge=0, le=100, strict=True, description="Most callbacks that a callee can ask for.")
    max_untimed_callbacks_per_day: int = Field(
        default=2, ge=1, le=100, strict=True, description="Most callbacks in 24 hours to a callee who names no time; the next one waits."
    )
    callback_delay: Duration = Field(default=timedelta(hours=2), description="When to call back a callee who named no time.")
    handoff: HandoffConfig = Field(default=HandoffConfig(), description="What happens to leads whose callee asked for a person.")
    retry: RetryRules = Field(default=RetryRules(), description="For each outcome: whether, and how soon, to try again.")
    next_number: NextNumber = Field(default=NextNumber(), description="When the next number of a lead with several is tried.")
    calling_window: CallingWindow | None = Field(
        default=None, description="When this campaign may dial; only the bot's active hours and the permitted hours count if left out."
    )
    not_before: Moment | None = Field(default=None, description="Nobody is dialled before this date or time, such as 2026-03-04 09:00.")
    not_after: Moment | None = Field(
        default=None, description="Nobody is dialled after this date, or from this time on: leads that wait end as `expired`."
    )
    expires_at: Moment | None = Field(
        default=None, description="When what the campaign is about is over, such as an event; as `not_after`."
    )
    not_before_column: ColumnName | None = Field(
        default=None, description="Column with each lead's own `not_before`; the column of that name if left out."
    )
    not_after_column: ColumnName | None = Field(default=None, description="Column with each lead's own `not_after`; likewise.")
    expires_at_column: ColumnName | None = Field(
        default=None, description="Column with each lead's own `expires_at`, such as the time of an appointment; likewise."
    )
    expires_before: Duration = Field(default=timedelta(0), description="How long before `expires_at` dialling ends.")
    times_in: Annotated[str, AfterValidator(_zone)] = Field(
        default=CALLEE, description="Whose clock these times are on: `callee`, or a time zone (IANA name) such as that of a clinic."
    )
    date_order: Literal["day_first", "month_first"] | None = Field(
        default=None, description="How dates such as 3/4/2026 are to be read; by `default_region` if left out."
    )

    @model_validator(mode="after")
    def _one_way_to_name_numbers(self) -> CampaignConfig:
        if self.phone_column is not None and self.phone_columns:
            raise ValueError("phone_column and phone_columns exclude each other: name all columns in phone_columns.")
        return self

    def import_options(self) -> ImportOptions:
        """The keys that concern the lead file."""
        return ImportOptions(
            default_region=self.default_region,
            phone_column=self.phone_column,
            phone_columns=self.phone_columns,
            country_column=self.country_column,
            area_code_column=self.area_code_column,
            suppress_if=tuple(rule.as_option() for rule in self.suppress_if),
            require=tuple(rule.as_option() for rule in self.require),
            obey_opt_outs=self.obey_opt_outs,
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheet=self.sheet,
            times=self.time_options(),
        )

    def time_options(self) -> TimeOptions:
        """The keys that say before and after which times leads may be dialled."""
        return TimeOptions(
            not_before=self.not_before,
            not_after=self.not_after,
            expires_at=self.expires_at,
            not_before_column=self.not_before_column,
            not_after_column=self.not_after_column,
            expires_at_column=self.expires_at_column,
            expires_before=self.expires_before.total_seconds(),
            zone=self.times_in,
            fallback_zone=self.calling_window.time_zone if self.calling_window else "UTC",
            day_first=None if self.date_order is None else self.date_order == "day_first",
        )

    def retry_policy(self) -> RetryPolicy:
        """The keys that concern retries, for `dialler.policy.retry`."""
        return RetryPolicy(
            max_attempts=self.max_attempts,
            max_uncharged=self.max_uncharged,
            max_callbacks=self.max_callbacks,
            callback_delay=self.callback_delay,
            max_untimed_a_day=self.max_untimed_callbacks_per_day,
            person_callback=self.handoff.callback_by_bot == "once",
            rules=self.retry,
        )
