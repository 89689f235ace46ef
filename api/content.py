"""Content of the pages: kept in memory, compressed once, revalidated with an ETag of its bytes."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiohttp import web

from api import compression

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to serve; `etag` is the same in every process that serves the same bytes."""

    body: bytes
    compressed: bytes
    etag: str
    modified: datetime | None

    @classmethod
    def of(cls, body: bytes, modified: datetime | None = None) -> "Content":
        """Compress and hash a body; takes 0.1 s for a megabyte."""
        etag = hashlib.sha256(body).hexdigest()[:32]
        return cls(body, gzip.compress(body, mtime=0), etag, modified)

    def answer(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """Return the response: the content, or 304 if the client has it."""
        # Weak, because the plain and the compressed body share it.
        validators = {**headers, **compression.PLAIN, "ETag": f'W/"{self.etag}"'}
        if self.modified is not None:
            validators["Last-Modified"] = self.modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
        if self._known_to(request):
            return web.Response(status=_NOT_MODIFIED, headers=validators)
        if compression.accepts_gzip(request.headers.get("Accept-Encoding", "")):
            return web.Response(body=self.compressed, headers={**validators, **compression.ENCODED})
        return web.Response(body=self.body, headers=validators)

    def _known_to(self, request: web.Request) -> bool:
        if request.if_none_match is not None:
            return any(tag.value in (self.etag, "*") for tag in request.if_none_match)
        since = request.if_modified_since
        return since is not None and self.modified is not None and self.modified <= since


class File:
    """A file of a page; a change on the disk is served at once, as developers expect."""

    def __init__(self, path: Path, headers: Mapping[str, str]) -> None:
        self._path = path
        self._headers = {"Content-Type": TYPES[path.suffix], **headers}
        self._version: tuple[int, int] = (0, 0)
        self._content: Content | None = None

    async def answer(self, request: web.Request) -> web.Response:
        """Return the response to a request for the file."""
        return (await self.content()).answer(request, self._headers)

    async def content(self) -> Content:
        """Return the content of the file as it is now."""
        stat = self._path.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        if self._content is None or version != self._version:
            self._content = await asyncio.to_thread(_read, self._path, int(stat.st_mtime))
            self._version = version
        return self._content


def _read(path: Path, modified_seconds: int) -> Content:
    return Content.of(path.read_bytes(), datetime.fromtimestamp(modified_seconds, UTC))
