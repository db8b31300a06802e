"""Common code of the dialler's endpoints: the dialler behind the app, errors in the API's format, campaigns by id.

Authentication is not decided here: the composition root passes in a dependency that admits only admins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from core.kernel.clock import WallTime
from core.kernel.config_problems import ConfigError
from core.kernel.cursors import BadCursor, read_cursor, read_moment_cursor
from core.kernel.database import Database
from core.kernel.lines import Lines
from dialler.campaigns import manage
from dialler.campaigns.states import NotAllowed
from dialler.core_client import CoreUnreachable
from dialler.imports.errors import ImportInProgress, LeadFileError
from dialler.leads.handoffs import NotOnTheList
from dialler.leads.held import NotHeld
from dialler.reports.maker import ReportMaker
from dialler.scheduler.runner import Parts

__all__ = [
    "CampaignId",
    "Cursor",
    "Dialler",
    "Limit",
    "TheDialler",
    "answers",
    "bad_fields",
    "errors_of_the_dialler",
    "fields_of",
    "moment_of",
    "position_of",
    "require",
]


@dataclass(frozen=True)
class Dialler:
    """The dialler behind the app.

    Attributes:
        parts: database, clock, the core, wake signals.
        wall: real time, for leases.
        look_every: clock seconds between two looks at a campaign that somebody watches.
        suppressed: whether a number (E.164) is on the suppression list of these lines; asked before a person may claim a lead.
        reports: has reports computed outside this process; None: there are none.
    """

    parts: Parts
    wall: WallTime
    look_every: float = 1.0
    suppressed: Callable[[Connection, str, Lines], bool] | None = None
    reports: ReportMaker | None = None

    @property
    def db(self) -> Database:
        """The database."""
        return self.parts.db

    def wake(self, campaign_id: str) -> None:
        """Make a campaign that runs here check at once for changes."""
        if campaign_id in self.parts.wakes:
            self.parts.wakes[campaign_id].set()


async def _dialler(request: Request) -> Dialler:
    dialler = request.app.state.dialler
    assert isinstance(dialler, Dialler)
    return dialler


TheDialler = Annotated[Dialler, Depends(_dialler)]
CampaignId = Annotated[str, Path(max_length=100)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1000)]
Limit = Annotated[int, Query(ge=1, le=1000)]

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_MEANING = {
    401: "Missing or invalid API key",
    403: "The key may not do this: it needs an admin key",
    404: "Not found",
    409: "Not possible in the current state",
    413: "Body too large",
    422: "Invalid request: every bad field at once",
    429: "The key has used up its requests a minute; `Retry-After` says when the next may come",
    503: "The call engine does not answer",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint: these errors, and those of the key."""
    return {
        status: {"description": _MEANING[status], "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for status in sorted({401, 403, 422, 429, *statuses})
    }


def bad_fields(*fields: tuple[str, str, str]) -> RequestValidationError:
    """The error that lists bad fields: name, problem, and a code for programs."""
    return RequestValidationError([{"loc": (name,), "msg": detail, "type": code} for name, detail, code in fields])


def fields_of(error: ConfigError) -> list[tuple[str, str, str]]:
    """The problems of settings, in the form of `bad_fields`."""
    return [(p.key or "body", f"{p.problem}. {p.advice}".rstrip().removesuffix("."), "invalid") for p in error.problems]


def require(connection: Connection, campaign_id: str) -> Row[Any]:
    """The row of a campaign; 404 if there is none."""
    try:
        return manage.require(connection, campaign_id)
    except manage.UnknownCampaign as error:
        raise HTTPException(404, str(error)) from None


def position_of(cursor: str | None) -> int:
    """Where to continue a list ordered by a number; 0 for its beginning."""
    with errors_of_the_dialler():
        return 0 if cursor is None else read_cursor(cursor)


def moment_of(cursor: str | None) -> tuple[datetime, str] | None:
    """Where to continue a list ordered by a timestamp and an id; None for its beginning."""
    with errors_of_the_dialler():
        return None if cursor is None else read_moment_cursor(cursor)


@contextlib.contextmanager
def errors_of_the_dialler() -> Iterator[None]:
    """Converts the dialler's own errors into those of the API."""
    try:
        yield
    except ConfigError as error:
        raise bad_fields(*fields_of(error)) from None
    except BadCursor as error:
        raise bad_fields(("cursor", str(error).removeprefix("cursor: "), "unknown_cursor")) from None
    except LeadFileError as error:
        raise bad_fields(("file", " ".join([error.reason, error.advice, *error.looked_at]).removesuffix("."), "unusable_file")) from None
    except manage.UnknownCampaign as error:
        raise HTTPException(404, str(error)) from None
    except (manage.ManageError, NotAllowed, NotHeld, NotOnTheList, ImportInProgress) as error:
        raise HTTPException(409, str(error)) from None
    except IntegrityError:
        raise HTTPException(409, "Another request just created this; read it and try again.") from None
    except CoreUnreachable as error:
        raise HTTPException(503, f"The call engine does not answer as it should: {error}.") from None
