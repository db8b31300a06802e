"""The hub of a process: looks at each watched topic once, for everybody who watches it, and tells them when it changed.

A topic is `KIND` or `KIND:ID`, such as `campaign:5b1f...`. A screen that has something to show registers a `Source` for its kind. Looks
run in a thread with a database connection of their own, so that calls go on; a look that takes long is made less often. What is published
is the topic, a number, and a few figures without personal data in them: the pages fetch the rest, each with the rights of its visitor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from core.kernel.database import Database
from core.kernel.failures import without_values
from web.console.accounts.sessions import Visitor

__all__ = ["Hub", "Source", "Subscription", "Told", "kind_of"]

log = logging.getLogger(__name__)

_LOOK_EVERY: Final = 0.5
_COST: Final = 20.0
"""A look is made at most as often as makes it a twentieth of the time."""
_QUEUED: Final = 64
_MOST_TOPICS: Final = 50

Look = Callable[[Connection, str], dict[str, Any] | None]
MayWatch = Callable[[Connection, Visitor, str], bool]


@dataclass(frozen=True)
class Source:
    """What is known of the topics of one kind.

    Attributes:
        look: gives the figures of a topic; called in a thread. None: there is no such thing.
        may_watch: whether a visitor may watch a topic.
    """

    look: Look
    may_watch: MayWatch


@dataclass(frozen=True)
class Told:
    """What a subscriber is told: a topic changed."""

    topic: str
    number: int
    figures: dict[str, Any]


@dataclass(eq=False)
class Subscription:
    """One stream: its topics, and what it has not sent yet. The oldest is dropped when a slow reader's queue is full."""

    topics: frozenset[str]
    queue: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(_QUEUED))

    def put(self, told: Told | None) -> None:
        """Queue something; None ends the stream."""
        while True:
            try:
                self.queue.put_nowait(told)
                return
            except asyncio.QueueFull:
                self.queue.get_nowait()


@dataclass
class _Topic:
    number: int = 0
    figures: dict[str, Any] | None = None
    due: float = 0.0


def kind_of(topic: str) -> str:
    """The kind of a topic."""
    return topic.partition(":")[0]


class Hub:
    """The hub of one process.

    Args:
        database_url: it opens its own connections.
        monotonic: real time in seconds, for tests.
    """

    def __init__(self, database_url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url, self._monotonic = database_url, monotonic
        self._sources: dict[str, Source] = {}
        self._topics: dict[str, _Topic] = {}
        self._subscriptions: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def register(self, kind: str, source: Source) -> None:
        """Register the source of a kind of topics."""
        self._sources[kind] = source

    def watchable(self, connection: Connection, visitor: Visitor, topics: Iterable[str]) -> list[str]:
        """Those of the topics that exist as a kind and that the visitor may watch."""
        wanted = list(dict.fromkeys(topics))[:_MOST_TOPICS]
        return [topic for topic in wanted if kind_of(topic) in self._sources and self._may(connection, visitor, topic)]

    def _may(self, connection: Connection, visitor: Visitor, topic: str) -> bool:
        return self._sources[kind_of(topic)].may_watch(connection, visitor, topic.partition(":")[2])

    @contextlib.contextmanager
    def subscribe(self, topics: Iterable[str]) -> Iterator[Subscription]:
        """Within the block, receive what changes; first, what is known of each topic."""
        subscription = Subscription(frozenset(topics))
        if self._closed:
            subscription.put(None)
            yield subscription
            return
        for topic in sorted(subscription.topics):
            known = self._topics.setdefault(topic, _Topic())
            if known.figures is not None:
                subscription.put(Told(topic, known.number, known.figures))
        self._subscriptions.add(subscription)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="console hub")
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream; later ones end at once."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.put(None)
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        database = Database(self._url)
        try:
            while self._subscriptions and not self._closed:
                try:
                    await self._look_at_all(database)
                except Exception as error:
                    log.warning("the console could not look at what is watched; trying again: %s", without_values(error))
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            database.close()

    async def _look_at_all(self, database: Database) -> None:
        watched = {topic for subscription in self._subscriptions for topic in subscription.topics}
        for gone in self._topics.keys() - watched:
            del self._topics[gone]
        for topic in sorted(watched):
            known = self._topics.setdefault(topic, _Topic())
            if self._monotonic() < known.due:
                continue
            began = self._monotonic()
            figures = await asyncio.to_thread(self._look, database, topic)
            known.due = began + max(_LOOK_EVERY, _COST * (self._monotonic() - began)) - _LOOK_EVERY / 2
            if figures is not None and figures != known.figures:
                known.number, known.figures = known.number + 1, figures
                self._publish(Told(topic, known.number, figures))

    def _look(self, database: Database, topic: str) -> dict[str, Any] | None:
        kind, _, name = topic.partition(":")
        with database.read() as connection:
            return self._sources[kind].look(connection, name)

    def _publish(self, told: Told) -> None:
        for subscription in self._subscriptions:
            if told.topic in subscription.topics:
                subscription.put(told)
