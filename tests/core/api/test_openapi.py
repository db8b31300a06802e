"""The OpenAPI document: every status that occurs is in it, its examples work, and no request whatever gives a 500."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.database import Database
from tests.core.api.conftest import run_core
from tests.core.api.support import BOT, PAYS, Core, client_of, problem_of

WithCore = Callable[..., Any]

REQUESTS = 15
"""Requests an example of the fuzzing sends; with 25 examples some 375 in all, on either database."""

ODD = [PAYS, BOT, "\x00", "\ud800", 10**400]
ODD_TEXTS = ["", "\x00", "%", "../..", "null", "done", "2026-05-01T09:30:00Z", "W10"]
Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
Plain = st.text(max_size=20) | st.integers().map(str) | st.sampled_from(ODD_TEXTS)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method and path with what the document says of it."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_the_document_says_what_errors_look_like(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        document = (await core.http.get("/openapi.json")).json()
        assert document["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"
        for method, path, operation in operations(document):
            for status, answer in operation["responses"].items():
                if status >= "400":
                    [media] = answer["content"]
                    assert media == "application/problem+json", (method, path, status)
                    assert answer["content"][media]["schema"] == {"$ref": "#/components/schemas/Problem"}
            if operation.get("security"):
                assert "401" in operation["responses"], (method, path)
        dialout = document["paths"]["/api/v1/sip/dialout"]["post"]
        assert set(dialout["responses"]) >= {"200", "401", "404", "422", "503"}
        references = set(find_references(document))
        assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    with_core(test)


def find_references(part: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from find_references(value)
    elif isinstance(part, list):
        for value in part:
            yield from find_references(value)


def test_the_examples_work_as_they_stand(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("your-bot-id")
        admin = core.key(role="admin")
        document = (await core.http.get("/openapi.json")).json()
        sent = 0
        for path in ("/api/v1/sip/dialout", "/api/v1/suppressions"):
            body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            response = await core.http.post(path, json=body["example"], headers=admin)
            assert response.status_code in {200, 201}, response.text
            sent += 1
        assert sent == 2

    with_core(test)


@st.composite
def requests(draw: st.DrawFn, document: dict[str, Any], known: dict[str, list[str]]) -> httpx.Request:
    """A request to any operation: some of it right, some of it not."""
    method, path, operation = draw(st.sampled_from(sorted(operations(document), key=lambda found: found[:2])))
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        value = draw(st.sampled_from(known[name]) | Plain) if name in known else draw(Plain)
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(value or "x", safe=""))
        elif parameter["in"] == "query" and draw(st.booleans()):
            query.append((name, value))
        elif parameter["in"] == "header" and draw(st.booleans()):
            headers[name] = "".join(ch for ch in value if ch.isprintable() and ch.isascii())
    content = b""
    if "requestBody" in operation:
        content = draw(bodies(operation["requestBody"]["content"]["application/json"].get("schema", {}), known))
    url = "http://core" + path + ("?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query) if query else "")
    return httpx.Request(method, url, headers=headers, content=content)


@st.composite
def bodies(draw: st.DrawFn, schema: dict[str, Any], known: dict[str, list[str]]) -> bytes:
    """A body: a text that is no JSON, any JSON, or one that has some of the right fields."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=30))
    if draw(st.integers(0, 9)) == 0:
        value: Any = draw(Json)
    else:
        value = {}
        for name in schema.get("properties", {}):
            if draw(st.integers(0, 4)):
                value[name] = draw(st.sampled_from(known[name])) if name in known and draw(st.booleans()) else draw(Json)
    return json.dumps(value).encode()


@pytest.fixture
def shared(database: Database, tmp_path: Path) -> tuple[Database, Path]:
    return database, tmp_path


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_no_request_gives_a_status_that_is_not_in_the_document(shared: tuple[Database, Path], data: st.DataObject) -> None:
    async def test(core: Core) -> None:
        whole = core.app.openapi()  # a stream of events would not end: tests/core/desk/test_api.py listens to it
        document = {**whole, "paths": {path: methods for path, methods in whole["paths"].items() if not path.endswith("/events")}}
        placed = (await core.dial(PAYS)).json()  # an example before may have suppressed the number
        known = {
            "call_id": [placed.get("call_id", "none")],
            "bot_id": [BOT],
            "to_number": [PAYS, "+12025550113"],
            "number": [PAYS, "+12025550199"],
            "from_number": ["+12025550100"],
            "state": ["done", "ringing"],
            "limit": ["1", "500", "501"],
            "idempotency-key": ["a", "b"],
            "name": ["sandbox"],
            "worker_id": [core.engine.worker_id],
            "version": ["1"],
        }
        async with client_of(core.app, core.key(role="admin")) as http:
            for _ in range(REQUESTS):
                request = data.draw(requests(document, known))
                request.headers.update(http.headers)
                response = await http.send(request)
                check(document, request, response)

    database, folder = shared
    run_core(test, database, folder)


def check(document: dict[str, Any], request: httpx.Request, response: httpx.Response) -> None:
    """The answer is one that the document knows, and an error is a problem document."""
    assert response.status_code < 500 or response.status_code == 503, response.text
    documented = {
        str(status)
        for method, path, operation in operations(document)
        if method == request.method and same_path(path, request.url.raw_path.decode().partition("?")[0])
        for status in operation["responses"]
    }
    nowhere = response.status_code in {404, 405} and ("nothing at this path" in response.text or "not take this method" in response.text)
    assert nowhere or str(response.status_code) in documented, (request.method, str(request.url), response.status_code, response.text)
    if response.status_code >= 400:
        problem_of(response)


def same_path(template: str, path: str) -> bool:
    """Whether a path is of the form of a template."""
    parts, wanted = path.split("/"), template.split("/")
    return len(parts) == len(wanted) and all(w.startswith("{") or w == part for w, part in zip(wanted, parts, strict=True))
