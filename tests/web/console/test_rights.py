"""The declaration of rights: every cell, denied ones too; and no route without a right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from tests.web.console.support import Desk, text_of
from web.console.accounts.sessions import Visitor
from web.console.application import every_screen
from web.console.ownership import Owner, is_within
from web.console.rights import TABLE, Right, Role, Scope, grant_of
from web.console.routing import Screen, right_of

_ANYBODY = {"/sign-in", "/first/{token}", "/invitation/{token}"}

# The table as people agreed on it: a row a right; each cell is none, own, team or all, with what else it asks for.
# manager, operator, agent, supervisor, admin, auditor
CELLS = {
    Right.CAMPAIGNS_READ: ("own", "all", "-", "team", "all", "all"),
    Right.CAMPAIGNS_EDIT: ("own", "-", "-", "-", "all", "-"),
    Right.CAMPAIGNS_START: ("own", "-", "-", "-", "all", "-"),
    Right.CAMPAIGNS_PAUSE: ("own", "all", "-", "team", "all", "-"),
    Right.CAMPAIGNS_STOP: ("own", "all reason", "-", "-", "all", "-"),
    Right.CAMPAIGNS_ASSIGN: ("-", "-", "-", "-", "all", "-"),
    Right.LIMITS_RAISE: ("-", "-", "-", "-", "all", "-"),
    Right.LEADS_READ: ("own", "all", "-", "team", "all", "all"),
    Right.LEADS_STEER: ("own", "-", "-", "-", "all", "-"),
    Right.LEADS_ERASE: ("-", "-", "-", "-", "all reason", "-"),
    Right.NUMBERS_SHOW: ("own", "-", "own", "team", "all", "all reason logged"),
    Right.CALLS_READ: ("own", "-", "own", "team", "all", "all"),
    Right.RECORDINGS_LISTEN: ("own", "-", "own", "all logged", "-", "all logged"),
    Right.DISPOSITIONS_CHANGE: ("own reason", "-", "own 15", "team reason", "-", "-"),
    Right.SUPPRESSIONS_READ: ("all", "all", "all", "all", "all", "all"),
    Right.SUPPRESSIONS_ADD: ("all", "-", "all", "all", "all", "-"),
    Right.SUPPRESSIONS_REMOVE: ("-", "-", "-", "all reason", "all reason second", "-"),
    Right.DESK: ("-", "-", "all", "all", "-", "-"),
    Right.SUPERVISE: ("-", "-", "-", "all", "-", "-"),
    Right.REPORTS_READ: ("own", "all", "-", "team", "all", "all"),
    Right.EXPORT: ("own reason logged", "-", "-", "-", "all logged", "all logged"),
    Right.EXPORT_TOTALS: ("own logged", "-", "-", "team logged", "all logged", "all logged"),
    Right.BOTS_READ: ("all", "all", "-", "all", "all", "all"),
    Right.BOTS_EDIT: ("all", "-", "-", "-", "all", "-"),
    Right.NUMBERS_READ: ("all", "all", "-", "-", "all", "all"),
    Right.NUMBERS_EDIT: ("-", "-", "-", "-", "all", "-"),
    Right.INTEGRATIONS_READ: ("own", "all", "-", "-", "all", "all"),
    Right.INTEGRATIONS_REPLAY: ("-", "all", "-", "-", "all", "-"),
    Right.SYSTEM_READ: ("-", "all", "-", "-", "all", "all"),
    Right.SYSTEM_STEER: ("-", "all", "-", "-", "all", "-"),
    Right.ADMIN_READ: ("-", "-", "-", "-", "all", "all"),
    Right.ADMIN_EDIT: ("-", "-", "-", "-", "all", "-"),
    Right.AUDIT_READ: ("own", "own", "-", "team", "all", "all"),
}
_FOR_EVERYBODY = {Right.ANYBODY, Right.ACCOUNT, Right.HOME}


def cell(role: Role, right: Right) -> str:
    """A cell in the words of the table above."""
    grant = grant_of(role, right)
    if not grant:
        return "-"
    more = [name for name in ("reason", "logged", "second") if getattr(grant, name)]
    return " ".join([grant.scope.name.lower(), *([str(grant.minutes)] if grant.minutes else []), *more])


@pytest.mark.parametrize(("right", "number"), list(product(CELLS, range(len(Role)))))
def test_every_cell_is_as_agreed(right: Right, number: int) -> None:
    assert cell(list(Role)[number], right) == CELLS[right][number]


def test_every_right_is_in_the_table() -> None:
    assert set(TABLE) == set(Right) == set(CELLS) | _FOR_EVERYBODY


def routes() -> list[APIRoute]:
    """Every route of every screen."""
    return [route for _, screen in every_screen() for route in screen.router.routes if isinstance(route, APIRoute)]


def test_every_route_names_its_right() -> None:
    found = {(route.path, *sorted(route.methods or ())): right_of(route) for route in routes()}
    assert all(found.values()), [path for path, right in found.items() if right is None]
    assert {path[0] for path, right in found.items() if right is Right.ANYBODY} == _ANYBODY
    with pytest.raises(TypeError):
        Screen().get("/without")  # type: ignore[call-arg]


def test_nothing_is_mounted_beside_the_screens(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        mounted = next(route.app for route in desk.whole.app.routes if isinstance(route, Mount) and route.path == "/console")
        assert isinstance(mounted, FastAPI)
        beside = [route for route in mounted.routes if not hasattr(route, "original_router")]
        assert [getattr(route, "path", route) for route in beside] == ["/static"]
        (included,) = [route.original_router for route in mounted.routes if hasattr(route, "original_router")]
        assert sorted(map(id, included.routes)) == sorted(map(id, routes()))

    console_on_sqlite(test)


def visitor(role: Role, *, team: str | None = None) -> Visitor:
    from tests.conftest import START

    return Visitor("me", "me", "Me", role, (role,), team, "session", "csrf", START)


@pytest.mark.parametrize(
    ("role", "mine", "my_team", "others", "shared"),
    [
        (Role.MANAGER, True, False, False, True),
        (Role.SUPERVISOR, True, True, False, True),
        (Role.OPERATOR, True, True, True, True),
        (Role.ADMIN, True, True, True, True),
        (Role.AUDITOR, True, True, True, True),
        (Role.AGENT, False, False, False, False),
    ],
)
def test_how_far_a_right_goes(role: Role, mine: bool, my_team: bool, others: bool, shared: bool) -> None:
    who = visitor(role, team="north")
    found = [
        is_within(who, Right.CAMPAIGNS_READ, owner)
        for owner in (Owner("me"), Owner("somebody", "north"), Owner("somebody", "south"), Owner())
    ]
    assert found == [mine, my_team, others, shared]
    if role is Role.AGENT:  # what is an agent's own is said by the desk, never by a campaign
        assert grant_of(role, Right.CALLS_READ).scope is Scope.OWN
        assert not is_within(who, Right.CALLS_READ, Owner())


@pytest.mark.parametrize("role", list(Role))
def test_every_route_refuses_the_roles_without_its_right(role: Role, console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        browser = await desk.signed_in(role)
        for route in routes():
            right = right_of(route)
            assert right is not None
            path = route.path.replace("{token}", "x").replace("{campaign_id}", "x")
            while "{" in path:
                path = path[: path.index("{")] + "1" + path[path.index("}") + 1 :]
            method = next(iter(route.methods or ()))
            if right is Right.ANYBODY or path in {"/live", "/sign-out"}:
                continue
            headers = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": browser.token}
            response = await browser.http.request(method, f"/console{path}", headers=headers)
            if not grant_of(role, right):
                assert response.status_code == 403, (method, path, response.status_code)
                assert "Your role may not do this" in text_of(response)
            else:
                assert response.status_code not in {401, 403, 500}, (method, path, text_of(response)[:500])
            nobody = await desk.browser().http.request(method, f"/console{path}", headers=headers)
            assert (nobody.status_code, nobody.headers["location"].partition("?")[0]) == (303, "/console/sign-in"), path

    console_on_sqlite(test)
