"""The filters of the list of calls, from the query; every wrong value is named. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from core.access.keys import KeyInfo
from core.calls.refusals import FieldProblem, InvalidRequest
from core.calls.states import STATES
from core.calls.store import CallFilter
from core.kernel.numbers import NumberError, parse_number

__all__ = ["number_from_query", "read_filter"]

_OFFSET = re.compile(r" (?=\d\d:?\d\d$)")


def read_filter(
    key: KeyInfo,
    *,
    states: Sequence[str],
    bot_id: str | None,
    to_number: str | None,
    created_since: str | None,
    created_until: str | None,
    idempotency_key: str | None,
) -> CallFilter:
    """Which calls are asked for, of those that the key may see.

    Raises:
        InvalidRequest: with every value that cannot be meant.
    """
    problems: list[FieldProblem] = []
    if unknown := [state for state in states if state not in STATES]:
        detail = f"there is no state {', '.join(map(repr, unknown))}: there are {', '.join(STATES)}"
        problems.append(FieldProblem("state", detail, "unknown_state"))
    number = None
    if to_number is not None:
        try:
            number = number_from_query(to_number)
        except NumberError as error:
            problems.append(FieldProblem("to_number", str(error), "not_a_number"))
    since = _moment("created_since", created_since, problems)
    until = _moment("created_until", created_until, problems)
    if problems:
        raise InvalidRequest(problems)
    return CallFilter(
        states=tuple(states) or None,
        bot_id=bot_id,
        to_number=number,
        idempotency_key=idempotency_key,
        created_since=since,
        created_until=until,
        api_key_id=key.id if idempotency_key is not None else None,
        bots=key.bots,
    )


def number_from_query(written: str) -> str:
    """A number in a URL as it is stored: a + that was not escaped arrives as a blank.

    Raises:
        NumberError: it is not an international number.
    """
    written = f"+{written[1:]}" if re.match(" [0-9]", written) else written
    return parse_number(written, None, allow_premium=True).key


def _moment(field: str, written: str | None, problems: list[FieldProblem]) -> datetime | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(_OFFSET.sub("+", written))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        detail = "it has no offset: write 2026-05-01T09:30:00Z or 2026-05-01T15:00:00+05:30"
    except (ValueError, OverflowError):
        detail = "it is not a moment: write it as 2026-05-01T09:30:00Z"
    problems.append(FieldProblem(field, detail, "not_a_moment"))
    return None
