"""Serves the reference: ``/openapi.json``, and Swagger UI at ``/docs``."""

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import openapi_ui_bundles.swagger_ui
from aiohttp import web

from api.content import Content, File
from api.reference.document import document
from microkit.rpc.contract import Contract

_OWN: Final = Path(__file__).parent / "page"
_SWAGGER_UI: Final = Path(openapi_ui_bundles.swagger_ui.static_path)
_FILES: Final = (
    _OWN / "start.js",
    _SWAGGER_UI / "swagger-ui.css",
    _SWAGGER_UI / "swagger-ui-bundle.js",
)
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


@functools.cache
def _content(contracts: tuple[Contract[Any, Any], ...]) -> Content:
    return Content.of(json.dumps(document(contracts), ensure_ascii=False).encode())


def reference_routes(contracts: Iterable[Contract[Any, Any]]) -> Iterator[web.RouteDef]:
    """Yield the routes of the contracts' document and of the page that shows it."""
    content = _content(tuple(contracts))
    files = {path.name: File(path, _HEADERS) for path in _FILES}
    index = File(_OWN / "index.html", _HEADERS)

    async def openapi(request: web.Request) -> web.Response:
        return content.answer(request, {"Content-Type": "application/json", **_HEADERS})

    async def named(request: web.Request) -> web.Response:
        file = files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return await file.answer(request)

    yield web.get("/openapi.json", openapi)
    for path in ("/docs", "/docs/"):
        yield web.get(path, index.answer)
    yield web.get("/docs/{name}", named)
