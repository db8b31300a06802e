"""The page that the sample CRM shows in a browser: counts only, no names and no phone numbers."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["page"]

_STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;line-height:1.5}"
    "table{border-collapse:collapse}th,td{padding:.25rem 2rem .25rem 0;text-align:left}td+td,th+th{text-align:right}"
    "th{border-bottom:1px solid}"
)


def page(received: int, repeats: int, refused: int, dispositions: Mapping[str, int], file: str) -> str:
    """The page. Pure.

    Args:
        received: results received for the first time.
        repeats: results received again.
        refused: pushes that were refused, as by a CRM that is down.
        dispositions: number of results for each disposition.
        file: the file with the full results.
    """
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{count:,}</td></tr>" for name, count in dispositions.items())
    table = f"<table><thead><tr><th>Disposition</th><th>Results</th></tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
        f"<title>Sample CRM (SANDBOX)</title><style>{_STYLE}</style></head><body><h1>Sample CRM</h1>"
        "<p>SANDBOX: it takes the place of your CRM, and receives the dialler's pushes.</p>"
        f"<p>{received:,} received, {repeats:,} repeats recognized, {refused:,} refused.</p>{table}"
        f"<p>Each result is in <code>{escape(file)}</code>. Programs read <code>/api/call-results</code>, with the token.</p>"
        "</body></html>"
    )
