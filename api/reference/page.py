"""Serves the reference: ``/openapi.json``, and Swagger UI at ``/docs``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import openapi_ui_bundles.swagger_ui
from aiohttp import web

from api.page import TYPES
from api.reference.schemas import Schema

_OWN: Final = Path(__file__).parent / "page"
_SWAGGER_UI: Final = Path(openapi_ui_bundles.swagger_ui.static_path)
_FILES: Final = {
    "start.js": _OWN / "start.js",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
}
# As strict as the web client's, but for two needs of Swagger UI: pictures in data URLs, innerHTML.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def reference_routes(document: Schema) -> Iterator[web.RouteDef]:
    """Yield the routes of the document and of the page that shows it."""
    body = json.dumps(document, ensure_ascii=False).encode()

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": "application/json", **_HEADERS})

    async def index(_: web.Request) -> web.FileResponse:
        return _file(_OWN / "index.html")

    async def named(request: web.Request) -> web.FileResponse:
        path = _FILES.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return _file(path)

    yield web.get("/openapi.json", openapi)
    for path in ("/docs", "/docs/"):
        yield web.get(path, index)
    yield web.get("/docs/{name}", named)


def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={"Content-Type": TYPES[path.suffix], **_HEADERS})
