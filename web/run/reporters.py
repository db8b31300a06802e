"""Tells how a run goes: a live display on a terminal, lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.kernel.moments import moment_text
from core.kernel.words import counted
from web.run.progress import RunProgress

__all__ = ["JsonReporter", "LiveReporter", "Reporter", "report_progress"]

_EVERY = 0.5
_LINE_EVERY = 5.0
_SHARE = 0.05  # of the time may be spent on counting: a long campaign is counted less often
_NARROW = 45
"""Columns below which the names of the rows stand above the values."""
_MOST_DISPOSITIONS = 8
_OTHER_ROWS = 15
"""Rows of the display beside the dispositions."""
_STATES = {
    "paused": "Paused",
    "stopping": "Stopping",
    "stopped": "Stopped",
    "completed": "Done",
    "failed": "Ended early",
}


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
        self._console.print(text, markup=False, highlight=False, soft_wrap="`" in text)  # a command is copied as one line

    def show(self, progress: RunProgress) -> None:
        """Bring the display up to date."""
        if self._live is not None:
            self._live.update(self.picture(progress))
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            if (line := _one_line(progress)) != self._said:  # while nothing happens, nothing is said
                self._said = line
                self._console.print(line, markup=False, highlight=False)

    def end(self) -> None:
        """Take the display away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def picture(self, progress: RunProgress) -> RenderableType:
        """The display, as wide and as high as the terminal allows."""
        rows = [
            ("Status", _status(progress)),
            ("Leads", Text(f"{progress.done:,} of {progress.leads:,} done")),
            ("Calls", Text(f"{progress.in_flight:,} of {progress.limit:,} (campaign limit): {_in_progress(progress)}")),
            ("Seats", Text(f"{progress.seats_busy:,} of {progress.seats:,} in use")),
            ("Dialled", Text(f"{counted(progress.dialled, 'call')}, {progress.answered:,} answered: {_who_answered(progress)}")),
            ("Clock", Text(f"{progress.at.astimezone(ZoneInfo(progress.time_zone)):%a %d %b %Y %H:%M:%S} {progress.time_zone}")),
        ]
        if progress.seconds_left is not None:
            rows.append(("Left", Text(f"about {_duration(progress.seconds_left)}")))
        rows += [("Trouble", Text(f"{trouble}.", style="yellow")) for trouble in progress.troubles]
        return Group(_bar(progress), self._rows(rows), *self._dispositions(progress))

    def _rows(self, rows: list[tuple[str, Text]]) -> RenderableType:
        if self._console.width < _NARROW:
            return Group(*(Text.assemble((f"{name}: ", "dim"), value) for name, value in rows))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(name, value)
        return grid

    def _dispositions(self, progress: RunProgress) -> list[RenderableType]:
        most = min(_MOST_DISPOSITIONS, self._console.height - _OTHER_ROWS - len(progress.troubles))
        if most < 1 or not progress.dispositions:
            return []
        shown, rest = progress.dispositions[:most], progress.dispositions[most:]
        if len(rest) == 1:
            shown, rest = progress.dispositions, ()
        figures = [(f"{one.done:,}", f"{one.waiting:,}" if one.waiting else "") for one in shown]
        if rest:
            figures.append((f"{sum(one.done for one in rest):,}", f"{sum(one.waiting for one in rest):,}"))
        names = [one.disposition for one in shown] + ([f"({len(rest)} others)"] if rest else [])
        made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        made.add_column("Disposition", overflow="fold")
        for heading in ("Done", "Again" if self._console.width < _NARROW else "To call again"):
            made.add_column(heading, justify="right", no_wrap=True)
        for name, row in zip(names, figures, strict=True):
            made.add_row(Text(name), *row)
        return [Text(), made]


def _bar(progress: RunProgress) -> RenderableType:
    bar = Table.grid(padding=(0, 2), expand=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True)
    bar.add_row(ProgressBar(progress.leads or 1, progress.done), f"{progress.done / (progress.leads or 1):.0%}")
    return bar


def _status(progress: RunProgress) -> Text:
    """What the campaign does now, and why if it does not dial."""
    if progress.state == "running" and not progress.hold:
        return Text("Dialling" if progress.waiting else "Finishing the last calls")
    if progress.state == "running":
        until = f" until {_moment(progress.hold_until, progress)}" if progress.hold_until else ""
        return Text(f"Waiting{until}: {progress.hold}".rstrip(".") + ".", style="yellow")
    word = _STATES.get(progress.state, progress.state.capitalize())
    why = (progress.reason or "").strip().rstrip(".")
    why = why.removeprefix(f"{progress.state} ")  # "Paused by an operator" rather than "Paused: paused by an operator"
    said = f"{word} {why}" if why.startswith("by ") else f"{word}: {why}" if why else word
    if progress.in_flight:
        said += f"; {counted(progress.in_flight, 'call is', 'calls are')} still in progress"
    return Text(f"{said}.", style="yellow")


def _moment(moment: datetime, progress: RunProgress) -> str:
    """A moment in the campaign's zone; with its date if that is not today's."""
    zone = ZoneInfo(progress.time_zone)
    there, today = moment.astimezone(zone), progress.at.astimezone(zone).date()
    return f"{there:%H:%M:%S}" if there.date() == today else f"{there:%a %d %b %H:%M}"


def _in_progress(progress: RunProgress) -> str:
    return f"{progress.ringing:,} ringing, {progress.talking:,} talking"


def _who_answered(progress: RunProgress) -> str:
    people = counted(progress.people, "person", "people")
    return f"{people}, {counted(progress.machines, 'machine')}, {progress.silent:,} silent"


def _one_line(progress: RunProgress) -> str:
    left = f", about {_duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    status = "" if progress.state == "running" and not progress.hold else f". {_status(progress).plain.rstrip('.')}"
    status += f" ({progress.time_zone})" if progress.state == "running" and progress.hold_until else ""
    troubles = "".join(f"; {trouble}" for trouble in progress.troubles)
    return (
        f"{progress.done:,} of {counted(progress.leads, 'lead')} done, {progress.dialled:,} dialled, {progress.answered:,} answered "
        f"({_who_answered(progress)}), {_in_progress(progress)}, {progress.in_flight:,} of {progress.limit:,} calls, "
        f"{progress.seats_busy:,} of {progress.seats:,} seats{left}{status}{troubles}."
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


async def report_progress(take: Callable[[], RunProgress], reporter: Reporter) -> None:
    """Look and tell, twice a second of real time or less often if looking is slow, until cancelled."""
    while True:
        began = time.monotonic()
        reporter.show(take())
        await asyncio.sleep(max(_EVERY, (time.monotonic() - began) / _SHARE))
