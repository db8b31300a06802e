"""docs/integration.md and docs/api-admin.md: their curl lines work as they stand, and they name every endpoint."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest

from core.access.secrets import names_in
from core.bots.store import read_bot
from tests.core.api.test_docs import request_of
from tests.core.api.test_openapi import operations
from tests.dialler.api.support import lead_file
from tests.examples.test_requests import Documented, run
from web.composition import Whole

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "whsec_" + "c2VhbSBzZWNyZXQgb2YgdGhlIHRlc3Rz"


def steps(page: str) -> Iterator[tuple[list[str], int | None, str]]:
    """Every curl command with its status and promised body, and every `export NAME=...` of what an answer has shown."""
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        pattern = r"^(curl .*?)\n# (\d{3}) ?([^\n]*)$|^export (\w+)=[a-z_]*\.\.\."
        for command, status, body, name in re.findall(pattern, block, re.DOTALL | re.MULTILINE):
            yield (shlex.split(command.replace("\\\n", " ")), int(status), body) if command else ([name], None, "")


def request_for(words: list[str], names: dict[str, str]) -> httpx.Request:
    """What curl would send; `-F file=@leads.csv` as well."""
    words = [Template(word).safe_substitute(names) for word in words]
    if "-F" not in words:
        return request_of(words, names)
    del words[words.index("-F") : words.index("-F") + 2]
    plain = request_of(words, names)
    file = ("leads.csv", lead_file(["+12025550100", "+12025550107"]), "text/csv")
    return httpx.Request("POST", plain.url, headers={"X-API-Key": plain.headers["X-API-Key"]}, files={"file": file})


SHOWN = {"KEY": "key", "CALL": "call_id", "KEY_ID": "id", "CAMPAIGN": "id"}


@pytest.mark.parametrize(("page", "lines"), [("integration.md", 6), ("api-admin.md", 45)])
def test_every_curl_line_works_as_it_stands(page: str, lines: int, tmp_path: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")

    async def test(http: httpx.AsyncClient, admin: str, _: Documented, whole: Whole) -> None:
        names = {"DIALLER": "http://127.0.0.1:8080", "ADMIN": admin, "WEBHOOK_SECRET": SECRET, "WORKER": whole.engine.worker_id}
        asked, answer = 0, httpx.Response(200)
        for words, status, promised in steps(text):
            if status is None:
                names |= {words[0]: answer.json()[SHOWN[words[0]]]} if words[0] in SHOWN else {}
                continue
            answer = await http.send(request_for(words, names))
            assert answer.status_code == status, (words, answer.text)
            if promised:
                wanted, given = json.loads(promised), answer.json()
                assert given == {name: given.get(name) if value == "..." else value for name, value in wanted.items()}
            asked += 1
        assert asked == text.count("\ncurl ") == lines
        if page == "integration.md":
            with whole.db.read() as connection:
                bot = read_bot(connection, "your-bot-id")
                assert bot is not None
                assert bot.config.results_webhook is not None
                assert names_in(bot.config.results_webhook.secret)
                assert whole.secrets.resolve(connection, bot.config.results_webhook.secret).get_secret_value() == SECRET

    run(tmp_path, test)


def test_every_management_endpoint_is_on_the_page(tmp_path: Path) -> None:
    page = (DOCS / "api-admin.md").read_text(encoding="utf-8")
    names = {
        "bot_id": "loan-reminder",
        "key_id": "$KEY_ID",
        "worker_id": "$WORKER",
        "campaign_id": "$CAMPAIGN",
        "name": "carrier",
        "version": "1",
    }

    def shown(method: str, path: str) -> bool:
        plain = re.escape(re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], match[0]), path)).replace(r"\{number\}", r"\+\d+")
        in_curl = re.search(rf'curl (-G |-X {method} |-F \S+ )?"\$DIALLER{plain}["?]', page)
        short = re.escape(path.removeprefix("/api/v1/campaigns") or "/")
        return bool(in_curl or f"{method} {path}" in page or re.search(rf"{method} {short}`", page))

    async def test(_: httpx.AsyncClient, __: str, ___: Documented, whole: Whole) -> None:
        areas = ("bots", "keys", "trunks", "workers", "deliveries", "campaigns")
        wanted: list[tuple[str, str]] = [
            (method, path)
            for method, path, *_ in operations(whole.app.openapi())
            if path.split("/")[3:4] and path.split("/")[3] in areas and not path.endswith("availability")
        ]
        missing = [f"{method} {path}" for method, path in wanted if not shown(method, path)]
        assert len(wanted) > 40
        assert set(missing) <= ELSEWHERE, missing

    run(tmp_path, test)


ELSEWHERE: set[Any] = {
    "DELETE /api/v1/bots/{bot_id}",  # in words: archived
    "POST /api/v1/deliveries/{delivery_id}/replay",
    *(f"POST /api/v1/campaigns/{{campaign_id}}/{order}" for order in ("pause", "resume", "stop", "clone")),
}
"""Shown in words, or several in one line of the table."""
