"""The web client over HTTP: one page, and the files beside it that it names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aiohttp import web

FOLDER: Final = Path(__file__).parent / "web"
_INDEX: Final = "index.html"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Code and style are ours alone. Pictures and videos may be anywhere: OBJECTS_PUBLIC_URL, a bucket
# that the API redirects to, what other callers stored. A video to be published is a blob.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src *; media-src * blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",  # kept, but asked for each time: a 304 is small
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes() -> Iterator[web.RouteDef]:
    """Give the routes of the page, and of the files that are in its folder now."""
    files = {path.name: path for path in FOLDER.iterdir() if path.suffix in _TYPES}

    async def index(_: web.Request) -> web.FileResponse:
        return _file(files[_INDEX])

    async def named(request: web.Request) -> web.FileResponse:
        # A name is looked up, and never part of a path.
        path = files.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return _file(path)

    yield web.get("/", index)
    yield web.get("/web/{name}", named)


def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={"Content-Type": _TYPES[path.suffix], **_HEADERS})
