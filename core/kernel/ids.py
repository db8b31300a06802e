"""Identifiers: random by default, derived from a seed where a run must repeat exactly."""

from __future__ import annotations

import random
import uuid

__all__ = ["Ids"]


class Ids:
    """Makes identifiers.

    Args:
        seed: with a seed, equal names give equal identifiers and random streams in every run; without one they are
            random (uuid4) and the name is ignored.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._space = None if seed is None else uuid.uuid5(uuid.NAMESPACE_OID, f"dialler seed {seed}")

    def new(self, *name: object) -> str:
        """A uuid for the thing that `name` identifies, for example `ids.new("attempt", campaign_id, phone, 2)`."""
        if self._space is None:
            return str(uuid.uuid4())
        return str(uuid.uuid5(self._space, "/".join(map(str, name))))

    def stream(self, *name: object) -> random.Random:
        """A random stream for the thing that `name` identifies; never share one between tasks."""
        return random.Random(self.new("stream", *name))
