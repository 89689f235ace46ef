"""Objects over HTTP: with Range (players seek), cached as immutable (keys are never reused)."""

import asyncio
import logging
import mimetypes
import tempfile
from collections.abc import Mapping
from email.utils import formatdate
from math import ceil
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from api.portrait import number_of, portrait
from api.ranges import is_range, range_counts
from microkit.errors import ParamError, StoreError
from microkit.storage.object_key import checked
from microkit.storage.objects import Objects, SignedUrl, StoredFile, StoreResponse

_log = logging.getLogger(__name__)

ASSETS: Final = Path(__file__).parent / "assets"
_ASSET_PREFIX: Final = "default/"
_TYPES: Final = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".m4s": "video/mp4", ".m3u8": "application/vnd.apple.mpegurl"}  # fmt: skip
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_PLAYLIST: Final = ".m3u8"
_ONE_DAY: Final = "public, max-age=86400"
_REQUEST_HEADERS: Final = ("Range", "If-None-Match", "If-Modified-Since")
_RESPONSE_HEADERS: Final = (
    "Content-Length",
    "Content-Range",
    "ETag",
    "Last-Modified",
    "Accept-Ranges",
)
_FORWARDED_STATUSES: Final = (200, 206, 304, 416)

# Small, so that many downloads neither hold the event loop for long nor need much memory.
_CHUNK_BYTES: Final = 64 << 10


class ObjectHandler:
    """Serves GET and HEAD of ``/objects/KEY``."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Respond with the object, the requested range of it, or a redirect to its signed URL."""
        try:
            key = checked(request.match_info["key"])
        except ParamError:
            raise web.HTTPNotFound from None
        if (number := number_of(key)) is not None:
            return _portrait(request, key, number)
        if key.startswith(_ASSET_PREFIX):
            return _file(ASSETS / key.removeprefix(_ASSET_PREFIX), _ONE_DAY)
        try:
            headers = await self._store_headers(request, key)
            async with self._objects.open(request.method, key, headers) as response:
                match response:
                    case StoredFile(path):
                        return _file(path, _IMMUTABLE)
                    case SignedUrl() if key.endswith(_PLAYLIST):
                        return await self._playlist(key)
                    case SignedUrl(url):
                        return web.Response(status=302, headers={"Location": url})
                    case StoreResponse():
                        return await _forward(response, request, key)
        except StoreError:
            raise web.HTTPServiceUnavailable from None

    async def _playlist(self, key: str) -> web.Response:
        """Respond with a playlist itself: what it names has to be asked for here, to be signed."""
        with tempfile.TemporaryDirectory() as folder:
            path = await self._objects.fetch(key, Path(folder))
            body = await asyncio.to_thread(path.read_bytes)
        return web.Response(body=body, headers=_headers(key, _IMMUTABLE))

    async def _store_headers(self, request: web.Request, key: str) -> dict[str, str]:
        """Return the headers for the store; If-Range is evaluated here, as not all support it."""
        forwarded = {
            name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers
        }
        if "Range" in forwarded:
            forwarded["Range"] = forwarded["Range"].strip().lower()  # some stores reject "Bytes"
            if not await self._range_counts(request.headers, key):
                del forwarded["Range"]
        return forwarded

    async def _range_counts(self, headers: Mapping[str, str], key: str) -> bool:
        if "If-Range" not in headers:
            return is_range(headers["Range"])
        async with self._objects.open("HEAD", key, {}) as response:
            version = response.headers if isinstance(response, StoreResponse) else {}
        return range_counts(headers, version.get("ETag", ""), version.get("Last-Modified", ""))


def content_type(name: str) -> str:
    """Return the media type for a key's suffix."""
    suffix = Path(name).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


def _headers(name: str, cache_control: str) -> dict[str, str]:
    return {
        "Content-Type": content_type(name),
        "Cache-Control": cache_control,
        "X-Content-Type-Options": "nosniff",
    }


def _file(path: Path, cache_control: str) -> web.FileResponse:
    if not path.is_file():
        raise web.HTTPNotFound
    return _Object(path, _CHUNK_BYTES, headers=_headers(path.name, cache_control))


def _portrait(request: web.Request, key: str, number: int) -> web.Response:
    """Return a drawn picture; its key always names the same bytes."""
    etag = key.removesuffix(".png").rpartition("/")[2]
    headers = {**_headers(key, _IMMUTABLE), "ETag": f'"{etag}"'}
    if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=portrait(number), headers=headers)


class _Object(web.FileResponse):
    """A file response; failures, such as a range past the end, are not cacheable."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers; an invalid or outdated Range is ignored."""
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
    """Return the ETag and Last-Modified that aiohttp computes; empty if there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return "", ""
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"', formatdate(ceil(stat.st_mtime), usegmt=True)


async def _forward(stored: StoreResponse, request: web.Request, key: str) -> web.StreamResponse:
    """Stream the response of the store."""
    if stored.status not in _FORWARDED_STATUSES:
        raise web.HTTPNotFound if stored.status < 500 else web.HTTPServiceUnavailable
    forwarded = {n: stored.headers[n] for n in _RESPONSE_HEADERS if n in stored.headers}
    headers = {**_headers(key, _IMMUTABLE), **forwarded}
    if stored.status >= 400:
        del headers["Cache-Control"]
    response = web.StreamResponse(status=stored.status, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in stored.chunks:
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        # The store failed or the player left. The headers are sent, so only an abort is possible.
        _log.debug("object %s: response aborted: %r", key, error)
        if request.transport is not None:
            request.transport.abort()
    return response
