"""`dialler sample-leads` and `dialler sample-crm`: things to try the dialler with."""

from __future__ import annotations

import contextlib
import csv
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dialler.imports.sample import SAMPLE_KINDS, sample_rows, write_sample_leads
from web.cli.errors import CliError
from web.cli.output import say

__all__ = ["register"]

KindName = StrEnum("KindName", {kind: kind for kind in SAMPLE_KINDS})  # type: ignore[misc]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("sample-leads", rich_help_panel="To try things with")(sample_leads)
    app.command("sample-crm", rich_help_panel="To try things with")(sample_crm)


def sample_leads(
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, max=100_000_000, help="How many leads.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same leads.")] = 1,
    kind: Annotated[KindName, typer.Option(help="What they are about.")] = KindName.loan_reminder,  # type: ignore[attr-defined]
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write, else standard output.", show_default=False)] = None,
) -> None:
    """Make a lead file of any length: made-up people, numbers that no real phone answers (+999)."""
    try:
        if out is None:
            csv.writer(sys.stdout, lineterminator="\n").writerows(sample_rows(rows, seed, str(kind)))
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        write_sample_leads(out, rows, seed, str(kind))
    except ValueError as error:
        raise CliError(f"{error}.") from None
    say(f"{rows:,} leads written to {out}.")


def sample_crm(
    file: Annotated[Path, typer.Option("--file", help="Where what arrives is added, a JSON line each.")] = Path("crm.jsonl"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port on this machine; 0 takes a free one.")] = 0,
) -> None:
    """Run the sample CRM until Ctrl-C: it takes pushes at /api/call-result and shows them at /api/call-results.

    Pushes must bring the token that the environment variable SAMPLE_CRM_TOKEN holds.
    """
    command = [sys.executable, "-m", "web.sample_crm", "--file", str(file), "--port", str(port)]
    with contextlib.suppress(KeyboardInterrupt):
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module
