"""Values of a report as people read them, on a terminal or a page. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dialler.reports.catalogue import Kind

__all__ = ["shown"]


def shown(value: Any, kind: Kind) -> str:
    """A value in words: `48.9%`, `2026-03-04 10:00`, `2:05`, `12,345`; empty if there is none."""
    if value is None:
        return ""
    match kind:
        case "share":
            return f"{value:.1%}"
        case "moment":
            return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}"
        case "seconds":
            return f"{int(value) // 60}:{int(value) % 60:02d}" if value >= 60 else f"{value:.1f} s"
        case "count":
            return f"{value:,}"
        case "decimal" | "money":
            return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        case "yes_no":
            return "yes" if value else "no"
        case _:
            return str(value)
