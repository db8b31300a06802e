"""Lead files over HTTP: upload, import, and the rejected rows.

The file is streamed to disk and imported off the event loop, so that calls go on meanwhile (`dialler.imports.apart`).
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from core.kernel.cursors import make_cursor
from dialler.api.shared import (
    CampaignId,
    Cursor,
    Dialler,
    Limit,
    TheDialler,
    answers,
    bad_fields,
    errors_of_the_dialler,
    position_of,
    require,
)
from dialler.campaigns.config import CampaignConfig
from dialler.imports.apart import ImportTask, import_apart
from dialler.imports.beside import ImportProcessDied
from dialler.imports.queries import find_import, imports_of, rejected_page
from dialler.imports.report import ImportReport

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns/{campaign_id}", tags=["campaigns"])


class ImportAnswer(BaseModel):
    """The result of an import. `rows_read` = `imported` + `already_there` + `rejected`; `lines` says it in sentences."""

    import_id: str | None
    unchanged: bool = Field(description="The campaign has this very file already: nothing was done.")
    rows_read: int
    imported: int
    already_there: int = Field(description="Their numbers were already in the campaign: they are left unchanged.")
    already_there_differ: int
    rejected: int
    duplicates: int
    rejected_by_kind: dict[str, int]
    encoding: str
    delimiter: str
    header_line: int
    phone_column: str
    variables: dict[str, str] = Field(description="Name of each variable, as `{{crm.NAME}}` uses it, and the header it comes from.")
    warnings: list[str]
    lines: list[str]

    @classmethod
    def of(cls, report: ImportReport) -> ImportAnswer:
        """The response for a report."""
        given = {name: getattr(report, name) for name in cls.model_fields if name not in {"lines", "warnings"}}
        return cls(**given, warnings=list(report.warnings), lines=report.lines())


class ImportView(BaseModel):
    """An import in a list. The counts are null until it is active."""

    id: str
    source_name: str
    state: Literal["staged", "active", "discarded"]
    created_at: datetime
    activated_at: datetime | None
    rows_read: int | None
    imported: int | None
    rejected: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> ImportView:
        """The view of a row of `lead_imports`."""
        counts = {name: row.report.get(name) for name in ("rows_read", "imported", "rejected")}
        shown = {name: row._mapping[name] for name in ("id", "source_name", "state", "created_at", "activated_at")}
        return cls.model_validate({**shown, **counts})


class ImportList(BaseModel):
    """The imports of a campaign, newest first."""

    imports: list[ImportView]


class RejectedView(BaseModel):
    """A row that was not imported: its line (from 1), the column and the value at fault, why, and what to do."""

    line: int
    column: str
    value: str
    reason: str
    what_to_do: str
    kind: str


class RejectedPage(BaseModel):
    """A page of rejected rows in the order of the file; `next_cursor` is null on the last one."""

    rejected: list[RejectedView]
    next_cursor: str | None


_FILE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
            }
        },
    }
}


@router.post("/leads", summary="Upload a lead file", responses=answers(404, 409), openapi_extra=_FILE)
async def post_leads(campaign_id: CampaignId, request: Request, dialler: TheDialler) -> ImportAnswer:
    """Import a lead file (multipart, field `file`), all or nothing. Bad rows are listed and never stop the good ones.

    The same file again changes nothing; a changed one adds what is new. A campaign that runs dials the new leads, too; one
    that is over needs a start.
    """
    with dialler.db.read() as connection:
        campaign = require(connection, campaign_id)
    if campaign.state == "stopping":
        raise HTTPException(409, "The campaign is being stopped: wait until it has ended.")
    config = CampaignConfig.model_validate(campaign.settings)
    try:
        form = await request.form(max_files=1, max_fields=20)
    except HTTPException as error:  # the multipart body is malformed
        raise bad_fields(("body", str(error.detail), "unreadable")) from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise bad_fields(("file", "it is missing: send the lead file as multipart/form-data, in a field of this name", "missing"))
        with errors_of_the_dialler():
            report = await _import(dialler, campaign_id, file.file, Path(file.filename or "leads.csv").name, config)
    finally:
        await form.close()
    dialler.wake(campaign_id)
    return ImportAnswer.of(report)


@router.get("/imports", summary="List the imports of a campaign", responses=answers(404))
async def get_imports(campaign_id: CampaignId, dialler: TheDialler) -> ImportList:
    """Every lead file that was imported, newest first."""
    with dialler.db.read() as connection:
        require(connection, campaign_id)
        return ImportList(imports=[ImportView.of(row) for row in imports_of(connection, campaign_id)])


@router.get("/imports/{import_id}/rejected", summary="List the rejected rows of an import", responses=answers(404))
async def get_rejected(
    campaign_id: CampaignId, import_id: str, dialler: TheDialler, cursor: Cursor = None, limit: Limit = 100
) -> RejectedPage:
    """The rows that were not imported, in the order of the file, each with the reason and what to do."""
    after = position_of(cursor)
    with dialler.db.read() as connection:
        if find_import(connection, campaign_id, import_id) is None:
            raise HTTPException(404, "There is no such import of this campaign.")
        rows = rejected_page(connection, import_id, after=after, limit=limit + 1)
    page, more = rows[:limit], len(rows) > limit
    return RejectedPage(
        rejected=[
            RejectedView(line=row.line, column=row.column, value=row.value, reason=row.reason, what_to_do=row.advice, kind=row.kind)
            for row in page
        ],
        next_cursor=make_cursor(page[-1].id) if more else None,
    )


async def _import(dialler: Dialler, campaign_id: str, upload: IO[bytes], name: str, config: CampaignConfig) -> ImportReport:
    """Import an upload from its temporary file."""
    clean = "".join(ch for ch in name if ch.isprintable())[:200] or "leads.csv"
    with tempfile.TemporaryDirectory(prefix="dialler-upload-") as folder:
        path = Path(folder) / "leads.csv"
        await asyncio.to_thread(_copy, upload, path)
        task = ImportTask(dialler.db.url, campaign_id, path, clean, config.import_options())
        try:
            return await import_apart(task, dialler.parts.clock, dialler.parts.ids, dialler.wall)
        except ImportProcessDied as error:
            raise HTTPException(503, str(error)) from None


def _copy(upload: IO[bytes], path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(upload, file)
