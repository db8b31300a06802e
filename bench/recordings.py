"""The cost of recordings: for a sandbox call at its end, for a listener, and for a whole run with and without them.

python -m bench.recordings              per call and per listener
python -m bench.recordings --run 2000   `dialler run` of 2000 leads with recordings on and off, three times each
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from core.bots.config import BotConfig
from core.kernel.database import Database
from core.recordings.sound import Synthesis
from core.recordings.turns import turns_of
from tests.conftest import START
from tests.core.recordings.support import TRANSCRIPT, call_row, ended_call, finish, recordings_in
from tests.web.run.folders import make_folder, profile_numbers, run
from web.migrate import upgrade


def per_call(folder: Path, count: int = 20_000) -> None:
    db = Database(f"sqlite:///{folder}/bench.db")
    upgrade(db)
    recordings, config = recordings_in(folder), BotConfig(name="x").recording
    call = ended_call(db, START, transport="sandbox")
    with db.write() as connection:
        show("at the end of a sandbox call", timed(lambda: recordings.settle(connection, call, config, START), count) * 1e6, "us")
    finish(db, recordings, call, START)
    rows = [call_row(db, "call-1")] * 500
    with db.read() as connection:
        took = timed(lambda: recordings.fresh_results(connection, rows, START + timedelta(days=1)), 20)
    show("a page of 500 calls with fresh links", took * 1e3, "ms")
    files = sum(path.is_file() for path in folder.rglob("*.wav"))
    show("files written", files, "")
    db.close()


def per_listener() -> None:
    for seconds in (60, 600):
        lines = [{**line, "timestamp": float(str(line["timestamp"])) + 7 * turn} for turn in range(seconds // 7) for line in TRANSCRIPT]
        sound = Synthesis("call", turns_of(lines, seconds), seconds)
        took = timed(lambda sound=sound: sum(map(len, sound.read())), 3)  # type: ignore[misc]
        show(f"a recording of {seconds} s, whole ({sound.size / 1e6:.1f} MB)", took * 1e3, "ms")
        took = timed(lambda sound=sound: sum(map(len, sound.read(sound.size // 2, sound.size // 2 + 100_000))), 20)  # type: ignore[misc]
        show("  100 kB out of its middle", took * 1e3, "ms")


def whole_runs(folder: Path, leads: int) -> None:
    times: dict[bool, list[float]] = {True: [], False: []}
    for attempt in range(3):
        for on in (True, False):
            campaign = make_folder(folder / f"{on}" / "campaign", profile_numbers(leads), bot={"recording": {"enabled": on}})
            out = folder / f"out-{attempt}-{on}"
            began = time.process_time()  # of this process alone: other processes may be busy
            summary = run(campaign, out)
            times[on].append(time.process_time() - began)
            size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            show(
                f"run {attempt + 1}, recordings {'on ' if on else 'off'}: {summary.attempts} calls, {size / 1e6:.1f} MB", times[on][-1], "s"
            )
    show("median on / median off", statistics.median(times[True]) / statistics.median(times[False]), "")


def timed(what: Callable[[], object], count: int) -> float:
    """Seconds of one execution."""
    what()
    began = time.perf_counter()
    for _ in range(count):
        what()
    return (time.perf_counter() - began) / count


def show(what: str, value: float, unit: str) -> None:
    print(f"{what:62} {value:10.2f} {unit}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=int, metavar="LEADS")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if given.run:
            whole_runs(Path(name), given.run)
        else:
            per_call(Path(name))
            per_listener()


if __name__ == "__main__":
    main()
