"""Deleting a campaign: nothing of it stays but the figures of its calls, and it is refused while it is not over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text, update

from core.calls.tables import Call
from core.kernel.erasure import NotErasable
from core.kernel.statements import table_of
from core.people.erasing import ErasedCalls
from dialler.campaigns.tables import Campaign
from dialler.imports.tables import LeadImport
from dialler.leads.tables import Lead
from dialler.people import campaigns as batches
from tests.dialler.api.support import BUSY, CAMPAIGNS, Api, run_api
from web.people import campaigns as deleting
from web.people.campaigns import delete_campaign
from web.people.whole import Place

PAYER = "+12025550104"
_calls, _campaigns, _leads, _imports = table_of(Call), table_of(Campaign), table_of(Lead), table_of(LeadImport)


def count(api: Api, table: Any) -> int:
    with api.whole.db.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_campaign_is_deleted_and_another_is_not(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)

    async def test(api: Api) -> None:
        first = await api.campaign([PAYER, BUSY, "+12025550130"], max_attempts=1, max_callbacks=0, name="first")
        other = await api.campaign([PAYER], name="other")
        await api.post(f"/{first}/start")
        for state in ("running", "paused"):
            refused = await api.http.delete(f"{CAMPAIGNS}/{first}")
            assert refused.status_code == 409
            assert state in refused.json()["detail"]
            await api.post(f"/{first}/pause")
        await api.post(f"/{first}/resume")
        await api.dial(first)
        calls = count(api, _calls)
        answer = await api.http.delete(f"{CAMPAIGNS}/{first}")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"leads": 3, "calls": calls, "recordings": 0}
        assert (await api.http.delete(f"{CAMPAIGNS}/{first}")).status_code == 404
        assert (await api.get(f"/{other}/leads"))["leads"][0]["phone"] == PAYER
        with api.whole.db.read() as connection:
            for name in inspect(connection).get_table_names():
                rows = repr(connection.execute(text(f'SELECT * FROM "{name}"')).all())
                assert name in {"console_audit"} or first not in rows, name
                assert name == "leads" or "Customer 1" not in rows, name
            assert set(connection.execute(select(_calls.c.phone)).scalars()) == {PAYER, BUSY, "+12025550130"}  # caps count by it
        assert count(api, _calls) == calls

    run_api(test, database_url, tmp_path)


@pytest.mark.parametrize("what", ["dialling", "staged", "unfinished call", "started meanwhile"])
def test_what_is_under_way_is_not_deleted(what: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "api.db").write_bytes(sqlite_template.read_bytes())

    async def test(api: Api) -> None:
        campaign = await api.campaign([PAYER], max_attempts=1, max_callbacks=0)
        await api.post(f"/{campaign}/start")
        await api.dial(campaign)
        with api.whole.db.write() as connection:
            if what == "dialling":
                connection.execute(update(_leads).values(state="dialling", lease_token="x"))
            elif what == "staged":
                connection.execute(update(_imports).values(state="staged"))
            elif what == "unfinished call":
                connection.execute(update(_calls).values(state="finishing"))
        if what == "started meanwhile":

            async def and_start(*_: Any) -> Any:
                with api.whole.db.write() as connection:
                    connection.execute(update(_campaigns).values(state="running"))
                return ErasedCalls()

            monkeypatch.setattr(deleting, "empty_calls", and_start)
        assert (await api.http.delete(f"{CAMPAIGNS}/{campaign}")).status_code == 409
        assert count(api, _leads) == 1

    run_api(test, f"sqlite:///{tmp_path}/api.db", tmp_path)


def test_it_refuses_what_is_gone(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "api.db").write_bytes(sqlite_template.read_bytes())

    async def test(api: Api) -> None:
        place = Place(api.whole.db, api.whole.engine.recordings, None, tmp_path)  # type: ignore[arg-type]
        with pytest.raises(NotErasable, match="gone"):
            await delete_campaign(place, "nobody", None, api.whole.clock.now(), api.whole.wall())  # type: ignore[arg-type]

    run_api(test, f"sqlite:///{tmp_path}/api.db", tmp_path)
