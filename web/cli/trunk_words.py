"""What `dialler trunks` says of a trunk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NoReturn

import typer

from core.kernel.clock import utc_now
from core.kernel.words import counted
from core.trunks.reading import TrunkRecord
from web.cli.errors import CANNOT
from web.cli.output import emit_json, say

__all__ = ["listed", "plain_value", "registration_of", "state_of", "tell_report", "tell_trunk"]


def listed(trunk: TrunkRecord) -> dict[str, Any]:
    """A trunk as a row of the list. Its settings, which may name secrets, are left out."""
    shown = ("name", "transport", "channels", "calls_per_second", "default_number", "is_default", "created_at")
    return {
        **{name: getattr(trunk, name) for name in shown},
        "registration": None if trunk.registration is None else trunk.registration.record(),
        "numbers": [number.number for number in trunk.numbers],
        "state": "; ".join(filter(None, (state_of(trunk), registration_of(trunk)))),
    }


def tell_report(name: str, report: Any, as_json: bool) -> NoReturn:
    """Say what a check found, and end."""
    if as_json:
        emit_json({"trunk": name, "works": report.works, "sentences": list(report.sentences)})
    else:
        say(*report.sentences, f"The trunk {name} works." if report.works else f"The trunk {name} does not work.")
    raise typer.Exit(0 if report.works else CANNOT)


def plain_value(value: object) -> object:
    """A setting as people read it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def state_of(trunk: TrunkRecord) -> str:
    """Whether calls go out on a trunk, in words."""
    now, health = utc_now(), trunk.health
    if (allowed := health.limits.in_words(trunk.channels, trunk.calls_per_second)) and health.state(now) == "closed":
        return f"in use; the carrier seems to allow only {allowed}: it refused calls with {health.limits.reason.rstrip('.')}"
    match health.state(now):
        case "resting":
            return f"rested until {health.resting_until:%H:%M:%S} UTC, because it failed: {health.reason.rstrip('.')}"
        case "trial":
            return f"to be tried with one call, after it failed: {health.reason.rstrip('.')}"
    return "in use" if not health else f"in use; {counted(health.failures, 'failure')} in a row: {health.reason.rstrip('.')}"


def registration_of(trunk: TrunkRecord) -> str:
    """How a trunk's registration stands, in words; nothing if it wants none."""
    if not (trunk.sip or {}).get("register"):
        return ""
    registration, now = trunk.registration, utc_now()
    if registration is None:
        return "not registered yet: no process has opened the trunk"
    why = f": {registration.reason.rstrip('.')}" if registration.reason else ""
    when = f"at {registration.at:%Y-%m-%d %H:%M:%S} UTC"
    match registration.state(now):
        case "registered":
            return f"registered until {registration.expires_at:%H:%M:%S} UTC" + (f"; the last renewal failed {when}{why}" if why else "")
        case "expired":
            return f"not registered: it expired at {registration.expires_at:%Y-%m-%d %H:%M:%S} UTC, and was not renewed{why}"
    return f"not registered since the last try {when}{why}"


def tell_trunk(trunk: TrunkRecord, as_json: bool, *words: str) -> None:
    """Show a trunk: as JSON, or in these words."""
    if as_json:
        now, registration = utc_now(), trunk.registration
        standing = None if registration is None else {**registration.record(), "state": registration.state(now)}
        emit_json({**asdict(trunk), "health": {**trunk.health.record(), "state": trunk.health.state(now)}, "registration": standing})
    else:
        say(*words)
