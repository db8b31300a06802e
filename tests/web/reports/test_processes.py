"""Reports are computed elsewhere: a process that holds calls never imports pandas, and outlives reports that fail."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernel.database import Database
from dialler.reports.maker import ReportFailed
from dialler.reports.spec import BadSpec, ReportSpec, make_spec
from tests.dialler.reports.support import Stage
from web.reports.process import ReportProcesses


def test_what_holds_calls_imports_neither_pandas_nor_the_writer_of_spreadsheets() -> None:
    program = "import sys, web.cli.main, web.composition, web.serve.server; print({'pandas', 'numpy.ma', 'xlsxwriter'} & {*sys.modules})"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() in {"set()", "{'numpy.ma'}"}


def test_a_report_that_cannot_be_made_says_so_and_leaves_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path}/test.db")
    stage = Stage(database)
    stage.talk(stage.lead("+12025550143"), "PROMISE_TO_PAY")
    seen: list[Path] = []

    async def ask(spec: ReportSpec, seconds: float = 60) -> str:
        async with ReportProcesses(database.url, seconds=seconds).made(spec, "csv") as path:
            seen.append(path)
            return path.read_text(encoding="utf-8")

    spec = make_spec(stage.id, "passes", zone="UTC")
    assert asyncio.run(ask(spec)).splitlines()[-1].startswith("1,1,1,0,0,0")
    assert not seen[0].parent.exists()
    with pytest.raises(BadSpec):
        asyncio.run(ask(ReportSpec.from_dict({**spec.as_dict(), "where": {"colour": "red"}})))
    with pytest.raises(ReportFailed, match="the log of the server says why"):
        asyncio.run(ask(make_spec("none", "passes", zone="UTC")))
    with pytest.raises(ReportFailed, match="longer than 0 seconds"):
        asyncio.run(ask(spec, 0.01))
    assert len(seen) == 1
    database.close()
