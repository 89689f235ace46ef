"""Uploads: streamed to the disk in a folder of their own, which is gone when the call ends."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import BodyPartReader, MultipartReader, web

from api.binding import MALFORMED, promptly
from microkit.errors import Overloaded, ParamError
from microkit.storage.objects import translated

_CHUNK: Final = 1 << 18
_TEXT_BYTES: Final = 64 << 10
_PARTS: Final = 32
_OVERHEAD: Final = 1 << 20
_AT_ONCE: Final = 64
_FILE: Final = "data"
_PREFIX: Final = "simple-douyin-uploads-"


@contextmanager
def own_folder(uploads: str) -> Iterator[Path]:
    """Give a folder of this process's alone below `uploads` (empty: below the temporary folder).

    What killed processes left there is removed: nobody locks their folders any more.
    """
    parent = Path(uploads or f"{tempfile.gettempdir()}/simple-douyin-{os.getuid()}")
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder, lock = _locked_folder(parent)
    try:
        for other in parent.glob(f"{_PREFIX}*"):
            _remove_if_left(other)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # Another process may take it for a leftover before it is locked.
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _remove_if_left(folder: Path) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:  # removed just now, or another user's
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # its process is alive
    finally:
        os.close(lock)


class TooLarge(ParamError):
    """More than is allowed: HTTP 413."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What arrived: texts by name, and the file, if there was one, in a folder to work in."""

    arguments: dict[str, str]
    folder: Path
    source: Path | None


class Uploads:
    """Receives multipart bodies with a file in the field `data`, of at most `max_mb` MiB."""

    def __init__(self, folder: Path, max_mb: int) -> None:
        self._folder = folder
        self._max_mb = max_mb
        self._under_way = 0

    @asynccontextmanager
    async def receive(self, request: web.Request) -> AsyncIterator[Upload]:
        """Stream the body to the disk; whatever is made in the folder is removed at the end.

        Raises:
            ParamError: it is no multipart body.
            TooLarge: the file, or another field, is larger than allowed.
            Overloaded: too many are under way.
            StoreError: the disk is full or cannot be written.
        """
        if request.content_type != "multipart/form-data":
            raise ParamError("请以 multipart/form-data 上传，视频放在 data 字段")
        if self._under_way >= _AT_ONCE:
            raise Overloaded
        if (request.content_length or 0) > (self._max_mb << 20) + _OVERHEAD:
            raise self._too_large()
        with translated("upload"):
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._folder))
        self._under_way += 1
        try:
            yield await self._receive(request, folder)
        finally:
            self._under_way -= 1
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _receive(self, request: web.Request, folder: Path) -> Upload:
        texts: dict[str, str] = {}
        source: Path | None = None
        try:
            reader = await request.multipart()
            for _ in range(_PARTS + 1):
                part = await promptly(reader.next())
                if part is None:
                    return Upload(texts, folder, source)
                if isinstance(part, MultipartReader):
                    raise ParamError("上传的表单格式错误")
                if part.name == _FILE and source is None:
                    source = folder / "upload"
                    await self._store(part, source)
                elif part.name == _FILE or part.filename is not None:
                    await promptly(part.release())  # the first file of its field counts
                else:
                    texts.setdefault(part.name or "", await _text(part))
        except MALFORMED as error:
            raise ParamError("上传的表单格式错误") from error
        raise ParamError(f"上传的表单最多 {_PARTS} 个字段")

    async def _store(self, part: BodyPartReader, target: Path) -> None:
        left = self._max_mb << 20
        with translated("upload"), target.open("wb") as file:
            while chunk := await promptly(part.read_chunk(_CHUNK)):
                left -= len(chunk)
                if left < 0:
                    raise self._too_large()
                await asyncio.to_thread(_write, file, chunk)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"视频不能超过 {self._max_mb} MB")


async def _text(part: BodyPartReader) -> str:
    raw = b""
    while chunk := await promptly(part.read_chunk(_TEXT_BYTES)):
        raw += chunk
        if len(raw) > _TEXT_BYTES:
            raise TooLarge(f"字段不能超过 {_TEXT_BYTES >> 10} KB")
    return raw.decode(part.get_charset("utf-8"))


def _write(file: BinaryIO, chunk: bytes) -> None:
    file.write(chunk)
