"""The requests of examples/ are answered as they say, and as the OpenAPI document says."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from core.access.keys import create
from core.kernel.ids import Ids
from tests.web.run.folders import settings_for
from web.composition import Whole, open_whole

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
HTTP_FILE = (EXAMPLES / "dialler.http").read_text(encoding="utf-8")
COLLECTION = json.loads((EXAMPLES / "dialler.postman_collection.json").read_text(encoding="utf-8"))
_REFERENCE = re.compile(r"\{\{([\w$.]+)\}\}")


def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_postman_collection", ROOT / "scripts" / "make_postman_collection.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKER = _maker()


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text as a client fills it in: what it does not know, such as the bot's own templates, stays as it is."""
    return _REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)


class Documented:
    """The OpenAPI document, to hold answers against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def check(self, method: str, path: str, response: httpx.Response) -> None:
        """The operation documents this status, with a body of this shape."""
        [operation] = [
            operations[method.lower()]
            for template, operations in self._document["paths"].items()
            if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        ]
        content = operation["responses"][str(response.status_code)]["content"]
        [(media_type, described)] = content.items()
        assert response.headers["content-type"].partition(";")[0] == media_type
        Draft202012Validator({**described["schema"], "components": self._document["components"]}).validate(response.json())


async def with_server(folder: Path, test: Any) -> None:
    """Run `test(http, admin key, document, whole)` against a whole process in virtual time."""
    async with open_whole(settings_for(folder, None)) as whole:
        with whole.db.write() as connection:
            key = create(connection, key_id=Ids().new(), name="admin", now=whole.clock.now(), role="admin").key
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=whole.app), base_url="http://127.0.0.1:8080") as http:
            document = Documented((await http.get("/openapi.json")).json())
            await test(http, key, document, whole)


def run(folder: Path, test: Any) -> None:
    asyncio.run(asyncio.wait_for(with_server(folder, test), 60))


def test_each_request_of_the_http_file_is_answered_as_documented(tmp_path: Path) -> None:
    async def test(http: httpx.AsyncClient, admin: str, document: Documented, whole: Whole) -> None:
        values = {**MAKER.variables_of(HTTP_FILE), "admin": admin}
        for request in MAKER.read_requests(HTTP_FILE):
            headers = {name: filled(value, values) for name, value in request.headers.items()}
            response = await http.request(
                request.method, filled(request.url, values), headers=headers, content=filled(request.body, values)
            )
            assert response.status_code == request.status, (request.title, response.text)
            document.check(request.method, response.request.url.path, response)
            if request.name:
                fields = {f"{request.name}.response.body.$.{key}": str(value) for key, value in response.json().items()}
                values |= fields
            if request.status == 503:
                assert response.json()["reason"] == "outside_active_hours"
                assert int(response.headers["Retry-After"]) > 0
        assert "{{crm.customer_name}}" in filled(HTTP_FILE, values)

    run(tmp_path, test)


def test_each_request_of_the_collection_is_answered_as_its_own_test_says(tmp_path: Path) -> None:
    async def test(http: httpx.AsyncClient, admin: str, document: Documented, whole: Whole) -> None:
        values = {variable["key"]: variable["value"] for variable in COLLECTION["variable"]} | {"admin": admin}
        for item in COLLECTION["item"]:
            request = item["request"]
            headers = {header["key"]: filled(header["value"], values) for header in request["header"]}
            body = filled(request.get("body", {}).get("raw", ""), values)
            response = await http.request(request["method"], filled(request["url"]["raw"], values), headers=headers, content=body)
            script = "\n".join(item["event"][0]["script"]["exec"])
            [status] = re.findall(r"to\.have\.status\((\d+)\)", script)
            assert response.status_code == int(status), (item["name"], response.text)
            document.check(request["method"], response.request.url.path, response)
            for variable, field in re.findall(r'collectionVariables\.set\("(\w+)", pm\.response\.json\(\)\.(\w+)\)', script):
                values[variable] = response.json()[field]

    run(tmp_path, test)


def test_the_collection_is_made_of_the_http_file() -> None:
    assert MAKER.collection_of(HTTP_FILE) == COLLECTION, "run scripts/make_postman_collection.py"


@pytest.mark.parametrize(
    "path",
    [
        "POST /api/v1/sip/dialout",
        "GET /health/fleet",
        "GET /api/v1/calls/{call_id}",
        "GET /api/v1/calls",
        "POST /api/v1/calls/{call_id}/cancel",
        "GET /api/v1/bots/{bot_id}/availability",
    ],
)
def test_every_endpoint_of_the_guide_is_among_them(path: str) -> None:
    method, template = path.split(" ")
    pattern = re.sub(r"\{\w+\}", "[^/]+", template)
    paths = {f"{r.method} {r.url.removeprefix('{{url}}').partition('?')[0]}" for r in MAKER.read_requests(HTTP_FILE)}
    assert any(re.fullmatch(f"{method} {pattern}", there) for there in paths)


def test_every_status_of_the_guide_is_shown() -> None:
    dialouts = {r.status for r in MAKER.read_requests(HTTP_FILE) if r.url.endswith("/sip/dialout")}
    assert dialouts == {200, 401, 404, 422, 503}
