"""`/docs` works without the Internet, and its files are those that the manifest names."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from core.api import docs_page
from tests.core.api.support import Core

WithCore = Callable[..., Any]

FOLDER = Path(docs_page.__file__).parent
STATIC = FOLDER / "static"
MANIFEST = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
OPEN = {"img-src": "'self' data:", "style-src": "'self' 'unsafe-inline'"}


class Links(HTMLParser):
    """The URLs that a page loads or links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [url for name in ("src", "href") if (url := given.get(name))]
        self.inline |= tag == "style" or (tag == "script" and "src" not in given) or any(name.startswith("on") for name in given)


def test_the_page_and_all_that_it_loads_come_from_this_server(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        page = await core.http.get("/docs")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        links = Links(page.text)
        assert not links.inline, "the policy forbids scripts in the page"
        assert len(links.found) == 5
        for url in links.found:
            assert not urlsplit(url).netloc
            assert not url.startswith("/"), "behind a proxy the server may have a path before it"
            loaded = await core.http.get(urljoin("/docs", url))
            assert loaded.status_code == 200
            assert loaded.content
        script = (await core.http.get("/docs/page.js")).text
        [description] = re.findall(r'url: "([^"]*)"', script)
        assert (await core.http.get(urljoin("/docs", description))).json()["openapi"].startswith("3.")
        assert "validatorUrl: null" in script
        assert "://" not in script

    with_core(test)


@pytest.mark.parametrize("path", ["/docs", "/docs/page.js", "/docs/swagger-ui.css"])
def test_the_policy_lets_nothing_in_from_elsewhere(with_core: WithCore, path: str) -> None:
    async def test(core: Core) -> None:
        headers = (await core.http.get(path)).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert {name: value for name, value in policy.items() if value not in {"'none'", "'self'"}} == OPEN
        assert headers["x-content-type-options"] == "nosniff"

    with_core(test)


def test_kinds_of_files(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        async def kind(name: str) -> str:
            answer: httpx.Response = await core.http.get(f"/docs/{name}")
            return answer.headers["content-type"].partition(";")[0] if answer.status_code == 200 else str(answer.status_code)

        assert [await kind(name) for name in ("swagger-ui-bundle.js", "page.js", "swagger-ui.css", "favicon-32x32.png", "LICENSE")] == [
            *("text/javascript", "text/javascript", "text/css", "image/png", "text/plain")
        ]
        for name in ("manifest.json", "page.py", "..%2Fpage.py", "nothing", "static/LICENSE"):
            assert await kind(name) == "404", name
        assert (await core.http.get("/redoc")).status_code == 404
        paths = (await core.http.get("/openapi.json")).json()["paths"]
        assert not [path for path in paths if "docs" in path]

    with_core(test)


def test_the_files_are_those_of_the_manifest() -> None:
    assert {file.name for file in STATIC.iterdir()} == {*MANIFEST["files"], "manifest.json"}
    for name, integrity in MANIFEST["files"].items():
        digest = base64.b64encode(hashlib.sha512((STATIC / name).read_bytes()).digest()).decode()
        assert integrity == f"sha512-{digest}", name
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", MANIFEST["integrity"])
    assert MANIFEST["licence"].startswith("Apache-2.0")
    assert "Apache License" in (STATIC / "LICENSE").read_text(encoding="utf-8")
    assert "://" not in (STATIC / "manifest.json").read_text(encoding="utf-8")


def test_the_wheel_has_them() -> None:
    project = tomllib.loads((FOLDER.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["setuptools"]["package-data"]
    packed = {
        file
        for package, patterns in data.items()
        for pattern in patterns
        if package in {"*", "core.api.docs_page"}
        for file in FOLDER.glob(pattern)
    }
    assert {file for file in FOLDER.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}} == packed
