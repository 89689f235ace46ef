"""Objects over HTTP: with Range, because players seek, and cached for good, because keys are."""

import logging
import mimetypes
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from microkit.errors import ParamError, StoreError
from microkit.storage.keys import checked
from microkit.storage.minio import MinioObjects
from microkit.storage.objects import FileObjects

_log = logging.getLogger(__name__)

ASSETS: Final = Path(__file__).parent / "assets"
_DEFAULT: Final = "default/"
_TYPES: Final = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_FOR_A_DAY: Final = "public, max-age=86400"
_ASKED: Final = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
_TOLD: Final = ("Content-Length", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges")
_PASSED_ON: Final = (200, 206, 304, 416)
_CHUNK: Final = 64 << 10


class ObjectHandler:
    """Serves GET and HEAD of ``/objects/KEY``."""

    def __init__(self, objects: FileObjects | MinioObjects) -> None:
        self._objects = objects

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with the object, the part of it that is asked for, or where it is."""
        try:
            key = checked(request.match_info["key"])
        except ParamError:
            raise web.HTTPNotFound from None
        if key.startswith(_DEFAULT):
            return _file(ASSETS / key.removeprefix(_DEFAULT), _FOR_A_DAY)
        if isinstance(self._objects, FileObjects):
            return _file(self._objects.path(key), _FOR_GOOD)
        try:
            if address := await self._objects.address(request.method, key):
                raise web.HTTPFound(address)
            return await _passed_on(self._objects, request, key)
        except StoreError:
            raise web.HTTPServiceUnavailable from None


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

    def set_status(self, status: int, reason: str | None = None) -> None:
        super().set_status(status, reason)
        if status >= 400:
            self.headers.popall("Cache-Control", None)


async def _passed_on(objects: MinioObjects, request: web.Request, key: str) -> web.StreamResponse:
    """Stream the store's own answer, which knows ranges and conditions."""
    asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
    async with objects.fetch(request.method, key, asked) as found:
        if found.status not in _PASSED_ON:
            raise web.HTTPNotFound if found.status < 500 else web.HTTPServiceUnavailable
        told = {name: found.headers[name] for name in _TOLD if name in found.headers}
        headers = {**_headers(key, _FOR_GOOD), **told}
        if found.status >= 400:
            del headers["Cache-Control"]
        response = web.StreamResponse(status=found.status, headers=headers)
        await response.prepare(request)
        try:
            async for chunk in found.content.iter_chunked(_CHUNK):
                await response.write(chunk)
            await response.write_eof()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The store failed, or the player left: what was begun can only be cut off.
            _log.debug("%s ends early: %r", key, error)
            if request.transport is not None:
                request.transport.abort()
        return response
