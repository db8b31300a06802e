"""Bots: the list, one bot, its file checked while it is edited, what it would say, typing to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.bots.config import BotConfig
from core.bots.intake import keep_bot
from core.bots.store import all_bots, read_bot, versions_of
from core.bots.views import as_yaml
from dialler.campaigns import manage
from web.console.audit.log import Entry
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.ownership import hidden_from
from web.console.pages import Page, ThePage
from web.console.rights import Right
from web.console.routing import Nav, Screen
from web.console.screens.bots.editing import NEW_BOT, Checked, check_text
from web.console.screens.bots.trial import converse, leads_to_show, previews

__all__ = ["screen"]

screen = Screen(Nav(N_("Bots"), "/bots", "robot", Right.BOTS_READ, order=30))


@screen.get("/bots", Right.BOTS_READ)
async def show_bots(page: ThePage) -> Response:
    """The list."""
    with page.console.db.read() as connection:
        bots = all_bots(connection)
    return page.html("screens/bots/bots.html", bots=bots)


@screen.get("/bots/new", Right.BOTS_EDIT)
async def new_bot(page: ThePage) -> Response:
    """The editor with a first draft."""
    return page.html("screens/bots/edit.html", bot_id="", text=NEW_BOT, checked=check_text(NEW_BOT, None))


@screen.post("/bots/check", Right.BOTS_EDIT)
async def check(page: ThePage) -> Response:
    """Every problem of the file that is being edited; the part below the editor."""
    form = await _file(page)
    return page.html("screens/bots/problems.html", checked=check_text(form.text, form.bot_id))


@screen.post("/bots/save", Right.BOTS_EDIT)
async def save(page: ThePage) -> Response:
    """Keep the file as a new version; if it cannot be kept, show why, with what was typed."""
    form = await _file(page)
    checked = check_text(form.text, form.bot_id)
    if checked.new is None:
        return _edit_again(page, form, checked)
    console, engine = page.console, page.console.whole.engine
    if checked.new.secrets and engine.secrets is None:
        return page.redirect("/bots", _("No secrets can be kept here: write them as secret:NAME."), "danger")
    with console.db.write() as connection:
        before = read_bot(connection, checked.new.config.id)
        if before is not None and form.bot_id is None:
            return page.redirect(
                f"/bots/{before.id}", _("There is a bot of this name already: change that one, or choose another name."), "danger"
            )
        kept = keep_bot(connection, checked.new, engine.secrets, console.now())
        version = None if before is None else {"version": before.version}
        page.note(connection, Entry("bot.saved", "bot", kept.id, before=version, after={"version": kept.version}))
    if before is not None and before.version == kept.version:
        return page.redirect(f"/bots/{kept.id}", _("Nothing was changed."), "warning")
    return page.redirect(f"/bots/{kept.id}", _("Version %(n)s is kept. Calls that begin from now on use it.") % {"n": kept.version})


@screen.get("/bots/{bot_id}", Right.BOTS_READ)
async def show_bot(page: ThePage, bot_id: str) -> Response:
    """One bot, and what it would say to the first leads of a campaign."""
    config, version = _require(page, bot_id)
    campaign_id = page.request.query_params.get("campaign", "")
    with page.console.db.read() as connection:
        versions = versions_of(connection, bot_id)
        campaigns = _campaigns_of(connection, page, bot_id)
        chosen = next((row for row in campaigns if row.id == campaign_id), campaigns[0] if campaigns else None)
        leads = leads_to_show(connection, chosen.id) if chosen is not None else ()
    return page.html(
        "screens/bots/bot.html",
        bot=config,
        version=version,
        versions=versions,
        text=as_yaml(config),
        campaigns=campaigns,
        chosen=chosen,
        previews=await previews(config, leads, page.console.now()),
        talk=await converse(config, _variables(leads), (), page.console.now()),
        said=(),
        lead_variables=_variables(leads),
    )


@screen.get("/bots/{bot_id}/edit", Right.BOTS_EDIT)
async def edit_bot(page: ThePage, bot_id: str) -> Response:
    """The editor."""
    config, _version = _require(page, bot_id)
    text = as_yaml(config)
    return page.html("screens/bots/edit.html", bot_id=bot_id, text=text, checked=check_text(text, bot_id))


@screen.post("/bots/{bot_id}/talk", Right.BOTS_READ)
async def talk_to_bot(page: ThePage, bot_id: str) -> Response:
    """What it answers to one more line; the conversation part of the page."""
    config, _version = _require(page, bot_id)
    form = await page.form()
    said = [str(line).strip()[:1000] for line in form.getlist("said")][:60]
    variables = {name.removeprefix("crm."): str(value)[:1000] for name, value in form.multi_items() if name.startswith("crm.")}
    if "restart" in form:
        said = []
    talk = await converse(config, variables, said, page.console.now())
    if talk is None:
        raise HTTPException(409, _("A model holds this bot's conversations: call it to hear it."))
    return page.html("screens/bots/talk.html", bot=config, talk=talk, said=said, lead_variables=variables)


@dataclass(frozen=True)
class _Form:
    text: str
    bot_id: str | None


async def _file(page: Page) -> _Form:
    form = await page.form()
    return _Form(str(form.get("text", "")).replace("\r\n", "\n"), str(form.get("bot_id", "")) or None)


def _edit_again(page: Page, form: _Form, checked: Checked) -> Response:
    return page.html("screens/bots/edit.html", status=422, bot_id=form.bot_id or "", text=form.text, checked=checked)


def _require(page: Page, bot_id: str) -> tuple[BotConfig, int]:
    with page.console.db.read() as connection:
        bot = read_bot(connection, bot_id)
    if bot is None:
        raise HTTPException(404, _("There is no such bot."))
    return bot.config, bot.version


def _campaigns_of(connection: Connection, page: Page, bot_id: str) -> list[Row[Any]]:
    """The newest campaigns of a bot whose leads the visitor may see."""
    if not page.may(Right.LEADS_READ):
        return []
    hidden = hidden_from(connection, page.visitor, Right.LEADS_READ)
    return [row for row in manage.page_of_campaigns(connection, state=None, limit=50, but=hidden) if row.bot_id == bot_id]


def _variables(leads: Any) -> dict[str, str]:
    """The variables of the first lead: what a trial begins with."""
    return {name: str(value) for name, value in (leads[0].variables or {}).items()} if leads else {}
