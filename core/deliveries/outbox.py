"""The outbox: which deliveries a call result makes, written in the transaction that writes the result.

So either both exist or neither: a result cannot be without its pushes, whatever process dies when. The process that writes them
claims those that it can send at once in the same statement; the others, and those of a process that died, are claimed by whoever
looks next (`core.deliveries.claims`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, bindparam, exists, select

from core.access.keys import ResultsEndpoint
from core.access.tables import ApiKey
from core.bots.config import BotConfig, PostCallPush
from core.contracts.call_result import CallResult
from core.deliveries.claims import Claimed, Lease
from core.deliveries.closed import WHY, closed_among
from core.deliveries.filter import why_not_pushed
from core.deliveries.namespaces import namespaces_of
from core.deliveries.tables import ClosedEndpoint, Delivery
from core.kernel.backoff import DEFAULT_POLICY
from core.kernel.ids import Ids
from core.kernel.statements import AnyRow, Insert, Statement, table_of
from core.outgoing.watch import destination_of
from core.templates import render_mapping
from core.templates.addresses import UnusableValue, address_of, has_references
from core.templates.render import Namespaces

__all__ = [
    "ANY_CLOSED",
    "Endpoint",
    "Enqueued",
    "Kind",
    "NewDelivery",
    "Sender",
    "deliveries_for",
    "destination_of",
    "endpoint_in",
    "endpoint_of",
    "enqueue",
]

Kind = Literal["crm_push", "results_webhook"]

_deliveries, _closed, _keys = table_of(Delivery), table_of(ClosedEndpoint), table_of(ApiKey)


class Endpoint(Protocol):
    """Where results go: a URL and the `secret:NAME` that signs them, empty for none."""

    @property
    def url(self) -> str:
        """Where to."""

    @property
    def secret(self) -> str:
        """What signs it."""


@dataclass(frozen=True)
class NewDelivery:
    """A delivery to be written. Secrets in `headers` and `signing_secret` stand by reference (`secret:NAME`)."""

    id: str
    call_id: str
    bot_id: str
    kind: Kind
    method: str
    url: str
    destination: str
    body: dict[str, Any] = field(repr=False)
    created_at: datetime
    next_attempt_at: datetime
    expires_at: datetime
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    signing_secret: str | None = None
    state: Literal["pending", "skipped", "dead"] = "pending"
    last_error: str | None = None
    """Why it is not sent."""


class Sender(Protocol):
    """Who sends deliveries in this process."""

    def lease(self, new: Sequence[NewDelivery], api_key_id: str | None) -> Mapping[str, Lease]:
        """Leases by id for those that it can send as soon as they are committed.

        Args:
            new: deliveries about to be written, pending.
            api_key_id: the API key of their call.
        """

    def begin(self, claimed: Sequence[Claimed]) -> None:
        """Send deliveries that were written with its leases. To be called right after the commit, before any `await`."""

    def wake(self) -> None:
        """Look for deliveries that nobody has claimed."""


@dataclass(frozen=True)
class Enqueued:
    """What was written: deliveries that this process has claimed, and whether others wait to be claimed."""

    claimed: tuple[Claimed, ...] = ()
    waiting: bool = False


_COLUMNS = tuple(one.name for one in fields(NewDelivery))
_ADD = Insert(_deliveries, (*_COLUMNS, "attempts", "lease_token", "lease_until"))
ANY_CLOSED = exists(select(_closed.c.url)).label("any_closed")
"""Whether any endpoint at all is closed, as a column of a statement."""
_ENDPOINT = Statement(select(_keys.c.results_url, _keys.c.results_secret, ANY_CLOSED).where(_keys.c.id == bindparam("key")))
_SENT_FROM = tuple(one.name for one in fields(Claimed) if one.name not in {"attempts", "lease_token"})


def deliveries_for(
    result: CallResult,
    config: BotConfig,
    key: Endpoint | None,
    ids: Ids,
    now: datetime,
    *,
    max_age: timedelta = DEFAULT_POLICY.max_age,
) -> list[NewDelivery]:
    """The deliveries that a call result makes, due at once. Pure.

    The values in an address are filled in here, once: every attempt goes to the address that is kept. A delivery whose
    address lacks a value is dead from the start, and says why.

    Args:
        result: the result.
        config: the bot as it was in that call: its post-call push and its results webhook.
        key: the results endpoint of the API key that asked for the call, if it has one.
        ids: makes the ids of the deliveries.
        now: the clock's time.
        max_age: how long each is tried.
    """
    made: list[NewDelivery] = []
    namespaces = functools.cache(lambda: namespaces_of(result, config))  # most results need none

    def add(kind: Kind, method: str, url: str, body: dict[str, Any], **more: Any) -> None:
        try:
            url = address_of(url, namespaces()) if has_references(url) else url
        except UnusableValue as error:  # on record, with its reason; it is never sent to the address as it stands
            if more.get("state") != "skipped":
                more |= {"state": "dead", "last_error": f"{'post_call_push' if kind == 'crm_push' else 'results_webhook'}.url: {error}"}
        made.append(
            NewDelivery(
                id=ids.new("delivery", result.session_id, len(made)),
                call_id=result.session_id,
                bot_id=result.bot_id,
                kind=kind,
                method=method,
                url=url,
                destination=destination_of(url),
                body=body,
                created_at=now,
                next_attempt_at=now,
                expires_at=now + max_age,
                **more,
            )
        )

    if push := config.post_call_push:
        if (why_not := why_not_pushed(push.only, result)) is None:
            headers = {"Authorization": push.token} if push.token else {}
            add("crm_push", push.method, push.url, _crm_body(push, result, namespaces), headers=headers, signing_secret=push.secret or None)
        else:
            add("crm_push", push.method, push.url, {}, state="skipped", last_error=why_not)
    for endpoint in (config.results_webhook, key):
        if endpoint is not None:
            add("results_webhook", "POST", endpoint.url, result.model_dump(mode="json"), signing_secret=endpoint.secret or None)
    return made


def endpoint_of(connection: Connection, api_key_id: str) -> tuple[ResultsEndpoint | None, bool]:
    """Where the results of an API key's calls go, and whether any endpoint at all is closed."""
    return endpoint_in(_ENDPOINT.run(connection, key=api_key_id).one())


def endpoint_in(row: AnyRow) -> tuple[ResultsEndpoint | None, bool]:
    """`endpoint_of`, of a row that has the key's `results_url` and `results_secret`, and `any_closed`."""
    endpoint = ResultsEndpoint(row.results_url, row.results_secret or "") if row.results_url else None
    return endpoint, bool(row.any_closed)


def enqueue(
    connection: Connection,
    deliveries: Sequence[NewDelivery],
    sender: Sender | None = None,
    api_key_id: str | None = None,
    *,
    any_closed: bool = True,
) -> Enqueued:
    """Write deliveries in the caller's transaction. Once it is committed, have the sender `begin` what it has claimed, and `wake` it.

    Those to an endpoint that wants no more are written dead: on record, and not sent.

    Args:
        connection: a transaction that may write.
        deliveries: what is to be written.
        sender: who may claim some of them; None: they wait to be claimed.
        api_key_id: the API key of their call.
        any_closed: whether any endpoint may be closed (`endpoint_of`).
    """
    if not deliveries:
        return Enqueued()
    closed = closed_among(connection, {row.url for row in deliveries if row.state == "pending"}) if any_closed else set()
    rows = [replace(row, state="dead", last_error=WHY) if row.state == "pending" and row.url in closed else row for row in deliveries]
    pending = [row for row in rows if row.state == "pending"]
    leases = sender.lease(pending, api_key_id) if sender is not None and pending else {}
    _ADD.run(connection, (_values(row, leases.get(row.id)) for row in rows))
    claimed = tuple(_claimed(row, leases[row.id]) for row in pending if row.id in leases)
    return Enqueued(claimed, waiting=len(claimed) < len(pending))


def _values(row: NewDelivery, lease: Lease | None) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in _COLUMNS}
    return {**own, "attempts": 0, "lease_token": lease and lease.token, "lease_until": lease and lease.until}


def _claimed(row: NewDelivery, lease: Lease) -> Claimed:
    return Claimed(**{name: getattr(row, name) for name in _SENT_FROM}, attempts=0, lease_token=lease.token)


def _crm_body(push: PostCallPush, result: CallResult, namespaces: Callable[[], Namespaces]) -> dict[str, Any]:
    """The fields that the key mapper defines; without one, the whole result."""
    if not push.key_mapper:
        return result.model_dump(mode="json")
    return dict(render_mapping(push.key_mapper, namespaces()))
