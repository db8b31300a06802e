"""The file that says which reports are sent when, and to whom (docs/reports.md)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.kernel.hours import check_time_zone
from core.kernel.yaml_config import load_yaml_model
from dialler.reports.catalogue import REPORTS

__all__ = ["Schedule", "Schedules", "Smtp", "load_schedules", "period_of"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _report(name: str) -> str:
    if name not in REPORTS:
        raise ValueError(f"there is no report {name!r}; they are {', '.join(REPORTS)}")
    return name


def _cron(text: str) -> str:
    CronTrigger.from_crontab(text)
    return text


def _address(text: str) -> str:
    if text.count("@") != 1 or not text.isprintable() or any(ch in text for ch in ' ,;<>"'):
        raise ValueError("it is not an e-mail address of the form name@host")
    return text


Address = Annotated[str, AfterValidator(_address)]


class Smtp(_Strict):
    """The server that takes the mail."""

    host: str = Field(min_length=1, description="Its name.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`tls` from the first byte (port 465), `starttls`, or `none`: only for a server on this machine.",
    )
    ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    user: str | None = Field(default=None, description="The user; without it nobody signs in.")
    password: str | None = Field(default=None, description="`secret:NAME`: the password under that name.")
    sender: Address = Field(alias="from", description="The sender's address.")

    @model_validator(mode="after")
    def _check(self) -> Smtp:
        if (self.user is None) != (self.password is None):
            raise ValueError("write both `user` and `password`, or neither")
        if self.password is not None and not self.password.startswith("secret:"):
            raise ValueError("`password` must be secret:NAME: store it with `dialler secrets set NAME`")
        if self.user is not None and self.tls == "none":
            raise ValueError("a password is never sent without TLS: write `tls: starttls` or `tls: tls`")
        return self


class Schedule(_Strict):
    """Some reports of one campaign, at some times."""

    campaign: str = Field(min_length=1, description="The campaign, by name or id.")
    reports: tuple[Annotated[str, AfterValidator(_report)], ...] = Field(min_length=1, description="Which reports.")
    cron: Annotated[str, AfterValidator(_cron)] = Field(description="When: minute hour day month weekday, as `0 8 * * mon-fri`.")
    zone: Annotated[str, AfterValidator(check_time_zone)] = Field(default="UTC", description="Time zone of `cron` and of the reports.")
    period: Literal["day", "week", "all"] = Field(default="day", description="`day`: yesterday. `week`: seven days until yesterday. `all`.")
    format: Literal["csv", "xlsx"] = Field(default="xlsx", description="The kind of file.")
    mask: bool = Field(default=True, description="Mask callees' numbers.")
    folder: Path | None = Field(default=None, description="The folder that the files are written to.")
    to: tuple[Address, ...] = Field(default=(), description="Who gets them by mail.")

    @model_validator(mode="after")
    def _check(self) -> Schedule:
        if self.folder is None and not self.to:
            raise ValueError("say where the reports go: `folder`, or `to` with addresses")
        return self

    @property
    def trigger(self) -> CronTrigger:
        """When it is due."""
        return CronTrigger.from_crontab(self.cron, timezone=self.zone)


class Schedules(_Strict):
    """The file."""

    smtp: Smtp | None = Field(default=None, description="The mail server, if anything goes by mail.")
    schedules: tuple[Schedule, ...] = Field(min_length=1, description="What is sent when.")

    @model_validator(mode="after")
    def _check(self) -> Schedules:
        if self.smtp is None and any(schedule.to for schedule in self.schedules):
            raise ValueError("`smtp` is missing: reports are to be sent by mail")
        return self


def load_schedules(path: Path) -> Schedules:
    """The schedules of a file.

    Raises:
        core.kernel.yaml_config.ConfigError: with every problem.
    """
    return load_yaml_model(path, Schedules)


def period_of(schedule: Schedule, now: datetime) -> tuple[str | None, str | None]:
    """The first and the last day of a report that is made now; None: everything."""
    if schedule.period == "all":
        return None, None
    yesterday = now.astimezone(ZoneInfo(schedule.zone)).date() - timedelta(days=1)
    first = yesterday - timedelta(days=6 if schedule.period == "week" else 0)
    return first.isoformat(), yesterday.isoformat()
