"""A screen's router. A route must name the right that it needs: without one it cannot be written down.

screen = Screen(nav=Nav(N_("Campaigns"), "/campaigns", "megaphone", Right.CAMPAIGNS_READ, order=20))

@screen.get("/campaigns", Right.CAMPAIGNS_READ)
async def show_campaigns(page: ThePage) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse

from web.console.guard import guard_for
from web.console.live.hub import Source
from web.console.rights import Right

__all__ = ["Nav", "Screen", "right_of"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Nav:
    """An entry of the main navigation; shown to those who have the right.

    Attributes:
        label: its text, marked for translation with N_.
        path: where it leads.
        icon: a file of static/vendor/bootstrap-icons.
        right: who sees it.
        order: its place; entries of the same group stand together.
        group: the heading it stands under, marked with N_; empty: none.
    """

    label: str
    path: str
    icon: str
    right: Right
    order: int = 50
    group: str = ""


class Screen:
    """The routes of one screen.

    Args:
        nav: its entry in the navigation, if it has one.
    """

    def __init__(self, nav: Nav | None = None) -> None:
        self.router = APIRouter()
        self.nav = nav
        self.sources: dict[str, Source] = {}

    def get(self, path: str, right: Right) -> Callable[[Endpoint], Endpoint]:
        """A page, or a part of one, that `right` opens."""
        return self._route("GET", path, right)

    def post(self, path: str, right: Right) -> Callable[[Endpoint], Endpoint]:
        """A form that `right` lets one send."""
        return self._route("POST", path, right)

    def live(self, kind: str, source: Source) -> None:
        """Say how topics of a kind are looked at (`web.console.live.hub`)."""
        self.sources[kind] = source

    def _route(self, method: str, path: str, right: Right) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                dependencies=[Depends(guard_for(Right(right)))],
                response_class=HTMLResponse,
                response_model=None,
                include_in_schema=False,
            )
            return endpoint

        return add


def right_of(route: APIRoute) -> Right | None:
    """The right that a route needs; None if nobody said."""
    found = [getattr(dependency.dependency, "right", None) for dependency in route.dependencies]
    return next((right for right in found if isinstance(right, Right)), None)
