"""How fast lead files are read and imported, and how much memory that takes.

    python -m bench.imports                       50,000 and 300,000 rows: check, import (SQLite)
    python -m bench.imports 100000 1000000        other numbers of rows
    python -m bench.imports --pandas              the csv module against pandas, reading only

Each measurement runs in a separate process, so that its peak memory is its own.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.kernel.clock import RealClock
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.campaigns.store import create_campaign
from dialler.imports.options import ImportOptions
from dialler.imports.reader import check_file
from dialler.imports.sample import write_sample_leads
from dialler.imports.staging import import_file
from web.schema import metadata

SIZES = (50_000, 300_000)


def check(path: Path) -> None:
    check_file(path, ImportOptions())


def into_sqlite(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        metadata.create_all(database.engine)
        clock = RealClock()
        with database.write() as connection:
            create_campaign(connection, "c", "bench", "bot", {}, clock.now())
        report = import_file(database, clock, Ids(1), "c", path, source_name="leads.csv", options=ImportOptions())
        assert report.imported == report.rows_read
        database.close()


def csv_module(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        assert sum(len(row) for row in csv.reader(file))


def pandas_chunks(path: Path, engine: str) -> None:
    import pandas  # noqa: PLC0415 (its memory is what is measured)

    cells = 0
    chunks = pandas.read_csv(path, dtype=str, keep_default_na=False, chunksize=10_000, engine=engine)  # type: ignore[call-overload]
    for chunk in chunks:
        for row in chunk.itertuples(index=False, name=None):
            cells += len(row)
    assert cells


def pandas_c(path: Path) -> None:
    pandas_chunks(path, "c")


def pandas_python(path: Path) -> None:
    pandas_chunks(path, "python")


def nothing(path: Path) -> None:
    assert path.exists()


def pandas_imported(path: Path) -> None:
    import pandas  # noqa: PLC0415 (its memory is what is measured)

    assert pandas
    assert path.exists()


WORK: dict[str, Callable[[Path], None]] = {
    work.__name__: work for work in (nothing, check, into_sqlite, csv_module, pandas_imported, pandas_c, pandas_python)
}


def measured(work: str, path: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one task in a fresh process."""
    done = subprocess.run([sys.executable, "-m", "bench.imports", "--child", work, str(path)], check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def child(work: str, path: Path) -> None:
    begun = time.process_time()
    WORK[work](path)
    print(json.dumps([time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        return
    works = (
        ["nothing", "csv_module", "pandas_imported", "pandas_c", "pandas_python"]
        if "--pandas" in sys.argv
        else ["nothing", "check", "into_sqlite"]
    )
    sizes = [int(word) for word in sys.argv[1:] if word.isdecimal()] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for rows in sizes:
            paths[rows] = Path(folder) / f"{rows}.csv"
            write_sample_leads(paths[rows], rows, seed=1)
        print(f"{'':16} {'rows':>8} {'CPU s':>8} {'rows/CPU s':>10} {'peak MB':>8}  peak against {sizes[0]:,} rows")
        for work in works:
            first = None
            for rows, path in paths.items():
                seconds, megabytes = measured(work, path)
                first = first or megabytes
                rate = f"{rows / seconds:10,.0f}" if seconds > 0.01 else f"{'-':>10}"
                print(f"{work:16} {rows:8,} {seconds:8.2f} {rate} {megabytes:8.1f}  x{megabytes / first:.2f}")


if __name__ == "__main__":
    main()
