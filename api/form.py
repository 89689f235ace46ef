"""Multipart forms: their parts one after another, and the text of a part."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy

from microkit.errors import ParamError

CONTENT_TYPE: Final = "multipart/form-data"
# All that aiohttp raises for a body that is not what it says.
MALFORMED: Final = (
    ValueError,
    LookupError,
    AssertionError,
    RuntimeError,
    HttpProcessingError,
    web.RequestPayloadError,
)
_PARTS: Final = 32
_TEXT_BYTES: Final = 64 << 10


class TooLarge(ParamError):
    """More than is allowed: HTTP 413."""


class _Reader(MultipartReader):
    """Reads every part as a value.

    Retrofit labels text and file parts ``multipart/form-data`` or ``multipart/mixed`` when it is
    told so. Such a part has no boundary and no parts of its own.
    """

    def _get_part_reader(self, headers: CIMultiDictProxy[str]) -> MultipartReader | BodyPartReader:
        if headers.get("Content-Type", "").lower().startswith("multipart/"):
            unlabelled = CIMultiDict(headers)
            unlabelled.popall("Content-Type")
            headers = CIMultiDictProxy(unlabelled)
        return super()._get_part_reader(headers)


async def parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """Give the parts of a form in their order; what is not read of one is skipped.

    Raises:
        ParamError: the body is no form, or has more than 32 parts.
    """
    try:
        reader = _Reader(request.headers, request.content)
        for _ in range(_PARTS + 1):
            part = await reader.next()
            if not isinstance(part, BodyPartReader):
                return
            yield part
    except MALFORMED as error:
        raise ParamError("表单格式错误") from error
    raise ParamError(f"表单最多 {_PARTS} 个字段")


async def text(part: BodyPartReader) -> str:
    """Return the text of a part, whatever its type; of a JSON string its value.

    Raises:
        ParamError: it is no text in the charset that it names (UTF-8 by default).
        TooLarge: it is longer than 64 KiB.
    """
    raw = bytearray()
    try:
        while chunk := await part.read_chunk(_TEXT_BYTES):
            raw += chunk
            if len(raw) > _TEXT_BYTES:
                raise TooLarge(f"字段不能超过 {_TEXT_BYTES >> 10} KB")
        value = bytes(part.decode(raw)).decode(part.get_charset("utf-8"))
    except MALFORMED as error:
        raise ParamError("表单格式错误") from error
    labelled = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return _unquoted(value) if labelled == "application/json" else value


def _unquoted(value: str) -> str:
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read if isinstance(read, str) else value


@asynccontextmanager
async def paced(
    request: web.Request, bytes_per_second: int, window_seconds: float = 20.0
) -> AsyncIterator[None]:
    """Hold a client to a minimum rate while the block reads its body.

    Raises:
        ParamError: in one of the windows, one after another, less arrived than that.
    """
    try:
        async with asyncio.timeout(None) as deadline:
            pace = _Pace(request.content, bytes_per_second, window_seconds, deadline)
            try:
                yield
            finally:
                pace.timer.cancel()
    except TimeoutError as error:
        raise ParamError("数据传输过慢或中断，请重试") from error


class _Pace:
    """Ends a deadline as soon as a window has passed in which too little arrived."""

    def __init__(
        self,
        content: StreamReader,
        bytes_per_second: int,
        window_seconds: float,
        deadline: asyncio.Timeout,
    ) -> None:
        self._content = content
        self._wanted = bytes_per_second * window_seconds
        self._window_seconds = window_seconds
        self._deadline = deadline
        self._next_window()

    def _next_window(self) -> None:
        self._seen = self._content.total_bytes
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self._window_seconds, self._check)

    def _check(self) -> None:
        slow = self._content.total_bytes - self._seen < self._wanted
        if slow and not self._content.is_eof():
            self._deadline.reschedule(asyncio.get_running_loop().time())
        else:
            self._next_window()
