"""Where a run stands: looked up twice a second, shown as bars and figures, or written as JSON lines."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from core.calls.store import count_by_state
from core.calls.trunk_health import why_held
from core.fleet.store import load
from core.kernel.moments import moment_text
from core.trunks.store import every_trunk
from dialler.campaigns.store import read_campaign
from dialler.leads.progress import backlog, progress
from web.composition import Whole

__all__ = ["JsonReporter", "LiveReporter", "Reporter", "RunProgress", "look", "report_progress"]

_EVERY = 0.5
_LINE_EVERY = 5.0
_SHARE = 0.05  # of the time may be spent on counting: a long campaign is counted less often


@dataclass(frozen=True)
class RunProgress:
    """Where a run stands. `seconds_left` is an estimate of real time from the speed so far; None at the start."""

    at: datetime
    state: str
    leads: int
    done: int
    waiting: int
    in_flight: int
    dialled: int
    answered: int
    ringing: int
    talking: int
    seats_busy: int
    seats: int
    hold: str | None
    hold_until: datetime | None
    seconds_left: float | None
    troubles: tuple[str, ...] = ()
    """CRMs and other endpoints that fail now, or to which pushes were given up, each with the reason."""


def look(whole: Whole, campaign_id: str, seconds_so_far: float, done_before: int) -> RunProgress:
    """Count where the run stands.

    Args:
        whole: the running process.
        campaign_id: the campaign.
        seconds_so_far: real seconds since this process began to dial.
        done_before: leads that were done by then.
    """
    with whole.db.read() as connection:
        campaign = read_campaign(connection, campaign_id)
        counts = progress(connection, campaign_id)
        worker = load(connection, whole.engine.worker_id)
        calls = count_by_state(connection, whole.engine.worker_id)
        hold, hold_until = campaign.hold_reason, campaign.hold_until
        if not hold and campaign.state == "running" and counts.waiting and not counts.in_flight:
            hold, hold_until = _why_nothing_leaves(connection, whole, campaign_id)
    finished = counts.done - done_before
    left = (counts.leads - counts.done) * seconds_so_far / finished if finished > 0 else None
    return RunProgress(
        at=whole.clock.now(),
        state=campaign.state,
        leads=counts.leads,
        done=counts.done,
        waiting=counts.waiting,
        in_flight=counts.in_flight,
        dialled=counts.attempts,
        answered=counts.answered,
        ringing=calls.get("ringing", 0),
        talking=calls.get("talking", 0),
        seats_busy=worker.calls if worker else 0,
        seats=worker.max if worker else 0,
        hold=hold,
        hold_until=hold_until,
        seconds_left=left,
        troubles=tuple(map(str, whole.client.watch.standing())),
    )


def _why_nothing_leaves(connection: Connection, whole: Whole, campaign_id: str) -> tuple[str | None, datetime | None]:
    """Why nobody is called now though the dialler holds nothing back, and until when: the trunk rests, or no lead is due."""
    now, name = whole.clock.now(), whole.settings.trunk
    trunk = next((trunk for trunk in every_trunk(connection) if trunk.name == name), None)
    if trunk is not None and (why := why_held(trunk, now)) is not None:
        return why, trunk.health.opens_at(now)
    left = backlog(connection, campaign_id)
    if left.ready or left.next_due is None or left.next_due <= now:
        return None, None
    return f"The next lead is due at {left.next_due:%a %H:%M:%S} UTC.", left.next_due


class Reporter:
    """Tells somebody how a run goes; this one tells nobody."""

    def start(self) -> None:
        """The run begins."""

    def say(self, text: str) -> None:
        """Something worth a line happened."""

    def show(self, progress: RunProgress) -> None:
        """The run stands here now."""

    def end(self) -> None:
        """The run is over."""


class JsonReporter(Reporter):
    """One JSON object a line on standard output: `{"event": "progress", ...}` and `{"event": "note", ...}`."""

    def say(self, text: str) -> None:
        """Write a note."""
        self._write({"event": "note", "text": text})

    def show(self, progress: RunProgress) -> None:
        """Write the progress."""
        self._write({"event": "progress", **asdict(progress)})

    @staticmethod
    def _write(document: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(document, default=moment_text, ensure_ascii=False) + "\n")
        sys.stdout.flush()


class LiveReporter(Reporter):
    """A live display on a terminal; plain lines now and then where there is none."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("Leads done"), BarColumn(bar_width=None), MofNCompleteColumn(), TaskProgressColumn(), console=console
        )
        self._task = self._bar.add_task("", total=None)
        self._live: Live | None = None
        self._last_line = 0.0
        self._said = ""

    def start(self) -> None:
        """Begin the live display, on a terminal. Elsewhere the first line comes once there is something to say."""
        self._last_line = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()

    def say(self, text: str) -> None:
        """Print a line above the display."""
        self._console.print(text, highlight=False)

    def show(self, progress: RunProgress) -> None:
        """Bring the display up to date."""
        if self._live is not None:
            self._bar.update(self._task, total=progress.leads, completed=progress.done)
            self._live.update(self._picture(progress))
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            if (line := _one_line(progress)) != self._said:  # while nothing happens, nothing is said
                self._said = line
                self._console.print(line, highlight=False)

    def end(self) -> None:
        """Take the display away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, progress: RunProgress) -> RenderableType:
        figures = Table.grid(padding=(0, 3))
        figures.add_row(
            *(
                Text.assemble((f"{value} ", "bold"), (name, "dim"))
                for name, value in (
                    ("dialled", progress.dialled),
                    ("ringing", progress.ringing),
                    ("talking", progress.talking),
                    ("answered", progress.answered),
                    ("done", progress.done),
                    ("seats busy", f"{progress.seats_busy}/{progress.seats}"),
                    ("left", _duration(progress.seconds_left)),
                )
            )
        )
        clock = Text(f"The campaign's clock: {progress.at:%a %d %b %Y %H:%M:%S} UTC", style="dim")
        if progress.hold:
            until = f" until {progress.hold_until:%a %H:%M} UTC" if progress.hold_until else ""
            clock.append(f"   Holding{until}: {progress.hold}", style="yellow")
        return Group(self._bar, figures, clock, *(Text(f"{trouble}.", style="yellow") for trouble in progress.troubles))


def _one_line(progress: RunProgress) -> str:
    hold = f", holding: {progress.hold}" if progress.hold else ""
    left = f", {_duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    troubles = "".join(f"; {trouble}" for trouble in progress.troubles)
    return (
        f"{progress.done}/{progress.leads} done, {progress.dialled} dialled, {progress.ringing} ringing, {progress.talking} talking, "
        f"{progress.answered} answered, seats {progress.seats_busy}/{progress.seats}{left}{hold}{troubles}"
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60}h {minutes % 60:02d}m" if minutes >= 60 else f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


async def report_progress(take: Callable[[], RunProgress], reporter: Reporter) -> None:
    """Look and tell, twice a second of real time or less often if looking is slow, until cancelled."""
    while True:
        began = time.monotonic()
        reporter.show(take())
        await asyncio.sleep(max(_EVERY, (time.monotonic() - began) / _SHARE))
