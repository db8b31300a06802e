"""The audit log."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from dialler.campaigns.store import all_campaigns
from web.console.audit.log import AuditFilter, broken_at, list_entries
from web.console.i18n import no_op as N_
from web.console.ownership import hidden_from
from web.console.pages import Page, ThePage
from web.console.rights import Right, Role, Scope
from web.console.routing import Nav, Screen

__all__ = ["screen"]

screen = Screen(Nav(N_("Audit log"), "/audit", "journal-text", Right.AUDIT_READ, order=95, group=N_("Administration")))
_PAGE = 50
_OF_THE_SYSTEM = ("system", "trunk", "worker", "process")


def _within(page: Page, connection: Connection) -> AuditFilter:
    """What the visitor's right reaches: everything, what concerns their campaigns, or what concerns the system."""
    visitor = page.visitor
    if visitor.grant(Right.AUDIT_READ).scope is Scope.ALL:
        return AuditFilter()
    if visitor.role is Role.OPERATOR:
        return AuditFilter(kinds=_OF_THE_SYSTEM)
    hidden = set(hidden_from(connection, visitor, Right.AUDIT_READ))
    return AuditFilter(campaigns=[row.id for row in all_campaigns(connection) if row.id not in hidden], or_actor=visitor.user_id)


@screen.get("/audit", Right.AUDIT_READ)
async def show_audit(page: ThePage) -> Response:
    """The entries, newest first."""
    query = page.request.query_params
    number = query.get("before", "")
    before = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None
    actor, action = query.get("actor", "").strip()[:300], query.get("action", "").strip()[:100]
    with page.console.db.read() as connection:
        within = _within(page, connection)
        which = AuditFilter(
            actor=actor or None, action=action or None, campaigns=within.campaigns, kinds=within.kinds, or_actor=within.or_actor
        )
        entries = list_entries(connection, which, limit=_PAGE + 1, before=before)
        names = {row.id: row.name for row in all_campaigns(connection)}
        shown = [(entry, _opened(page, connection, entry.before), _opened(page, connection, entry.after)) for entry in entries[:_PAGE]]
    more = entries[_PAGE - 1].seq if len(entries) > _PAGE else None
    return page.html("screens/audit/audit.html", entries=shown, names=names, actor=actor, action=action, more=more, checked=None)


@screen.get("/audit/check", Right.AUDIT_READ)
async def check(page: ThePage) -> Response:
    """Whether the log is whole: every entry as it was written, none missing in between."""
    return page.html("screens/audit/check.html", broken=await page.console.read(broken_at))


def _opened(page: Page, connection: Connection, values: dict[str, object] | None) -> dict[str, str]:
    """Values with those of persons revealed, or as erased."""
    return {key: page.console.persons.reveal(connection, str(value)) for key, value in (values or {}).items()}
