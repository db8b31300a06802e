"""Lead files, leads, attempts and exports over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from core.kernel.database import Database
from core.kernel.statements import table_of
from dialler.imports import staging
from dialler.leads.tables import Attempt, Lead
from tests.core.api.support import fields_of, problem_of
from tests.dialler.api.support import BUSY, CAMPAIGNS, DECLINES, PAYS, Api, lead_file
from tests.dialler.imports.test_workbooks import workbook
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]

leads = table_of(Lead)
attempts = table_of(Attempt)


async def every_page(api: Api, path: str, what: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(path, **params, **({"cursor": cursor} if cursor else {}))
        found += page[what]
        cursor = page["next_cursor"]
    return found


def test_an_upload_is_answered_with_what_came_of_it(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(default_region="US")
        content = "phone,customer_name\n" + "\n".join(
            [f"{PAYS},Ada", "(202) 555-0107,Bob", f"{PAYS},Ada again", "9.19877E+11,Cy", "nonsense,=cmd()"]
        )
        report = await api.upload(campaign_id, content.encode("utf-16"), name="../May leads.csv")
        assert {name: report[name] for name in ("rows_read", "imported", "rejected", "duplicates", "unchanged")} == {
            "rows_read": 5,
            "imported": 2,
            "rejected": 3,
            "duplicates": 1,
            "unchanged": False,
        }
        assert report["variables"] == {"customer_name": "customer_name"}
        rejected = await every_page(api, f"/{campaign_id}/imports/{report['import_id']}/rejected", "rejected", limit=1)
        assert [(row["line"], row["kind"]) for row in rejected] == [(4, "duplicate"), (5, "phone"), (6, "phone")]
        assert all(row["reason"] and row["what_to_do"] for row in rejected)
        again = await api.upload(campaign_id, content.encode("utf-16"), name="May leads.csv")
        assert (again["unchanged"], again["imported"]) == (True, 0)
        await api.whole.clock.sleep(1)
        more = await api.upload(campaign_id, lead_file([PAYS, DECLINES]))
        assert (more["imported"], more["already_there"]) == (1, 1)
        assert [one["source_name"] for one in (await api.get(f"/{campaign_id}/imports"))["imports"]] == ["leads.csv", "May leads.csv"]
        assert (await api.http.get(f"{CAMPAIGNS}/{campaign_id}/imports/none/rejected")).status_code == 404

    api(test)


def test_a_workbook_can_be_uploaded(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(default_region="US")
        content = workbook({"Leads": [["phone", "customer_name"], [PAYS, "NA"], [2025550107.0, "Bob"], ["nonsense", "Cy"]]})
        report = await api.upload(campaign_id, content, name="leads.xlsx")
        assert (report["imported"], report["rejected"], report["encoding"]) == (2, 1, ".xlsx")
        assert (await api.upload(campaign_id, content, name="leads.xlsx"))["unchanged"]

    api(test)


def test_an_upload_that_cannot_be_used_says_why_and_changes_nothing(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign()
        path = f"{CAMPAIGNS}/{campaign_id}/leads"
        for content in (b"", b"name,city\nAda,Oslo\n", b"PK\x03\x04 not a sheet"):
            response = await api.http.post(path, files={"file": ("leads.csv", content)})
            assert set(fields_of(response)) == {"file"}
        assert set(fields_of(await api.http.post(path, files={"leads": ("leads.csv", b"x")}))) == {"file"}
        assert set(fields_of(await api.http.post(path, data={"file": "text"}))) == {"file"}
        broken = await api.http.post(path, content=b"--x\r\nno", headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert broken.status_code == 422
        many = await api.http.post(path, files=[("file", ("a", b"x")), ("file", ("b", b"x"))])
        assert many.status_code == 422
        problem_of(many)
        assert (await api.get(f"/{campaign_id}/leads"))["leads"] == []
        assert (await api.http.post(f"{CAMPAIGNS}/none/leads", files={"file": ("leads.csv", b"x")})).status_code == 404

    api_on_sqlite(test)


def test_the_loop_goes_on_while_a_file_is_imported(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign()
        numbers = [f"+9991{n:08d}" for n in range(12_000)]
        turns, importing = 0, True

        async def count() -> None:
            nonlocal turns
            while importing:
                await asyncio.sleep(0.005)
                turns += 1

        counting = asyncio.create_task(count())
        report = await api.upload(campaign_id, lead_file(numbers))
        importing = False
        await counting
        assert report["imported"] == 12_000
        assert turns > 20

    api(test)


def test_two_imports_into_one_campaign_do_not_mix(api: WithApi, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign()
        monkeypatch.setattr(staging, "_CHUNK", 50)
        files = [lead_file([f"+9991{half}{n:07d}" for n in range(3000)]) for half in (1, 2)]
        path = f"{CAMPAIGNS}/{campaign_id}/leads"
        answers = await asyncio.gather(*(api.http.post(path, files={"file": ("leads.csv", file)}) for file in files))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses in ([200, 200], [200, 409])
        counts = (await api.get(f"/{campaign_id}"))["counts"]
        assert counts["leads"] == 3000 * statuses.count(200)

    api(test)


def test_leads_uploaded_while_it_runs_are_dialled(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS], start=True)
        task = api.whole.clock.spawn(api.dial(campaign_id), name="campaign")
        await api.whole.clock.sleep(3)
        await api.upload(campaign_id, lead_file([DECLINES]))
        await api.whole.clock.join(task)
        assert (await api.get(f"/{campaign_id}"))["counts"]["done"] == 2

    api(test)


def test_leads_and_attempts_are_listed_without_gaps(api: WithApi) -> None:
    async def test(api: Api) -> None:
        numbers = [PAYS, BUSY, DECLINES, *profile_numbers(20)]
        campaign_id = await api.campaign(numbers, max_attempts=2, start=True)
        await api.dial(campaign_id)
        every = await every_page(api, f"/{campaign_id}/leads", "leads", limit=4)
        assert [lead["phone"] for lead in every] == numbers
        tries = await every_page(api, f"/{campaign_id}/attempts", "attempts", limit=3)
        assert len(tries) == len({attempt["id"] for attempt in tries}) == (await api.get(f"/{campaign_id}"))["counts"]["attempts"]
        made = [datetime.fromisoformat(attempt["created_at"]) for attempt in tries]
        assert made == sorted(made, reverse=True)
        busy = every[1]
        assert busy["attempts"] == 2
        lists = await api.get(f"/{campaign_id}/attempts", lead_id=busy["id"])
        detail = await api.get(f"/{campaign_id}/leads/{busy['id']}")
        assert [attempt["id"] for attempt in detail["attempt_list"]] == [attempt["id"] for attempt in reversed(lists["attempts"])]
        assert (detail["history"][0]["event"], detail["history"][-1]["to_state"]) == ("activated", "exhausted")
        assert [lead["phone"] for lead in (await api.get(f"/{campaign_id}/leads", phone=BUSY))["leads"]] == [BUSY]
        for name in ("state", "disposition", "outcome"):
            same = await every_page(api, f"/{campaign_id}/leads", "leads", **{name: busy[name]})
            assert same == [lead for lead in every if lead[name] == busy[name]]
        refused = await api.http.get(f"{CAMPAIGNS}/{campaign_id}/attempts", params={"state": "endet"})
        assert refused.status_code == 422
        assert "they are created, placing, placed, ended, held" in refused.json()["detail"]
        rejected = await api.get(f"/{campaign_id}/attempts", outcome="rejected", state="ended")
        assert {attempt["outcome"] for attempt in rejected["attempts"]} == {"rejected"}
        assert (await api.http.get(f"{CAMPAIGNS}/{campaign_id}/leads/999999")).status_code == 404
        assert set(fields_of(await api.http.get(f"{CAMPAIGNS}/{campaign_id}/leads", params={"cursor": "W10", "limit": 1}))) == {"cursor"}

    api(test)


def test_exports_hold_everything_and_run_nothing(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign(max_attempts=1)
        text = f'phone,note,amount\n{PAYS},=HYPERLINK("x"),-5\n{BUSY},"two\nlines, ""quoted""",@SUM(1)\n{DECLINES},ünïcode,+1\n'
        await api.upload(campaign_id, text.encode())
        await api.post(f"/{campaign_id}/start")
        await api.dial(campaign_id)
        response = await api.http.get(f"{CAMPAIGNS}/{campaign_id}/leads.csv")
        assert response.headers["content-type"].startswith("text/csv")
        assert 'filename="May-leads.csv"' in response.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
        assert [row["phone"] for row in rows] == [PAYS, BUSY, DECLINES]
        assert [row["crm.note"] for row in rows] == ['\'=HYPERLINK("x")', 'two\nlines, "quoted"', "ünïcode"]
        assert [row["crm.amount"] for row in rows] == ["-5", "'@SUM(1)", "+1"]
        assert {row["state"] for row in rows} <= {"completed", "exhausted"}
        tries = list(csv.DictReader(io.StringIO((await api.http.get(f"{CAMPAIGNS}/{campaign_id}/attempts.csv")).text, newline="")))
        assert all(row["created_at"].endswith("Z") for row in tries)
        assert [(row["phone"], row["number"]) for row in tries] == [(PAYS, "1"), (BUSY, "1"), (DECLINES, "1")]
        opened = (await api.http.get(f"{CAMPAIGNS}/{campaign_id}/leads.csv?excel=true")).text
        assert opened.startswith("\ufeffline,phone,")
        assert '"=""+' in opened.splitlines()[1]
        assert (await api.http.get(f"{CAMPAIGNS}/none/leads.csv")).status_code == 404

    api(test)


def test_an_export_of_many_pages_misses_nothing(api: WithApi) -> None:
    async def test(api: Api) -> None:
        numbers = [f"+9991{n:08d}" for n in range(2500)]
        random.Random(1).shuffle(numbers)
        campaign_id = await api.campaign(numbers)
        text = (await api.http.get(f"{CAMPAIGNS}/{campaign_id}/leads.csv")).text
        assert [row["phone"] for row in csv.DictReader(io.StringIO(text))] == numbers
        assert len((await api.http.get(f"{CAMPAIGNS}/{campaign_id}/attempts.csv")).text.splitlines()) == 1

    api(test)


def hold(db: Database, phone: str) -> int:
    """Make a lead one that may have been dialled."""
    with db.write() as connection:
        lead_id = int(connection.execute(leads.select().where(leads.c.phone == phone)).one().id)
        values = {"state": "held", "queue": None, "due_at": None, "lease_token": None}
        attempt = connection.execute(attempts.select().where(attempts.c.lead_id == lead_id).order_by(attempts.c.number.desc())).first()
        if attempt is not None:
            connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(state="held", charged=True))
        connection.execute(update(leads).where(leads.c.id == lead_id).values(**values, attempt_id=attempt.id if attempt else None))
    return lead_id


def test_a_held_lead_is_resolved_by_a_person(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS, BUSY], max_attempts=1, start=True)
        await api.dial(campaign_id)
        dialled, not_dialled = hold(api.whole.db, PAYS), hold(api.whole.db, BUSY)
        held = (await api.get(f"/{campaign_id}/leads", state="held"))["leads"]
        assert [lead["id"] for lead in held] == [dialled, not_dialled]
        assert (await api.post(f"/{campaign_id}/leads/{dialled}/resolve", {"dialled": True}))["state"] == "completed"
        assert (await api.post(f"/{campaign_id}/leads/{not_dialled}/resolve", {"dialled": False}))["state"] == "pending"
        assert "nothing to resolve" in (await api.post(f"/{campaign_id}/leads/{dialled}/resolve", {"dialled": True}, 409))["detail"]
        assert set(fields_of(await api.http.post(f"{CAMPAIGNS}/{campaign_id}/leads/{dialled}/resolve", json={}))) == {"dialled"}
        assert (await api.post(f"/{campaign_id}/leads/77777/resolve", {"dialled": True}, 404))["detail"]
        await api.post(f"/{campaign_id}/start")
        assert await api.dial(campaign_id) == "completed"
        assert len((await api.get(f"/{campaign_id}/leads/{not_dialled}"))["attempt_list"]) == 2

    api(test)
