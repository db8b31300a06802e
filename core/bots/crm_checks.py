"""Checks of a bot's pre-fetch and of its push filter that a schema cannot express.

Work on raw JSON configuration, valid or not.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.bots.request_checks import of_headers, of_templated_url
from core.contracts.dispositions import DISPOSITIONS, WITHOUT_A_CONVERSATION
from core.kernel.config_problems import KeyPath
from core.templates.lookup import normalised

__all__ = ["prefetch_complaints", "push_complaints"]

Complaint = tuple[KeyPath, str, str]

_KNOWN: Final = {normalised(word): word for word in (*DISPOSITIONS, *WITHOUT_A_CONVERSATION)}


def prefetch_complaints(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Problems with `prefetch`: invalid URL, plaintext credentials, a body on GET, an empty path segment."""
    prefetch = data.get("prefetch")
    if not isinstance(prefetch, Mapping):
        return
    if isinstance(url := prefetch.get("url"), str):
        yield from of_templated_url(("prefetch", "url"), url)
    if isinstance(headers := prefetch.get("headers"), Mapping):
        yield from of_headers(("prefetch", "headers"), headers)
        if prefetch.get("token") and (given := next((name for name in headers if str(name).lower() == "authorization"), None)):
            yield ("prefetch", "headers", given), "the token is sent in this header already", "Leave one of the two out."
    if prefetch.get("body") is not None and prefetch.get("method", "GET") == "GET":
        yield ("prefetch", "body"), "a GET sends no body", "Write `method: POST`, or put the values into the URL."
    path = prefetch.get("response_path")
    if isinstance(path, str) and path and not all(part.strip() for part in path.split(".")):
        yield ("prefetch", "response_path"), "it has an empty part", "Write the names with one dot between them: data.customer."


def push_complaints(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Problems with dispositions that no call of a rules bot can have: such a filter would silently drop every push."""
    brain, push = data.get("brain"), data.get("post_call_push")
    only = push.get("only") if isinstance(push, Mapping) else None
    wanted = only.get("dispositions") if isinstance(only, Mapping) else None
    if not isinstance(wanted, list) or (isinstance(brain, Mapping) and brain.get("kind", "rules") != "rules"):
        return
    for number, word in enumerate(wanted):
        if isinstance(word, str) and normalised(word) not in _KNOWN:
            nearest = difflib.get_close_matches(normalised(word), list(_KNOWN), n=1, cutoff=0.6)
            advice = f"Did you mean {_KNOWN[nearest[0]]}?" if nearest else "docs/dispositions.md lists them."
            yield ("post_call_push", "only", "dispositions", number), f"no call of this bot has the disposition {word}", advice
