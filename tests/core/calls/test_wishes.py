"""What a callee asks for is kept the moment it is said: whatever dies a moment later, it counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core.calls import journal
from core.calls.engine import Engine
from core.calls.recovery import recover
from core.calls.store import events_of, write_changes
from core.calls.tables import Call
from core.calls.wishes import CALLBACK, DO_NOT_CALL, PERSON, Wishes, wishes_in
from core.conversation.rules import RulesBrain
from core.fleet import store as fleet
from core.kernel.clock import utc_now
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from core.suppressions import store as suppressions
from core.suppressions.tables import Suppression
from tests.core.api.support import Core

WithCore = Callable[..., Any]

NEVER_AGAIN, CALL_BACK, WANTS_PERSON = "+12025550112", "+12025550102", "+12025550119"
SCRIPT = {"brain": {"kind": "rules", "scenario": "payment_reminder"}, "opening_message": "Hello, am I speaking with {{crm.customer_name}}?"}
calls = table_of(Call)


async def until_noted(core: Core, call_id: str, kind: str) -> None:
    """Wait until the database knows the wish; the call still talks then."""
    while True:
        await core.clock.sleep(0.25)
        with core.db.read() as connection:
            kinds = [event.kind for event in events_of(connection, call_id)]
            state = connection.execute(select(calls.c.state).where(calls.c.call_id == call_id)).scalar_one()
        assert state in {"placing", "ringing", "talking"}, "kept only at the end of the call"
        if kind in kinds:
            return


def another_worker(core: Core) -> Engine:
    """One more process on the same database, after the first one has died."""
    other = Engine(core.db, core.clock, utc_now, Ids(), "other", {})
    with core.db.write() as connection:
        fleet.register(connection, "other", 1, this_process(), utc_now())
        fleet.expire(connection, core.engine.worker_id, utc_now())
    return other


def suppressed(core: Core) -> list[tuple[str, str, str | None]]:
    table = table_of(Suppression)
    with core.db.read() as connection:
        return [(row.number, row.source, row.call_id) for row in connection.execute(select(table))]


def kinds_of(core: Core, call_id: str) -> list[str]:
    with core.db.read() as connection:
        events = events_of(connection, call_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [event.kind for event in events]


def test_never_again_survives_the_death_of_the_process(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        await until_noted(core, call_id, DO_NOT_CALL)
        assert suppressed(core) == [(NEVER_AGAIN, "callee", call_id)]
        assert await recover(another_worker(core)) == 1
        result = (await core.call(call_id))["result"]
        assert (result["disconnected_by"], result["end_reason"], result["disposition"]) == ("error", "worker_died", "DO_NOT_CALL")
        assert result["post_call_analysis"]["do_not_call"] is True
        await core.over()  # the first process was only slow: what it writes now comes too late
        assert (await core.call(call_id))["result"] == result
        assert kinds_of(core, call_id).count(DO_NOT_CALL) == kinds_of(core, call_id).count("ended") == 1
        assert suppressed(core) == [(NEVER_AGAIN, "callee", call_id)]

    with_each_core(test)


def test_a_callback_survives_it_too(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(CALL_BACK, bot_id="lender", variables={"customer_name": "Asha"})
        await until_noted(core, call_id, CALLBACK)
        assert await recover(another_worker(core)) == 1
        result = (await core.call(call_id))["result"]
        analysis = result["post_call_analysis"]
        assert (result["end_reason"], result["disposition"], analysis["callback_requested"]) == ("worker_died", "CALLBACK", True)
        assert analysis["callback_at"].startswith("2026-03-05T15:00")
        assert suppressed(core) == []

    with_each_core(test)


def test_a_call_that_ends_well_has_it_once(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        await core.over()
        assert (await core.call(call_id))["result"]["disposition"] == "DO_NOT_CALL"
        kinds = kinds_of(core, call_id)
        assert (kinds.count(DO_NOT_CALL), kinds.count("ended"), kinds[-1]) == (1, 1, "done")
        assert suppressed(core) == [(NEVER_AGAIN, "callee", call_id)]

    with_each_core(test)


def test_an_operator_who_lifts_it_while_they_still_talk_is_obeyed(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        await until_noted(core, call_id, DO_NOT_CALL)
        with core.db.write() as connection:
            assert suppressions.remove(connection, NEVER_AGAIN)
        await core.over()
        assert suppressed(core) == []

    with_core(test)


def test_a_database_that_fails_just_then_gets_it_at_the_end(with_core: WithCore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> bool:
        raise OperationalError("INSERT", None, Exception("database is locked"))

    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        times = iter([fails, fails])

        def write_at_last(*what: Any) -> bool:
            return next(times, write_changes)(*what)

        monkeypatch.setattr(journal, "write_changes", write_at_last)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        await core.over()
        assert (await core.call(call_id))["result"]["disposition"] == "DO_NOT_CALL"
        assert kinds_of(core, call_id).count(DO_NOT_CALL) == 1
        assert suppressed(core) == [(NEVER_AGAIN, "callee", call_id)]

    with_core(test)


def test_never_again_counts_from_whoever_it_comes(with_each_core: WithCore) -> None:
    """The process was only slow. Its call is another's by the time that the callee says it: they said it all the same."""

    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        assert await recover(another_worker(core)) == 1
        result = (await core.call(call_id))["result"]
        await core.over()
        assert (await core.call(call_id))["result"] == result
        assert DO_NOT_CALL not in kinds_of(core, call_id)

    with_each_core(test)


def test_wishes_in_events() -> None:
    noted: list[tuple[str, dict[str, Any]]] = [
        ("answered", {}),
        (CALLBACK, {"callback_at": None, "words": "later"}),
        (DO_NOT_CALL, {"words": "never"}),
        (CALLBACK, {"callback_at": "x", "words": "y"}),
    ]
    assert wishes_in([]) == Wishes()
    assert wishes_in(noted) == Wishes(do_not_call=True, callback={"at": "x", "words": "y"})
    assert not Wishes()
    assert Wishes(callback={"at": None, "words": None})


def test_a_failure_after_the_conversation_takes_nothing_back(with_core: WithCore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: RulesBrain) -> dict[str, Any]:
        raise RuntimeError("no analysis")

    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        monkeypatch.setattr(RulesBrain, "analysis", fails)
        call_id = await core.placed(NEVER_AGAIN, bot_id="lender", variables={"customer_name": "Asha"})
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["end_reason"], result["disposition"]) == ("pipeline_failure", "DO_NOT_CALL")

    with_core(test)


def test_a_wish_for_a_person_survives_the_death_of_the_process(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT)
        call_id = await core.placed(WANTS_PERSON, bot_id="lender", variables={"customer_name": "Asha"})
        await until_noted(core, call_id, PERSON)
        assert await recover(another_worker(core)) == 1
        result = (await core.call(call_id))["result"]
        analysis = result["post_call_analysis"]
        assert (result["end_reason"], result["disposition"], analysis["SUB_DISPOSITION"]) == ("worker_died", "CALLBACK", "WANTS_PERSON")
        assert (analysis["wants_person"], analysis["callback_requested"]) == (True, True)

    with_each_core(test)


@pytest.mark.parametrize("more", [{}, {"transfer_targets": {"agent": "desk:support"}}, {"transfer_targets": {"agent": "+12025550107"}}])
def test_who_was_not_handed_over_still_wants_a_person(with_core: WithCore, more: dict[str, Any]) -> None:
    """With nobody to transfer to, nobody at the desk, and an agent whose line is busy."""

    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT, **more)
        call_id = await core.placed(WANTS_PERSON, bot_id="lender", variables={"customer_name": "Asha"})
        await core.over()
        result = (await core.call(call_id))["result"]
        assert result["was_transferred"] is False
        assert result["post_call_analysis"]["wants_person"] is True
        assert result["disposition"] == "CALLBACK"
        assert PERSON in kinds_of(core, call_id)

    with_core(test)


def test_who_was_handed_over_wants_nobody_any_more(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("lender", **SCRIPT, transfer_targets={"agent": "+12025550190"})
        call_id = await core.placed(WANTS_PERSON, bot_id="lender", variables={"customer_name": "Asha"})
        await core.over()
        result = (await core.call(call_id))["result"]
        assert (result["was_transferred"], result["disposition"]) == (True, "TRANSFERRED")
        assert result["post_call_analysis"]["wants_person"] is False

    with_core(test)
