"""docs/api.md: its curl lines work as they stand, and it names every endpoint and every code."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from typing import Any

import httpx

from tests.core.api.support import Core, client_of
from tests.core.api.test_openapi import operations

WithCore = Callable[..., Any]

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def curl_lines(page: str) -> Iterator[tuple[list[str], int, str]]:
    """Every curl command, with the status and the body (maybe empty) that the page promises."""
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        for command, status, body in re.findall(r"^(curl .*?)\n# (\d{3}) ?([^\n]*)$", block, re.DOTALL | re.MULTILINE):
            yield shlex.split(command), int(status), body


def request_of(words: list[str], names: dict[str, str]) -> httpx.Request:
    """What curl would send."""
    method, url, headers, data, as_query = "", "", {}, list[str](), False
    arguments = iter(Template(word).safe_substitute(names) for word in words[1:])
    for word in arguments:
        match word:
            case "-X":
                method = next(arguments)
            case "-H":
                name, _, value = next(arguments).partition(": ")
                headers[name] = value
            case "-d":
                data.append(next(arguments))
            case "--data-urlencode":
                name, _, value = next(arguments).partition("=")
                data.append(str(httpx.QueryParams({name: value})))
            case "-G":
                as_query = True
            case _:
                url = word
    if as_query:
        url, data = f"{url}?{'&'.join(data)}", []
    return httpx.Request(method or ("POST" if data else "GET"), url, headers=headers, content="&".join(data).encode())


def test_every_curl_line_works_as_it_stands(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        names = {"DIALLER": "http://core", "KEY": core.key()["X-API-Key"], "ADMIN": core.key(role="admin")["X-API-Key"]}
        lines = 0
        async with client_of(core.app) as http:
            for words, status, promised in curl_lines(PAGE):
                response = await http.send(request_of(words, names))
                assert response.status_code == status, (words, response.text)
                if promised:
                    wanted, given = json.loads(promised), response.json()
                    assert given == {name: given.get(name) if value == "..." else value for name, value in wanted.items()}
                if "call_id" in response.text and "CALL" not in names:
                    names["CALL"] = response.json()["call_id"]
                lines += 1
        assert lines == PAGE.count("\ncurl ") == 17

    with_core(test)


def test_every_endpoint_is_on_the_page(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        for method, path, _ in operations(core.app.openapi()):
            plain = re.escape(path).replace(r"\{call_id\}", r"(\{call_id\}|\$CALL)").replace(r"\{bot_id\}", r"(\{bot_id\}|your-bot-id)")
            plain = plain.replace(r"\{number\}", r"(\{number\}|\+\d+)")
            in_table = f"`{method} {path}`" in PAGE
            in_curl = re.search(rf"curl (-G |-X {method} )?\"\$DIALLER{plain}[\"?]", PAGE)
            assert in_table or in_curl, f"{method} {path}"

    with_core(test)


def test_every_code_and_reason_is_on_the_page() -> None:
    sources = [ROOT / "core" / "calls" / "gates.py", ROOT / "core" / "calls" / "refusals.py", ROOT / "core" / "calls" / "dialout.py"]
    sources += [ROOT / "core" / "api" / name for name in ("dialout.py", "filters.py", "json_body.py", "paging.py", "problems.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'FieldProblem\([^()]*(?:\([^()]*\)[^()]*)*"([a-z_]+)"\)', text))
    codes |= set(re.findall(r'_refuse\([^)]*"([a-z_]+)"\)', text)) | set(re.findall(r'NotNow\("([a-z_]+)"', text))
    assert len(codes) >= 12
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
