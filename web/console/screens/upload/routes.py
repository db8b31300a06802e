"""A new campaign from a list; more leads for a campaign: choose a file, check it, import it."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any, Final

import phonenumbers
from babel import Locale
from sqlalchemy import Connection, Row
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.bots.store import all_bots
from core.kernel.config_problems import ConfigError
from core.kernel.cursors import BadCursor, make_cursor, read_cursor
from dialler.campaigns import manage
from dialler.campaigns.config import CampaignConfig
from dialler.imports.apart import ImportTask, import_apart
from dialler.imports.beside import ImportProcessDied
from dialler.imports.errors import ImportInProgress, LeadFileError
from dialler.imports.exported import defused
from dialler.imports.options import ImportOptions
from dialler.imports.preview import Preview, preview_apart
from dialler.imports.queries import find_import, rejected_page
from web.console.audit.log import Entry
from web.console.i18n import current_locale, ngettext
from web.console.i18n import gettext as _
from web.console.ownership import Owner, assign
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Screen
from web.console.screens.upload import files

__all__ = ["screen"]

screen = Screen()
_DELIMITERS: Final = ("comma", "semicolon", "tab", "pipe")
_ROWS: Final = 50
_MOST_PREVIEWS: Final = 20
_previews: dict[tuple[str, ImportOptions], Preview] = {}


def _countries() -> list[tuple[str, str]]:
    names = Locale.parse(current_locale()).territories
    return sorted(((code, names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda pair: pair[1])


@screen.get("/campaigns/new", Right.CAMPAIGNS_EDIT)
async def show_new(page: ThePage) -> Response:
    """The form of a new campaign."""
    return _new(page)


def _new(page: Page, status: int = 200, wrong: dict[str, str] | None = None, values: dict[str, str] | None = None) -> Response:
    with page.console.db.read() as connection:
        bots = [bot.config for bot in all_bots(connection)]
    territory = Locale.parse(current_locale()).territory or ""
    given = {"default_region": "IN" if (page.zone == "Asia/Kolkata") else territory, **(values or {})}
    return page.html("screens/upload/new.html", status=status, bots=bots, countries=_countries(), wrong=wrong or {}, values=given)


@screen.post("/campaigns/new", Right.CAMPAIGNS_EDIT)
async def make(page: ThePage) -> Response:
    """Make the campaign, in draft, and keep the file."""
    console, form = page.console, await page.texts()
    file = (await page.form()).get("file")
    name, bot_id, region = form.get("name", ""), form.get("bot_id", ""), form.get("default_region", "")
    wrong: dict[str, str] = {}
    if not isinstance(file, UploadFile) or not file.filename:
        wrong["file"] = _("Choose a file: CSV, or a spreadsheet.")
    with console.db.read() as connection:
        if bot_id not in {bot.config.id for bot in all_bots(connection)}:
            wrong["bot_id"] = _("Choose the bot that calls.")
    config: CampaignConfig | None = None
    try:
        config = manage.settings_from(
            {"name": name or Path(getattr(file, "filename", "") or "").stem, **({"default_region": region} if region else {})}
        )
    except ConfigError as error:
        wrong |= {problem.key or "name": f"{problem.problem}. {problem.advice}" for problem in error.problems}
    if wrong or config is None or not isinstance(file, UploadFile):
        return _new(page, 422, wrong, form)
    try:
        with console.db.write() as connection:
            campaign_id = manage.new_campaign(connection, console.whole.ids, bot_id, config, console.now())
            assign(connection, campaign_id, Owner(page.visitor.user_id, page.visitor.team_id))
            page.note(
                connection, Entry("campaign.made", "campaign", campaign_id, campaign_id, after={"name": config.name, "bot_id": bot_id})
            )
    except manage.NameTaken as error:
        return _new(page, 422, {"name": str(error)}, form)
    upload = await asyncio.to_thread(files.keep, console.whole.settings.data_folder, campaign_id, file.filename or "", file.file)
    return page.redirect(f"/campaigns/{campaign_id}/upload/{upload.id}")


@screen.get("/campaigns/{campaign_id}/upload", Right.CAMPAIGNS_EDIT)
async def show_upload(page: ThePage, campaign_id: str) -> Response:
    """The form for more leads."""
    with page.console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_EDIT)
    return page.html("screens/upload/upload.html", row=row, wrong={})


@screen.post("/campaigns/{campaign_id}/upload", Right.CAMPAIGNS_EDIT)
async def upload_file(page: ThePage, campaign_id: str) -> Response:
    """Keep the file."""
    with page.console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_EDIT)
    file = (await page.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return page.html("screens/upload/upload.html", status=422, row=row, wrong={"file": _("Choose a file: CSV, or a spreadsheet.")})
    upload = await asyncio.to_thread(files.keep, page.console.whole.settings.data_folder, campaign_id, file.filename, file.file)
    return page.redirect(f"/campaigns/{campaign_id}/upload/{upload.id}")


def _found(page: Page, connection: Connection, campaign_id: str, upload_id: str) -> tuple[Row[Any], files.Upload, Path]:
    row = page.campaign(connection, campaign_id, Right.CAMPAIGNS_EDIT)
    found = files.find(page.console.whole.settings.data_folder, campaign_id, upload_id)
    if found is None:
        raise HTTPException(404, _("This upload is not there any more: it was imported, or a week has passed. Upload the file again."))
    return row, *found


@screen.get("/campaigns/{campaign_id}/upload/{upload_id}", Right.CAMPAIGNS_EDIT)
async def show_check(page: ThePage, campaign_id: str, upload_id: str) -> Response:
    """What was understood of the file, and what an import would do."""
    return await _check(page, campaign_id, upload_id)


async def _check(page: Page, campaign_id: str, upload_id: str, wrong: str = "", status: int = 200) -> Response:
    with page.console.db.read() as connection:
        row, upload, path = _found(page, connection, campaign_id, upload_id)
    config = CampaignConfig.model_validate(row.settings)
    found, problem = None, ""
    looked_at: list[str] = []
    try:
        found = await _previewed(upload, path, config.import_options())
    except LeadFileError as error:
        problem, looked_at = f"{error.reason} {error.advice}", list(error.looked_at)
    except ImportProcessDied as error:
        problem = str(error)
    return page.html(
        "screens/upload/check.html",
        status=status,
        row=row,
        upload=upload,
        config=config,
        found=found,
        problem=problem,
        looked_at=looked_at,
        wrong=wrong,
        countries=_countries(),
        delimiters=_DELIMITERS,
        changeable=row.state in manage.CHANGEABLE,
    )


async def _previewed(upload: files.Upload, path: Path, options: ImportOptions) -> Preview:
    """The preview of an upload: a big file is not read again for each look at it."""
    key = (upload.id, options)
    if key not in _previews:
        while len(_previews) >= _MOST_PREVIEWS:
            _previews.pop(next(iter(_previews)))
        _previews[key] = await preview_apart(path, options, upload.name)
    return _previews[key]


@screen.post("/campaigns/{campaign_id}/upload/{upload_id}/read", Right.CAMPAIGNS_EDIT)
async def read_otherwise(page: ThePage, campaign_id: str, upload_id: str) -> Response:
    """Read the file otherwise: another phone column, country, encoding or delimiter. Kept in the campaign's settings."""
    form, console = await page.texts(), page.console
    with console.db.read() as connection:
        row, _upload, _path = _found(page, connection, campaign_id, upload_id)
    changes: dict[str, str | None] = {
        name: form.get(name) or None for name in ("phone_column", "default_region", "encoding", "delimiter") if name in form
    }
    kept = CampaignConfig.model_validate(row.settings).model_dump(mode="json", exclude_defaults=True)
    try:
        config = manage.settings_from(manage.merged(kept, changes))
        with console.db.write() as connection:
            manage.change(connection, campaign_id, row.bot_id, config)
            before = {name: kept.get(name) for name in changes}
            page.note(connection, Entry("campaign.changed", "campaign", campaign_id, campaign_id, before=before, after=changes))
    except ConfigError as error:
        return await _check(page, campaign_id, upload_id, " ".join(f"{p.problem}. {p.advice}" for p in error.problems), 422)
    except manage.ManageError as error:
        return await _check(page, campaign_id, upload_id, str(error), 409)
    return page.redirect(f"/campaigns/{campaign_id}/upload/{upload_id}")


@screen.post("/campaigns/{campaign_id}/upload/{upload_id}/import", Right.CAMPAIGNS_EDIT)
async def import_leads(page: ThePage, campaign_id: str, upload_id: str) -> Response:
    """Import the file, all or nothing."""
    console = page.console
    with console.db.read() as connection:
        row, upload, path = _found(page, connection, campaign_id, upload_id)
    if row.state == "stopping":
        return await _check(page, campaign_id, upload_id, _("The campaign is being stopped: wait until it has ended."), 409)
    options = CampaignConfig.model_validate(row.settings).import_options()
    task = ImportTask(console.whole.settings.database_url, campaign_id, path, upload.name, options)
    try:
        report = await import_apart(task, console.dialler.parts.clock, console.dialler.parts.ids, console.dialler.wall)
    except (LeadFileError, ImportInProgress, ImportProcessDied) as error:
        return await _check(page, campaign_id, upload_id, str(error), 409)
    with console.db.write() as connection:
        counts = {"file": upload.name, "read": report.rows_read, "imported": report.imported, "rejected": report.rejected}
        page.note(connection, Entry("leads.imported", "import", report.import_id, campaign_id, after=counts))
    files.remove(console.whole.settings.data_folder, upload)
    console.figures.forget(campaign_id)
    console.dialler.wake(campaign_id)
    if report.unchanged or report.import_id is None:
        return page.redirect(f"/campaigns/{campaign_id}", _("The campaign has this very file already: nothing was changed."), "warning")
    said = ngettext("%(n)s lead was imported.", "%(n)s leads were imported.", report.imported) % {"n": f"{report.imported:,}"}
    if report.rejected:
        left = ngettext("%(n)s row was not: see why below.", "%(n)s rows were not: see why below.", report.rejected) % {
            "n": f"{report.rejected:,}"
        }
        return page.redirect(f"/campaigns/{campaign_id}/imports/{report.import_id}", f"{said} {left}", "warning")
    return page.redirect(f"/campaigns/{campaign_id}", said)


@screen.post("/campaigns/{campaign_id}/upload/{upload_id}/discard", Right.CAMPAIGNS_EDIT)
async def discard(page: ThePage, campaign_id: str, upload_id: str) -> Response:
    """Throw the upload away."""
    with page.console.db.read() as connection:
        _row, upload, _path = _found(page, connection, campaign_id, upload_id)
    files.remove(page.console.whole.settings.data_folder, upload)
    return page.redirect(f"/campaigns/{campaign_id}", _("The file was thrown away; nothing was imported."))


@screen.get("/campaigns/{campaign_id}/imports/{import_id}", Right.LEADS_READ)
async def show_import(page: ThePage, campaign_id: str, import_id: str) -> Response:
    """What came of an import, and the rows that were not imported."""
    with page.console.db.read() as connection:
        row = page.campaign(connection, campaign_id, Right.LEADS_READ)
        done = _import(connection, campaign_id, import_id)
        try:
            after = read_cursor(page.request.query_params.get("cursor", "")) if page.request.query_params.get("cursor") else 0
        except BadCursor:
            after = 0
        rejected = rejected_page(connection, import_id, after=after, limit=_ROWS + 1)
        whole = page.reaches(connection, campaign_id, Right.CAMPAIGNS_EDIT)
    next_page = make_cursor(rejected[_ROWS - 1].id) if len(rejected) > _ROWS else ""
    return page.html("screens/upload/import.html", row=row, done=done, rejected=rejected[:_ROWS], next_page=next_page, whole=whole)


@screen.get("/campaigns/{campaign_id}/imports/{import_id}/rejected.csv", Right.CAMPAIGNS_EDIT)
async def download_rejected(page: ThePage, campaign_id: str, import_id: str) -> Response:
    """The rows that were not imported, as a file: line, column, value, reason, what to do."""
    with page.console.db.write() as connection:
        page.campaign(connection, campaign_id, Right.CAMPAIGNS_EDIT)
        _import(connection, campaign_id, import_id)
        page.note(connection, Entry("import.rejected_downloaded", "import", import_id, campaign_id))

    def rows(connection: Connection) -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["line", "column", "value", "reason", "what_to_do"])
        after = 0
        while found := rejected_page(connection, import_id, after=after, limit=1000):
            writer.writerows([defused(str(value)) for value in (r.line, r.column, r.value, r.reason, r.advice)] for r in found)
            after = found[-1].id
        return text.getvalue()

    content = await page.console.read(rows)
    return Response(
        "\ufeff" + content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="rejected.csv"'}
    )


def _import(connection: Connection, campaign_id: str, import_id: str) -> Row[Any]:
    found = find_import(connection, campaign_id, import_id)
    if found is None:
        raise HTTPException(404, _("There is no such import of this campaign."))
    return found
