"""Imports beside calls: small files in a thread, big ones in a process of their own."""

from __future__ import annotations

import asyncio
import os
import pickle
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.imports.apart import ImportTask, import_apart
from dialler.imports.beside import BIG, ImportProcessDied
from dialler.imports.errors import LeadFileError
from dialler.imports.options import ImportOptions
from dialler.imports.report import ImportReport
from dialler.imports.sample import write_sample_leads
from dialler.imports.tables import LeadImport
from dialler.leads.tables import Lead
from tests.conftest import START

_imports = table_of(LeadImport)
_leads = table_of(Lead)

BIG_ROWS = 16_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is worth a process."""
    path = tmp_path_factory.mktemp("leads") / "leads.csv"
    write_sample_leads(path, BIG_ROWS, 1, "loan_reminder")
    assert path.stat().st_size > BIG
    return path


@pytest.fixture
def task(database: Database, database_url: str, big: Path) -> ImportTask:
    """An import of it into a campaign."""
    with database.write() as connection:
        create_campaign(connection, "c1", "Spring", "bot", {"name": "Spring"}, START)
    return ImportTask(database_url, "c1", big, "leads.csv", ImportOptions())


def imported(task: ImportTask) -> ImportReport:
    return asyncio.run(import_apart(task, RealClock(start=START), Ids(1)))


def owners(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {row.state: row.owner_pid for row in connection.execute(select(_imports))}


def leads(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(_leads).where(_leads.c.state == "pending")).scalar_one()


def test_a_big_file_in_a_process_of_its_own_while_the_loop_goes_on(task: ImportTask, database: Database) -> None:
    turns = 0

    async def main() -> ImportReport:
        nonlocal turns
        importing = asyncio.create_task(import_apart(task, RealClock(start=START), Ids(1)))
        while not importing.done():
            turns += 1
            await asyncio.sleep(0)
        return importing.result()

    report = asyncio.run(main())
    assert (report.rows_read, report.imported) == (BIG_ROWS, BIG_ROWS)
    assert report.variables
    assert turns > 100
    assert owners(database)["active"] != os.getpid()
    assert leads(database) == BIG_ROWS
    assert imported(task).unchanged


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_small_file_in_this_process(task: ImportTask, database: Database, tmp_path: Path) -> None:
    write_sample_leads(tmp_path / "small.csv", 10, 1, "loan_reminder")
    small = ImportTask(task.database_url, "c1", tmp_path / "small.csv", "small.csv", ImportOptions())
    assert imported(small).imported == 10
    assert owners(database) == {"active": os.getpid()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_wrong_with_the_file_is_told_as_it_is(task: ImportTask, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("name,city\n" + "Ann,Leeds\n" * (BIG // 10 + 1))
    bad = ImportTask(task.database_url, "c1", tmp_path / "bad.csv", "bad.csv", ImportOptions())
    with pytest.raises(LeadFileError) as caught:
        imported(bad)
    assert caught.value.reason
    assert caught.value.advice
    assert isinstance(caught.value.looked_at, tuple)


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "multiprocessing.spawn" in " ".join(one.cmdline())]


async def started(importing: asyncio.Task[Any], database: Database) -> psutil.Process:
    """Its process, once it has begun."""
    while not importing.done() and "staged" not in owners(database):  # noqa: ASYNC110 - another process sets it
        await asyncio.sleep(0.01)
    return psutil.Process(owners(database)["staged"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", ["killed", "cancelled"])
def test_one_that_does_not_end_leaves_nothing_behind(task: ImportTask, database: Database, how: str) -> None:
    async def main() -> None:
        importing = asyncio.create_task(import_apart(task, RealClock(start=START), Ids(1)))
        process = await started(importing, database)
        if how == "killed":
            process.kill()
            with pytest.raises(ImportProcessDied, match="Nothing was imported"):
                await importing
        else:
            importing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await importing
        assert not process.is_running()

    asyncio.run(asyncio.wait_for(main(), 60))
    assert children() == []
    assert leads(database) == 0
    assert imported(task).imported == BIG_ROWS, "the next one tidies up"
    assert leads(database) == BIG_ROWS


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(LeadFileError("No phone column.", "Name it.", ["looked at a"])))
    assert (error.reason, error.advice, error.looked_at) == ("No phone column.", "Name it.", ("looked at a",))
