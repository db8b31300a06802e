"""The generation of the configuration: keys, bots, trunks and caller IDs.

Each change of one of them, by whatever process or tool, counts in its own transaction (triggers, see `alembic/`). So a process may
remember configuration, and use it as long as the generation is the one that it read before: nothing of it can be out of date then.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.sql.selectable import ScalarSelect

from core.fleet.tables import ConfigGeneration
from core.kernel.statements import Statement, table_of

__all__ = ["GENERATION", "read_generation"]

_generations = table_of(ConfigGeneration)

GENERATION: Final[ScalarSelect[int]] = select(func.coalesce(func.sum(_generations.c.generation), 0)).scalar_subquery()
"""The generation, as a column of a statement."""
_READ = Statement(select(GENERATION.label("generation")))


def read_generation(connection: Connection) -> int:
    """The generation. Read it before the configuration that is remembered by it."""
    return int(_READ.run(connection).one().generation)
