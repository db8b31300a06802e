"""What commands write to standard output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.kernel.moments import moment_text

__all__ = ["console", "emit_json", "emit_line", "heading", "say", "show_fields", "show_rows", "table", "text_of"]

_WIDE = 200


def console() -> Console:
    """Standard output; where it is no terminal, wide enough that nothing is cut."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=max(_WIDE, int(os.environ.get("COLUMNS") or 0)))


def heading(text: str) -> None:
    """Write the heading of what follows, after a blank line."""
    console().print(Text(f"\n{text}", style="bold underline"))


def say(*lines: str) -> None:
    """Write sentences."""
    out = console()
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def emit_json(value: Any) -> None:
    """Write one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


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


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table; numbers and shares stand to the right."""
    made = Table(header_style="bold", box=None, padding=(0, 2, 0, 0))
    cells = [list(row) for row in rows]
    for number, heading in enumerate(headings):
        numeric = bool(cells) and all(_is_figure(row[number]) for row in cells)
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        made.add_row(*(Text(text_of(value), overflow="fold") for value in row))
    return made


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
