"""What commands write to standard output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from core.kernel.moments import moment_text

__all__ = ["console", "emit_json", "emit_line", "heading", "json_text", "say", "show_fields", "show_rows", "table", "text_of"]

_WIDE = 200
_GAP = 2
"""Blanks behind each column of a table."""


def console() -> Console:
    """Standard output; where it is no terminal, wide enough that nothing is cut."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=max(_WIDE, int(os.environ.get("COLUMNS") or 0)))


def heading(text: str) -> None:
    """Write the heading of what follows, after a blank line."""
    console().print(Text(f"\n{text}", style="bold underline"))


def say(*lines: str) -> None:
    """Write sentences. One with a command in it is left to the terminal to wrap, so that the command can be copied as one line."""
    out = console()
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=not out.is_terminal or "`" in line)


def emit_json(value: Any) -> None:
    """Write one JSON document."""
    sys.stdout.write(json_text(value))


def json_text(value: Any) -> str:
    """A JSON document as it is written, with a line feed at its end."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n"


def emit_line(document: Mapping[str, Any]) -> None:
    """Write one JSON document on one line."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def show_rows(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Write a list: as JSON with every key, or as a table with the keys of `titles` (key -> heading); `empty` if there is none."""
    if as_json:
        emit_json([dict(row) for row in rows])
    elif not rows:
        say(empty)
    else:
        console().print(table(list(titles.values()), ([row[key] for key in titles] for row in rows)))


def show_fields(fields: Mapping[str, Any]) -> None:
    """Write names and values under each other; what is None or empty is left out."""
    grid = Table.grid(padding=(0, 2))
    for name, value in fields.items():
        if value not in (None, "", [], {}):
            grid.add_row(Text(name, style="dim"), Text(text_of(value), overflow="fold"))
    console().print(grid)


class _Rows:
    """Rows under headings. Where the terminal is too narrow for a table that cuts no word, each row stands as fields, one a line."""

    def __init__(self, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        self._headings = headings
        rows = [list(row) for row in rows]
        self._numeric = [bool(rows) and all(_is_figure(row[number]) for row in rows) for number in range(len(headings))]
        self._cells = [list(map(text_of, row)) for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths(options.max_width)
        yield self._as_fields() if widths is None else self._as_table(widths)

    def _widths(self, room: int) -> list[int] | None:
        """How wide each column is: none less than its longest word, short ones as wide as they like. None: there is no room for that."""
        columns = [[heading, *(row[number] for row in self._cells)] for number, heading in enumerate(self._headings)]
        least = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in columns]
        most = [max(cell_len(line) for cell in column for line in cell.splitlines() or [""]) for column in columns]
        spare = room - sum(least) - _GAP * len(columns)
        if spare < 0:
            return None
        widths = list(least)
        by_need = sorted(range(len(columns)), key=lambda number: most[number] - least[number])
        for done, number in enumerate(by_need):
            more = min(most[number] - least[number], spare // (len(columns) - done))
            widths[number] += more
            spare -= more
        return widths

    def _as_table(self, widths: Sequence[int]) -> Table:
        made = Table(header_style="bold", box=None, padding=(0, _GAP, 0, 0))
        for heading, width, numeric in zip(self._headings, widths, self._numeric, strict=True):
            made.add_column(heading, justify="right" if numeric else "left", width=width, overflow="fold")
        for row in self._cells:
            made.add_row(*(Text(cell, overflow="fold") for cell in row))
        return made

    def _as_fields(self) -> Group:
        return Group(*(Text("\n".join(self._fields(row)), overflow="fold") for row in self._cells))

    def _fields(self, row: Sequence[str]) -> Iterator[str]:
        for heading, cell in zip(self._headings, row, strict=True):
            if cell:
                yield f"{heading}: {cell}" if heading else cell
        yield ""


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """A table that cuts no number and no id, however narrow the terminal is; numbers and shares stand to the right."""
    return _Rows(headings, rows)


def _is_figure(value: Any) -> bool:
    if isinstance(value, str):
        return value.endswith("%")
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_of(value: Any) -> str:
    """A value as people read it; moments in UTC."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case list() | tuple():
            return ", ".join(map(text_of, value))
        case dict():
            return ", ".join(f"{key} {text_of(item)}" for key, item in value.items())
        case _:
            return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
