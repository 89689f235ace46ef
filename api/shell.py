"""The service worker: its script, with the list of the page's files and their version.

The browser compares the script byte by byte. A changed file changes the version, so every browser
replaces its copy of the page as a whole, never a part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from api.content import Content, File

SCRIPT: Final = "sw.js"
_PAGE: Final = "index.html"
_LEFT_OUT: Final = (".png",)  # icons that the system loads once, when the page is installed


class Worker:
    """The script of the service worker.

    Args:
        files: the files of the page by name, the script among them.
        headers: of the response.
    """

    def __init__(self, files: Mapping[str, File], headers: Mapping[str, str]) -> None:
        self._script = files[SCRIPT]
        self._page = files[_PAGE]
        self._headers = {"Content-Type": "text/javascript; charset=utf-8", **headers}
        self._files = {"/": self._page} | {
            f"/web/{name}": file
            for name, file in sorted(files.items())
            if name not in {SCRIPT, _PAGE} and not name.endswith(_LEFT_OUT)
        }
        self._content: Content | None = None
        self._version = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Return the script, for the files as they are now."""
        script = await self._script.content()
        contents = [await file.content() for file in self._files.values()]
        tags = "".join(content.etag for content in (script, *contents))
        version = hashlib.sha256(tags.encode()).hexdigest()[:16]
        if self._content is None or version != self._version:
            shell = json.dumps({"version": version, "files": list(self._files)})
            body = f"self.SHELL = {shell};\n".encode() + script.body
            self._content, self._version = Content.of(body), version
        return self._content.answer(request, self._headers)
