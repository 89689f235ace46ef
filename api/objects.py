"""Objects over HTTP: with Range, because players seek, and cached for good, because keys are."""

import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

from microkit.errors import ParamError
from microkit.storage.objects import FileObjects

_ASSETS: Final = Path(__file__).parent / "assets"
_DEFAULT: Final = "default/"
_TYPES: Final = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}


class ObjectHandler:
    """Serves GET and HEAD of ``/objects/KEY``."""

    def __init__(self, objects: FileObjects) -> None:
        self._objects = objects

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with the object, or the part of it that is asked for."""
        key = request.match_info["key"]
        try:
            path = self._objects.path(key)
        except ParamError:
            raise web.HTTPNotFound from None
        if key.startswith(_DEFAULT):
            path = _ASSETS / key.removeprefix(_DEFAULT)
        suffix = path.suffix.lower()
        kind = _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
        return web.FileResponse(path, headers={**_HEADERS, "Content-Type": kind})
