"""Who may do what in the console: the one declaration, which every route reads. Pure.

A cell says how far a right goes: nothing, one's own, one's team's, everything; and whether a reason or a second person is asked for. What a
route needs is a `Right`; what a role has is a row of `TABLE`. A role that a row does not name does not have the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

__all__ = ["NOTHING", "TABLE", "Grant", "Right", "Role", "Scope", "grant_of"]


class Role(StrEnum):
    """What somebody is in the console. A user may have several, and acts in one at a time."""

    MANAGER = "manager"
    OPERATOR = "operator"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Scope(IntEnum):
    """How far a right goes."""

    NONE = 0
    OWN = 1
    """One's own campaigns; for agents, the hand-offs that they claimed."""
    TEAM = 2
    """The campaigns of one's team."""
    ALL = 3


@dataclass(frozen=True)
class Grant:
    """A cell of the table.

    Attributes:
        scope: how far the right goes.
        reason: a reason must be given; it is written to the audit log.
        logged: every use is written to the audit log, though nothing is changed.
        second: a second person must agree.
        minutes: only within this time.
    """

    scope: Scope
    reason: bool = False
    logged: bool = False
    second: bool = False
    minutes: int | None = None

    def __bool__(self) -> bool:
        return self.scope is not Scope.NONE


class Right(StrEnum):
    """Something that can be allowed."""

    ANYBODY = "anybody"
    """Needs no sign-in: the sign-in page itself, one-time links, static files."""
    ACCOUNT = "account"
    """One's own account: password, sessions, language."""
    HOME = "home"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_EDIT = "campaigns.edit"
    """Create and change campaigns, upload lists."""
    CAMPAIGNS_START = "campaigns.start"
    CAMPAIGNS_PAUSE = "campaigns.pause"
    CAMPAIGNS_STOP = "campaigns.stop"
    """Stop for good, and end calls in progress."""
    CAMPAIGNS_ASSIGN = "campaigns.assign"
    """Say whose campaign it is."""
    LIMITS_RAISE = "limits.raise"
    """Raise limits, windows and caps beyond the bounds that an admin set."""
    LEADS_READ = "leads.read"
    LEADS_STEER = "leads.steer"
    """Hold, retry, stop, edit or resolve a lead."""
    LEADS_ERASE = "leads.erase"
    NUMBERS_SHOW = "numbers.show"
    """See whole phone numbers; without it they are masked."""
    CALLS_READ = "calls.read"
    """See calls and their transcripts."""
    RECORDINGS_LISTEN = "recordings.listen"
    """Hear recordings, and calls as they happen."""
    DISPOSITIONS_CHANGE = "dispositions.change"
    """Change a disposition after the wrap-up."""
    SUPPRESSIONS_READ = "suppressions.read"
    SUPPRESSIONS_ADD = "suppressions.add"
    SUPPRESSIONS_REMOVE = "suppressions.remove"
    DESK = "desk"
    """Take hand-offs from the queue and work the work list."""
    SUPERVISE = "supervise"
    """See who talks to whom, whisper, take over."""
    REPORTS_READ = "reports.read"
    EXPORT = "export"
    """Take personal data out: files of leads and calls."""
    EXPORT_TOTALS = "export.totals"
    """Take reports out that have no personal data in them."""
    BOTS_READ = "bots.read"
    BOTS_EDIT = "bots.edit"
    NUMBERS_READ = "lines.read"
    """Caller IDs and trunks, and how they do."""
    NUMBERS_EDIT = "lines.edit"
    INTEGRATIONS_READ = "integrations.read"
    """Deliveries to CRMs and webhooks."""
    INTEGRATIONS_REPLAY = "integrations.replay"
    SYSTEM_READ = "system.read"
    """Workers, trunks, providers, backlog."""
    SYSTEM_STEER = "system.steer"
    """Drain a worker, reset a circuit breaker."""
    ADMIN_READ = "admin.read"
    ADMIN_EDIT = "admin.edit"
    """Users, roles, providers, keys, retention."""
    AUDIT_READ = "audit.read"


NOTHING: Final = Grant(Scope.NONE)
_OWN, _TEAM, _ALL = Grant(Scope.OWN), Grant(Scope.TEAM), Grant(Scope.ALL)
_OWN_REASON, _TEAM_REASON = Grant(Scope.OWN, reason=True), Grant(Scope.TEAM, reason=True)
_M, _O, _A, _S, _AD, _AU = Role.MANAGER, Role.OPERATOR, Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR
_EVERYBODY = dict.fromkeys(Role, _ALL)

TABLE: Final[dict[Right, dict[Role, Grant]]] = {
    Right.ANYBODY: _EVERYBODY,
    Right.ACCOUNT: _EVERYBODY,
    Right.HOME: _EVERYBODY,
    Right.CAMPAIGNS_READ: {_M: _OWN, _O: _ALL, _S: _TEAM, _AD: _ALL, _AU: _ALL},
    Right.CAMPAIGNS_EDIT: {_M: _OWN, _AD: _ALL},
    Right.CAMPAIGNS_START: {_M: _OWN, _AD: _ALL},
    Right.CAMPAIGNS_PAUSE: {_M: _OWN, _O: _ALL, _S: _TEAM, _AD: _ALL},
    Right.CAMPAIGNS_STOP: {_M: _OWN, _O: Grant(Scope.ALL, reason=True), _AD: _ALL},
    Right.CAMPAIGNS_ASSIGN: {_AD: _ALL},
    Right.LIMITS_RAISE: {_AD: _ALL},
    Right.LEADS_READ: {_M: _OWN, _O: _ALL, _S: _TEAM, _AD: _ALL, _AU: _ALL},
    Right.LEADS_STEER: {_M: _OWN, _AD: _ALL},
    Right.LEADS_ERASE: {_AD: Grant(Scope.ALL, reason=True)},
    Right.NUMBERS_SHOW: {_M: _OWN, _A: _OWN, _S: _TEAM, _AD: _ALL, _AU: Grant(Scope.ALL, reason=True, logged=True)},
    Right.CALLS_READ: {_M: _OWN, _A: _OWN, _S: _TEAM, _AD: _ALL, _AU: _ALL},
    Right.RECORDINGS_LISTEN: {_M: _OWN, _A: _OWN, _S: Grant(Scope.ALL, logged=True), _AU: Grant(Scope.ALL, logged=True)},
    Right.DISPOSITIONS_CHANGE: {_M: _OWN_REASON, _A: Grant(Scope.OWN, minutes=15), _S: _TEAM_REASON},
    Right.SUPPRESSIONS_READ: {_M: _ALL, _O: _ALL, _A: _ALL, _S: _ALL, _AD: _ALL, _AU: _ALL},
    Right.SUPPRESSIONS_ADD: {_M: _ALL, _A: _ALL, _S: _ALL, _AD: _ALL},
    Right.SUPPRESSIONS_REMOVE: {_S: Grant(Scope.ALL, reason=True), _AD: Grant(Scope.ALL, reason=True, second=True)},
    Right.DESK: {_A: _ALL, _S: _ALL},
    Right.SUPERVISE: {_S: _ALL},
    Right.REPORTS_READ: {_M: _OWN, _O: _ALL, _S: _TEAM, _AD: _ALL, _AU: _ALL},
    Right.EXPORT: {_M: Grant(Scope.OWN, reason=True, logged=True), _AD: Grant(Scope.ALL, logged=True), _AU: Grant(Scope.ALL, logged=True)},
    Right.EXPORT_TOTALS: {
        _M: Grant(Scope.OWN, logged=True),
        _S: Grant(Scope.TEAM, logged=True),
        _AD: Grant(Scope.ALL, logged=True),
        _AU: Grant(Scope.ALL, logged=True),
    },
    Right.BOTS_READ: {_M: _ALL, _O: _ALL, _S: _ALL, _AD: _ALL, _AU: _ALL},
    Right.BOTS_EDIT: {_M: _ALL, _AD: _ALL},
    Right.NUMBERS_READ: {_M: _ALL, _O: _ALL, _AD: _ALL, _AU: _ALL},
    Right.NUMBERS_EDIT: {_AD: _ALL},
    Right.INTEGRATIONS_READ: {_M: _OWN, _O: _ALL, _AD: _ALL, _AU: _ALL},
    Right.INTEGRATIONS_REPLAY: {_O: _ALL, _AD: _ALL},
    Right.SYSTEM_READ: {_O: _ALL, _AD: _ALL, _AU: _ALL},
    Right.SYSTEM_STEER: {_O: _ALL, _AD: _ALL},
    Right.ADMIN_READ: {_AD: _ALL, _AU: _ALL},
    Right.ADMIN_EDIT: {_AD: _ALL},
    Right.AUDIT_READ: {_M: _OWN, _O: Grant(Scope.OWN), _S: _TEAM, _AD: _ALL, _AU: _ALL},
}


def grant_of(role: Role, right: Right) -> Grant:
    """How far a role has a right; a grant of nothing is false."""
    return TABLE[right].get(role, NOTHING)
