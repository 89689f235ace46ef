"""Serves the web client: the page and the files next to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aiohttp import web

from api.content import TYPES, File
from api.shell import SCRIPT, Worker

FOLDER: Final = Path(__file__).parent / "web"
_INDEX: Final = "index.html"
# Scripts and styles come from this server only. Pictures and videos may come from any host:
# OBJECTS_PUBLIC_URL, a bucket that the API redirects to, or URLs that other callers stored. The
# preview of what is to be uploaded is a blob.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; trusted-types worker; "
    "img-src * blob:; media-src * blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",  # cached, but revalidated each time (304)
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes() -> Iterator[web.RouteDef]:
    """Yield the routes of the page and of the files in its folder at start-up."""
    files = {path.name: File(path, _HEADERS) for path in FOLDER.iterdir() if path.suffix in TYPES}

    async def named(request: web.Request) -> web.Response:
        # The name is a dictionary key, never part of a path: no traversal.
        file = files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return await file.answer(request)

    yield web.get("/", files[_INDEX].answer)
    yield web.get(f"/{SCRIPT}", Worker(files, _HEADERS).answer)  # its folder is what it may serve
    yield web.get("/web/{name}", named)
