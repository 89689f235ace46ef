"""Multipart forms: their parts in order, the text of a part, and a minimum transfer rate."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy

from microkit.errors import ParamError

CONTENT_TYPE: Final = "multipart/form-data"
# Everything that aiohttp raises for a malformed body.
MALFORMED: Final = (
    ValueError,
    LookupError,
    AssertionError,
    RuntimeError,
    HttpProcessingError,
    web.RequestPayloadError,
)
_MAX_PARTS: Final = 32
# Python decodes some others in quadratic time (punycode), and keeps every name that it looks up.
_CHARSETS: Final = frozenset(
    ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "gbk", "gb2312", "gb18030")
)
_PARAMETER: Final = re.compile(r';\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)')
_NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_MAX_TEXT_BYTES: Final = 64 << 10


class TooLarge(ParamError):
    """The input is larger than allowed: HTTP 413."""


class Compressed(ParamError):
    """The body is compressed: HTTP 415."""


def must_be_plain(request: web.Request) -> None:
    """Refuse a compressed body: a small one can be a thousand times as long.

    Raises:
        Compressed: the body has a Content-Encoding.
    """
    if _is_compressed(request.headers):
        raise Compressed("请求体不能压缩（Content-Encoding）")


def _is_compressed(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Encoding", "identity").lower() != "identity"


class _Reader(MultipartReader):
    """Reads every part as a value.

    Retrofit can label text and file parts ``multipart/form-data`` or ``multipart/mixed``. Such a
    part has no boundary and no nested parts. Of the Content-Disposition only the name and whether
    there is a file name are passed on: aiohttp would decode file names in any charset, and warn of
    each header that it cannot parse; Python keeps the texts of warnings.
    """

    def _get_part_reader(self, headers: CIMultiDictProxy[str]) -> MultipartReader | BodyPartReader:
        kept = CIMultiDict(headers)
        if headers.get("Content-Type", "").lower().startswith("multipart/"):
            kept.popall("Content-Type")
        kept["Content-Disposition"] = _plain(headers.get("Content-Disposition", ""))
        if _is_compressed(kept):
            raise ValueError("a compressed part")
        return super()._get_part_reader(CIMultiDictProxy(kept))


def _plain(disposition: str) -> str:
    """Return a Content-Disposition with the same name, and a file name if it has one."""
    parameters = {name.lower(): value for name, value in _PARAMETER.findall(disposition)}
    name = parameters.get("name", "").strip().strip('"')
    named = f'; name="{name}"' if _NAME.fullmatch(name) and name != "_charset_" else ""
    has_file = "filename" in parameters or "filename*" in parameters
    return "form-data" + named + ('; filename="file"' if has_file else "")


def decoded(raw: bytes, charset: str | None) -> str:
    """Decode a text of a client; UTF-8 unless it names another charset.

    Raises:
        ValueError: clients do not use the charset, or it is not text in it.
    """
    name = (charset or "utf-8").strip('"').lower()
    if name not in _CHARSETS:
        raise ValueError("unknown charset")
    return raw.decode(name)


async def parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """Yield the parts of a form in order; the unread rest of a part is skipped.

    Raises:
        ParamError: the body is not a form, or has more than 32 parts.
    """
    try:
        reader = _Reader(request.headers, request.content)
        for _ in range(_MAX_PARTS + 1):
            part = await reader.next()
            if not isinstance(part, BodyPartReader):
                return
            yield part
    except MALFORMED as error:
        raise ParamError("表单格式错误") from error
    raise ParamError(f"表单最多 {_MAX_PARTS} 个字段")


async def text(part: BodyPartReader) -> str:
    """Return the text of a part of any type; a JSON string is decoded.

    Raises:
        ParamError: the part is not text in its declared charset (UTF-8 by default).
        TooLarge: the part is longer than 64 KiB.
    """
    raw = bytearray()
    try:
        while chunk := await part.read_chunk(_MAX_TEXT_BYTES):
            raw += chunk
            if len(raw) > _MAX_TEXT_BYTES:
                raise TooLarge(f"字段不能超过 {_MAX_TEXT_BYTES >> 10} KB")
        value = decoded(bytes(part.decode(raw)), part.get_charset("utf-8"))
    except MALFORMED as error:
        raise ParamError("表单格式错误") from error
    media_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return _unquoted(value) if media_type == "application/json" else value


def _unquoted(value: str) -> str:
    try:
        decoded = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return decoded if isinstance(decoded, str) else value


@asynccontextmanager
async def paced(
    request: web.Request, bytes_per_second: int, max_bytes: int, window_seconds: float = 20.0
) -> AsyncIterator[None]:
    """Require a minimum transfer rate while the block reads the body, and an end of it.

    The rest of a part is skipped without a limit of its own: a chunked body could go on for ever.

    Raises:
        ParamError: fewer bytes arrived in a window of `window_seconds` than the rate requires.
        TooLarge: after a window the body has more than `max_bytes`.
    """
    try:
        async with asyncio.timeout(None) as deadline:
            check = _RateCheck(
                request.content, bytes_per_second, max_bytes, window_seconds, deadline
            )
            try:
                yield
            finally:
                check.timer.cancel()
    except TimeoutError as error:
        if request.content.total_bytes > max_bytes:
            raise TooLarge(f"请求体不能超过 {max_bytes >> 20} MB") from error
        raise ParamError("数据传输过慢或中断，请重试") from error


class _RateCheck:
    """Expires a deadline after a window in which too few bytes arrived, or too many in all."""

    def __init__(
        self,
        content: StreamReader,
        bytes_per_second: int,
        max_bytes: int,
        window_seconds: float,
        deadline: asyncio.Timeout,
    ) -> None:
        self._content = content
        self._max_bytes = max_bytes
        self._min_bytes = bytes_per_second * window_seconds
        self._window_seconds = window_seconds
        self._deadline = deadline
        self._next_window()

    def _next_window(self) -> None:
        self._bytes_at_start = self._content.total_bytes
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self._window_seconds, self._check)

    def _check(self) -> None:
        total = self._content.total_bytes
        slow = total - self._bytes_at_start < self._min_bytes
        if (slow or total > self._max_bytes) and not self._content.is_eof():
            self._deadline.reschedule(asyncio.get_running_loop().time())
        else:
            self._next_window()
