"""Objects over HTTP: with Range, because players seek, and cached for good, because keys are."""

import logging
import mimetypes
from collections.abc import Mapping
from email.utils import formatdate
from math import ceil
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from api.ranges import is_range, range_counts
from microkit.errors import ParamError, StoreError
from microkit.storage.object_key import checked
from microkit.storage.objects import Objects, SignedUrl, StoredFile, StoreResponse

_log = logging.getLogger(__name__)

ASSETS: Final = Path(__file__).parent / "assets"
_DEFAULT: Final = "default/"
_TYPES: Final = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_FOR_A_DAY: Final = "public, max-age=86400"
_ASKED: Final = ("Range", "If-None-Match", "If-Modified-Since")
_TOLD: Final = ("Content-Length", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges")
_PASSED_ON: Final = (200, 206, 304, 416)


class ObjectHandler:
    """Serves GET and HEAD of ``/objects/KEY``."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with the object, the part of it that is asked for, or where it is."""
        try:
            key = checked(request.match_info["key"])
        except ParamError:
            raise web.HTTPNotFound from None
        if key.startswith(_DEFAULT):
            return _file(ASSETS / key.removeprefix(_DEFAULT), _FOR_A_DAY)
        try:
            headers = await self._forwarded(request, key)
            async with self._objects.open(request.method, key, headers) as found:
                match found:
                    case StoredFile(path):
                        return _file(path, _FOR_GOOD)
                    case SignedUrl(url):
                        return web.Response(status=302, headers={"Location": url})
                    case StoreResponse():
                        return await _passed_on(found, request, key)
        except StoreError:
            raise web.HTTPServiceUnavailable from None

    async def _forwarded(self, request: web.Request, key: str) -> dict[str, str]:
        """Return the headers for a store that responds itself; it need not know If-Range."""
        asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
        if "Range" in asked:
            asked["Range"] = asked["Range"].strip().lower()  # not every store knows "Bytes"
            if not await self._range_counts(request.headers, key):
                del asked["Range"]
        return asked

    async def _range_counts(self, headers: Mapping[str, str], key: str) -> bool:
        if "If-Range" not in headers:
            return is_range(headers["Range"])
        async with self._objects.open("HEAD", key, {}) as found:
            version = found.headers if isinstance(found, StoreResponse) else {}
        return range_counts(headers, version.get("ETag", ""), version.get("Last-Modified", ""))


def content_type(name: str) -> str:
    """Return the media type that a key's ending says."""
    suffix = Path(name).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


def _headers(name: str, cached: str) -> dict[str, str]:
    return {
        "Content-Type": content_type(name),
        "Cache-Control": cached,
        "X-Content-Type-Options": "nosniff",
    }


def _file(path: Path, cached: str) -> web.FileResponse:
    if not path.is_file():
        raise web.HTTPNotFound
    return _Object(path, headers=_headers(path.name, cached))


class _Object(web.FileResponse):
    """A file, of which caches do not remember what failed, such as a range past the end."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers; a Range that does not count is taken for none."""
        if "Range" in request.headers and not range_counts(request.headers, *_version(self._path)):
            headers = CIMultiDict(request.headers)
            headers.popall("Range")
            request = request.clone(headers=headers)
        return await super().prepare(request)

    def set_status(self, status: int, reason: str | None = None) -> None:
        super().set_status(status, reason)
        if status >= 400:
            self.headers.popall("Cache-Control", None)


def _version(path: Path) -> tuple[str, str]:
    """Return the ETag and Last-Modified that aiohttp gives a file; empty for none."""
    try:
        stat = path.stat()
    except OSError:
        return "", ""
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"', formatdate(ceil(stat.st_mtime), usegmt=True)


async def _passed_on(found: StoreResponse, request: web.Request, key: str) -> web.StreamResponse:
    """Stream the store's own response."""
    if found.status not in _PASSED_ON:
        raise web.HTTPNotFound if found.status < 500 else web.HTTPServiceUnavailable
    told = {name: found.headers[name] for name in _TOLD if name in found.headers}
    headers = {**_headers(key, _FOR_GOOD), **told}
    if found.status >= 400:
        del headers["Cache-Control"]
    response = web.StreamResponse(status=found.status, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in found.chunks:
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        # The store failed, or the player left: what was begun can only be cut off.
        _log.debug("%s ends early: %r", key, error)
        if request.transport is not None:
            request.transport.abort()
    return response
