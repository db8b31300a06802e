"""People over HTTP, for admin keys, on both databases."""

from __future__ import annotations

from pathlib import Path

from core.access.keys import create
from core.kernel.ids import Ids
from dialler.reports.catalogue import REPORTS
from tests.dialler.api.support import BUSY, Api, run_api

PEOPLE = "/api/v1/people"
PAYS = "+12025550104"


def test_a_person_is_shown_exported_and_erased(database_url: str, tmp_path: Path) -> None:
    async def test(api: Api) -> None:
        campaign = await api.campaign([PAYS, BUSY], max_attempts=1, max_callbacks=0)
        waiting = await api.http.delete(f"{PEOPLE}/{BUSY}")
        assert waiting.status_code == 200
        assert waiting.json()["erased"]["leads"] == 1
        await api.post(f"/{campaign}/start")
        await api.dial(campaign)
        leads = (await api.get(f"/{campaign}/leads"))["leads"]
        assert {lead["state"] for lead in leads} == {"completed", "stopped"}
        shown = (await api.http.get(f"{PEOPLE}/{PAYS}")).json()
        assert shown["numbers"] == [PAYS]
        assert shown["counts"]["calls"] == 1
        assert shown["leads"][0]["state"] == "completed"
        exported = (await api.http.get(f"{PEOPLE}/{PAYS}/export")).json()
        assert exported["calls"][0]["result"]["transcript"]
        assert "headers" not in exported["deliveries"][0]
        erased = (await api.http.delete(f"{PEOPLE}/{PAYS}", params={"suppress": True})).json()
        assert erased["erased"]["calls"] == 1
        assert erased["suppressed"]
        assert any("crm.embedded" in line for line in erased["not_reached"])
        (call,) = [call for call in (await api.http.get("/api/v1/calls")).json()["calls"] if call["state"] == "done"]
        one = (await api.http.get(f"/api/v1/calls/{call['call_id']}")).json()
        assert PAYS not in str(one)
        after = (await api.http.get(f"{PEOPLE}/{PAYS}")).json()
        assert not any(after["counts"].values())
        for path in (f"/{campaign}", f"/{campaign}/leads", f"/{campaign}/why", f"/{campaign}/ledger", f"/{campaign}/reports"):
            assert PAYS not in str(await api.get(path))
        for report in REPORTS:
            answer = await api.http.get(f"/api/v1/campaigns/{campaign}/reports/{report}")
            assert answer.status_code == 200, (report, answer.text)
            assert PAYS not in answer.text, report

    run_api(test, database_url, tmp_path)


def test_a_number_that_is_none_and_a_key_that_may_not(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "api.db").write_bytes(sqlite_template.read_bytes())

    async def test(api: Api) -> None:
        assert (await api.http.get(f"{PEOPLE}/12")).status_code == 422
        assert (await api.http.delete(f"{PEOPLE}/nobody")).status_code == 422
        with api.whole.db.write() as connection:
            key = create(connection, key_id=Ids().new(), name="backend", now=api.whole.clock.now(), role="dialout").key
        for method, path in (("GET", ""), ("GET", "/export"), ("DELETE", "")):
            answer = await api.http.request(method, f"{PEOPLE}/{PAYS}{path}", headers={"X-API-Key": key})
            assert answer.status_code == 403

    run_api(test, f"sqlite:///{tmp_path}/api.db", tmp_path)
