"""docs/agent-desk.md: its curl lines work as they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.api.support import Core, client_of
from tests.core.api.test_docs import curl_lines, request_of
from tests.core.desk.support import ASKS, DESK, desk_bot

PAGE = (Path(__file__).parents[3] / "docs" / "agent-desk.md").read_text(encoding="utf-8")


def test_every_curl_line_works_as_it_stands(with_core: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        names = {"DIALLER": "http://core", "ADMIN": core.key(role="admin")["X-API-Key"]}
        lines = 0
        async with client_of(core.app) as http:
            for words, status, _ in curl_lines(PAGE):
                response = await http.send(request_of(words, names))
                assert response.status_code == status, (words, response.text)
                lines += 1
                if "AGENT" not in names:
                    names["AGENT"] = response.json()["key"]
                elif "HANDOFF" not in names and words[-3].endswith("/queue"):
                    await core.placed(ASKS, bot_id=desk_bot(core))
                    while not (found := (await http.get(f"{DESK}/queue", headers={"X-API-Key": names["AGENT"]})).json()["waiting"]):
                        await core.clock.sleep(1)
                    names["HANDOFF"] = found[0]["id"]
                elif words[-1].endswith("connect") or "/connect" in " ".join(words):
                    await core.over()
        assert lines == PAGE.count("\ncurl ") == 9

    with_core(test)
