"""The routes of `/docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

__all__ = ["add_docs_page"]

_HERE: Final = Path(__file__).parent
_SERVED: Final = {
    "swagger-ui-bundle.js": (_HERE / "static", "text/javascript"),
    "swagger-ui-bundle.js.LICENSE.txt": (_HERE / "static", "text/plain"),
    "swagger-ui.css": (_HERE / "static", "text/css"),
    "favicon-32x32.png": (_HERE / "static", "image/png"),
    "LICENSE": (_HERE / "static", "text/plain"),
    "NOTICE": (_HERE / "static", "text/plain"),
    "page.js": (_HERE, "text/javascript"),
}
_HEADERS: Final = {
    # Swagger UI writes style attributes; its pictures are in its style sheet (data:). Nothing comes from another host.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_FOR_AN_HOUR: Final = {"Cache-Control": "max-age=3600"}

router = APIRouter(include_in_schema=False)


def add_docs_page(app: FastAPI) -> None:
    """Put `/docs` into an app that serves its description at `/openapi.json`."""
    app.include_router(router)


@router.get("/docs")
async def docs_page() -> Response:
    """The page."""
    return FileResponse(_HERE / "page.html", headers=_HEADERS, media_type="text/html")


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """A file of the page.

    Raises:
        HTTPException: 404, there is none of that name.
    """
    if name not in _SERVED:
        raise HTTPException(404)
    folder, media_type = _SERVED[name]
    return FileResponse(folder / name, headers={**_HEADERS, **_FOR_AN_HOUR}, media_type=media_type)
