"""Reports over HTTP: computed by a process of their own, equal to what the campaign counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from python_calamine import CalamineWorkbook

from tests.core.api.support import fields_of
from tests.dialler.api.support import BUSY, CAMPAIGNS, DECLINES, PAYS, Api
from tests.web.run.folders import profile_numbers

WithApi = Callable[..., Any]


def test_a_report_is_made_outside_and_agrees_with_the_campaign(api: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS, BUSY, DECLINES, *profile_numbers(9)], start=True, max_attempts=2)
        await api.dial(campaign_id)
        catalogue = await api.get(f"/{campaign_id}/reports")
        assert {"summary", "calls", "best-time", "parity"} <= {one["name"] for one in catalogue["reports"]}
        assert catalogue["zone"] == "UTC"
        summary = await api.get(f"/{campaign_id}/reports/summary")
        figures = {row[0]: row[2] for row in summary["rows"]}
        campaign = (await api.get(f"/{campaign_id}"))["counts"]
        assert (figures["leads"], figures["attempts"], figures["answered"]) == (12, campaign["attempts"], campaign["answered"])
        assert summary["live"] == 0
        parity = await api.get(f"/{campaign_id}/reports/parity")
        verdict = [column["key"] for column in parity["columns"]].index("verdict")
        counts = (await api.get(f"/{campaign_id}/ledger"))["counts"]
        assert [row[verdict] for row in parity["rows"]].count("accepted") == counts["accepted"] == 12
        page = await api.get(f"/{campaign_id}/reports/calls", limit=2, offset=1, mask=True, where="answered_by=person")
        assert (len(page["rows"]), page["rows_in_all"], page["rows"][0][2][-5:-2]) == (2, figures["people"], "...")

    api(test)


def test_a_file_is_downloaded_and_mistakes_are_named(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        campaign_id = await api.campaign([PAYS], start=True)
        await api.dial(campaign_id)
        path = f"{CAMPAIGNS}/{campaign_id}/reports"
        book = await api.http.get(f"{path}/passes", params={"format": "xlsx"})
        assert book.headers["content-disposition"] == 'attachment; filename="May-passes.xlsx"'
        assert CalamineWorkbook.from_filelike(io.BytesIO(book.content)).sheet_names == ["Pass outcome", "About"]
        text = await api.http.get(f"{path}/passes", params={"format": "csv", "excel": True})
        assert text.content.startswith(b"\xef\xbb\xbf")
        assert (await api.http.get(f"{path}/none")).status_code == 404
        assert (await api.http.get(f"{CAMPAIGNS}/none/reports/passes")).status_code == 404
        wrong = (({"zone": "Mars"}, "zone"), ({"from": "soon"}, "from"), ({"where": "x"}, "where"), ({"where": "x=1"}, "where"))
        for params, field in wrong:
            response = await api.http.get(f"{path}/passes", params=params)
            assert response.status_code == 422
            assert set(fields_of(response)) == {field}

    api_on_sqlite(test)
