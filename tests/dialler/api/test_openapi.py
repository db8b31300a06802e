"""The OpenAPI document of the campaigns' endpoints: no request gives a status that is not in it, and its examples work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import postgres
from tests.core.api.test_openapi import check, find_references, requests
from tests.dialler.api.support import CAMPAIGNS, DECLINES, PAYS, Api, run_api

WithApi = Callable[..., Any]


def of_campaigns(document: dict[str, Any]) -> dict[str, Any]:
    """The document without other endpoints."""
    return {**document, "paths": {path: methods for path, methods in document["paths"].items() if path.startswith(CAMPAIGNS)}}


def quick(document: dict[str, Any]) -> dict[str, Any]:
    """Without the stream, which ends when a campaign does, and the upload, whose body is no JSON."""
    paths = {path: dict(methods) for path, methods in document["paths"].items() if not path.endswith("/events")}
    del paths[CAMPAIGNS + "/{campaign_id}/leads"]["post"]
    return {**document, "paths": paths}


def test_errors_are_problems_and_examples_work(api_on_sqlite: WithApi) -> None:
    async def test(api: Api) -> None:
        document = of_campaigns((await api.http.get("/openapi.json")).json())
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                for status, answer in operation["responses"].items():
                    if status >= "400":
                        assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
                assert {"401", "403", "429"} <= set(operation["responses"])
        assert set(find_references(document)) <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        await api.http.post("/api/v1/bots", json={"name": "Loan reminder", "brain": {"scenario": "payment_reminder"}})
        campaign_id = None
        for path, method in [
            (CAMPAIGNS, "post"),
            (CAMPAIGNS + "/{campaign_id}", "patch"),
            (CAMPAIGNS + "/{campaign_id}/clone", "post"),
            (CAMPAIGNS + "/{campaign_id}/stop", "post"),
        ]:
            example = document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]
            response = await api.http.request(method.upper(), path.format(campaign_id=campaign_id), json=example)
            assert response.status_code in {200, 201}, response.text
            campaign_id = campaign_id or response.json()["id"]

    api_on_sqlite(test)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_no_request_gives_a_status_that_is_not_in_the_document(
    kind: str, data: st.DataObject, sqlite_template: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async def test(api: Api) -> None:
        document = quick(of_campaigns(api.whole.app.openapi()))
        campaign_id = await api.campaign([PAYS, DECLINES])
        known = {
            "campaign_id": [campaign_id],
            "bot_id": ["reminder"],
            "lead_id": ["1", "2", str(2**63), "-1"],
            "state": ["pending", "draft"],
            "limit": ["1", "1000"],
            "name": ["May", "June"],
            "phone": [PAYS, " 12025550100"],
        }

        @st.composite
        def one(draw: st.DrawFn) -> httpx.Request:  # with a short name of its own: the document has a long one
            return draw(requests(document, known))

        for _ in range(20):
            sent = data.draw(one())
            sent.headers.update(api.http.headers)
            check(document, sent, await api.http.send(sent))

    if kind == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "api.db")
        run_api(test, f"sqlite:///{tmp_path}/api.db", tmp_path)
    else:
        template = request.getfixturevalue("postgres_template")
        url = postgres.make_database(template)
        try:
            run_api(test, url, tmp_path)
        finally:
            postgres.drop_database(url)
