"""Make examples/dialler.postman_collection.json of examples/dialler.http: `.venv/bin/python scripts/make_postman_collection.py`.

The .http file is what is edited. `read_requests` is also what the tests read it with.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

__all__ = ["ExampleRequest", "collection_of", "read_requests", "variables_of"]

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_RESPONSE = re.compile(r"\{\{(\w+)\.response\.body\.\$\.(\w+)\}\}")


@dataclass(frozen=True)
class ExampleRequest:
    """A request of the file.

    Attributes:
        title: what stands after `###`.
        status: the answer that is documented.
        name: by which later requests refer to its answer; empty if none does.
        url: with `{{...}}` in it, as everything else.
    """

    title: str
    status: int
    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str


def variables_of(text: str) -> dict[str, str]:
    """The `@name = value` lines of an .http file."""
    return dict(re.findall(r"^@(\w+) = (.*)$", text, re.MULTILINE))


def read_requests(text: str) -> list[ExampleRequest]:
    """The requests of an .http file, in order."""
    return [_read(part) for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]]


def _read(part: str) -> ExampleRequest:
    head, _, body = part.partition("\n\n")
    title, *lines = head.splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    request, *headers = [line for line in lines if not line.startswith("#")]
    method, url = request.split(" ", 1)
    name = next((comment.removeprefix("@name ") for comment in comments if comment.startswith("@name ")), "")
    pairs = dict(header.split(": ", 1) for header in headers)
    return ExampleRequest(title, int(comments[0]), name, method, url, pairs, body.strip())


def collection_of(text: str) -> dict[str, Any]:
    """The Postman collection (format 2.1) of an .http file: each request tests its status, and keeps what others need of its answer."""
    requests = read_requests(text)
    kept = {(name, field): f"{name}_{field}" for name, field in _RESPONSE.findall(text)}
    names = {f"{{{{{name}.response.body.$.{field}}}}}": f"{{{{{variable}}}}}" for (name, field), variable in kept.items()}

    def translated(part: str) -> str:
        for there, here in names.items():
            part = part.replace(there, here)
        return part

    return {
        "info": {
            "name": "Campaign dialler",
            "description": "Start `dialler serve`, put an admin key into the variable `admin`, and run the requests in order.",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{"key": key, "value": value} for key, value in (variables_of(text) | dict.fromkeys(kept.values(), "")).items()],
        "item": [_item(request, kept, translated) for request in requests],
    }


def _item(request: ExampleRequest, kept: dict[tuple[str, str], str], translated: Any) -> dict[str, Any]:
    script = [f'pm.test("answers {request.status}", () => pm.response.to.have.status({request.status}));']
    script += [
        f'pm.collectionVariables.set("{variable}", pm.response.json().{field});'
        for (name, field), variable in kept.items()
        if name == request.name
    ]
    asked: dict[str, Any] = {
        "method": request.method,
        "header": [{"key": key, "value": translated(value)} for key, value in request.headers.items()],
        "url": _url(translated(request.url)),
    }
    if request.body:
        asked["body"] = {"mode": "raw", "raw": translated(request.body), "options": {"raw": {"language": "json"}}}
    return {"name": request.title, "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}], "request": asked}


def _url(raw: str) -> dict[str, Any]:
    host, _, rest = raw.partition("/")
    path, _, query = rest.partition("?")
    url: dict[str, Any] = {"raw": raw, "host": [host], "path": path.split("/")}
    if query:
        pairs = (pair.partition("=") for pair in query.split("&"))
        url["query"] = [{"key": key, "value": value, "description": unquote(value)} for key, _, value in pairs]
    return url


def main() -> None:
    """Write the collection."""
    text = (EXAMPLES / "dialler.http").read_text(encoding="utf-8")
    document = json.dumps(collection_of(text), ensure_ascii=False, indent=2)
    (EXAMPLES / "dialler.postman_collection.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
