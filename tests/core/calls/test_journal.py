"""What happens on calls while the database is away: it is kept, in memory and in a file, and written when the database is back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.calls.engine import Engine
from core.calls.journal import LeftInFile
from core.calls.recovery import recover
from core.calls.unwritten import UnwrittenFile
from core.calls.wishes import DO_NOT_CALL
from core.fleet import store as fleet
from core.kernel.clock import utc_now
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from tests.core.api.support import PAYS, Core
from tests.core.calls.test_wishes import NEVER_AGAIN, SCRIPT, kinds_of, suppressed

WithCore = Callable[..., Any]


@contextlib.contextmanager
def away(core: Core) -> Iterator[None]:
    """The database is away, as a transaction found out; every other is refused. Virtual time goes on meanwhile, as real time does."""
    health = core.db.health

    async def wait() -> None:
        await core.clock.sleep(0.5)

    health.watched = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "_why", "the database does not answer: gone")
        patch.setattr(core.engine.calls, "_wait_for_database", wait)
        yield
    health.watched = False


async def until(core: Core, call_id: str, state: str) -> None:
    while core.engine.runs[call_id].state != state:
        await core.clock.sleep(0.25)


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()[1:]]


def test_a_call_needs_no_database_from_its_intent_to_its_end(with_each_core: WithCore, tmp_path: Path) -> None:
    async def test(core: Core) -> None:
        core.engine.keep_unwritten_in(tmp_path / "unwritten")
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        with away(core):
            await until(core, call_id, "talking")
            run = core.engine.runs[call_id]
            while not any(kind == "ended" for kind, _ in run.events.happened):  # type: ignore[attr-defined]
                await core.clock.sleep(0.25)
            assert [line["call_id"] for line in lines_of(tmp_path / "unwritten")][-1] == call_id
            assert lines_of(tmp_path / "unwritten")[-1]["what"]["values"]["state"] == "ended"
            assert lines_of(tmp_path / "unwritten")[-1]["opt_outs"][0]["number"] == NEVER_AGAIN
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["disposition"], result["end_reason"]) == ("DO_NOT_CALL", "completed")
        assert result["transcript"]
        assert kinds_of(core, call_id).count(DO_NOT_CALL) == 1
        assert suppressed(core) == [(NEVER_AGAIN, "callee", call_id)]
        assert files_of(tmp_path / "unwritten") == []  # everything is in the database

    with_each_core(test)


def next_process(core: Core, folder: Path) -> Engine:
    """The next process on the database, after the first one was killed."""
    other = Engine(core.db, core.clock, utc_now, Ids(), "other", {})
    other.keep_unwritten_in(folder)
    with core.db.write() as connection:
        fleet.register(connection, "other", 1, this_process(), utc_now())
        fleet.expire(connection, core.engine.worker_id, utc_now())
    return other


def test_what_a_killed_process_kept_is_taken_in_at_the_next_start(
    with_each_core: WithCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(core: Core) -> None:
        core.engine.keep_unwritten_in(tmp_path / "unwritten")
        core.bot("lender", **SCRIPT)
        opted_out = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        talks = await core.placed("+12025550101", bot_id="lender", variables={"customer_name": "Asha"})
        files: list[str] = []
        with away(core):
            run = core.engine.runs[opted_out]
            while not any(kind == "ended" for kind, _ in run.events.happened):  # type: ignore[attr-defined]
                await core.clock.sleep(0.25)
            [path] = files_of(tmp_path / "unwritten")
            owner, *others = path.read_text().splitlines()
            files += [json.dumps({**json.loads(owner), "pid": 2**22 - 7, "started": 1.0}), *others, '{"call_id": "cut o']
            path.write_text("\n".join(files))
            assert not psutil.pid_exists(2**22 - 7)
            # the process is killed here: nothing of it goes on
            monkeypatch.setattr(core.engine.calls, "_start", lambda: None)
            for task in (core.engine.calls._task, *core.engine.tasks):
                assert task is not None
                core.clock.cancel(task)
            await core.clock.join(*core.engine.tasks)
        await recover(next_process(core, tmp_path / "unwritten"))
        result = (await core.call(opted_out))["result"]
        assert (result["disposition"], result["end_reason"]) == ("DO_NOT_CALL", "completed")
        assert result["transcript"]
        assert suppressed(core) == [(NEVER_AGAIN, "callee", opted_out)]
        cut_off = (await core.call(talks))["result"]
        assert cut_off["end_reason"] in {"worker_died", "may_have_been_dialled", "completed"}
        assert files_of(tmp_path / "unwritten") == []

    with_each_core(test)


def test_more_ends_than_memory_has_room_for_go_into_a_file(with_each_core: WithCore, tmp_path: Path) -> None:
    async def test(core: Core) -> None:
        core.engine.keep_unwritten_in(tmp_path / "unwritten")
        core.engine.calls.most = 1
        call_ids = [await core.placed(number) for number in (PAYS, "+12025550108", "+12025550101")]
        with away(core):
            while len(core.engine.runs) > 1:
                await core.clock.sleep(0.25)
            assert (tmp_path / "unwritten" / f"{core.engine.worker_id}-more.jsonl").exists()
        await core.over()
        assert await recover(core.engine) == 0
        for call_id in call_ids:
            result = (await core.call(call_id))["result"]
            assert result["end_reason"] not in {"worker_died", "may_have_been_dialled"}, result
        assert files_of(tmp_path / "unwritten") == []

    with_each_core(test)


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("no header\n")
    assert UnwrittenFile(tmp_path / "x.jsonl").owner() is None
    assert UnwrittenFile(tmp_path / "none.jsonl").owner() is None


def test_an_end_left_in_a_file_says_so() -> None:
    assert str(LeftInFile("call-1")) == "call-1"
