"""Uploads: streamed to the disk in a folder of their own, which is removed when the call ends.

A file is received in a turn of its user's, who is known from the query, the Authorization header
or the texts before the file. Where the token comes after the file, it is one of the few turns of
the client's address. Until the file begins only some texts are read, which takes no turn.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import BodyPartReader, web

from api import form
from api.form import TooLarge
from api.settings import Settings
from api.turns import Turns
from microkit.errors import ParamError
from microkit.folder import own_folder
from microkit.storage.objects import map_os_errors

_CHUNK: Final = 1 << 18
_OVERHEAD: Final = 1 << 20
_TEXTS: Final = 64 << 10
_FILE: Final = "data"
_WAITING: Final = 256
_PATIENCE_SECONDS: Final = 8.0
_BUSY: Final = "正在上传的视频太多，请稍后再试"
_PREFIX: Final = "simple-douyin-uploads-"


def upload_folder(parent: str) -> AbstractContextManager[Path]:
    """Give a folder for this process's uploads below `parent`, or below the temporary folder."""
    default = Path(tempfile.gettempdir(), f"simple-douyin-{os.getuid()}")
    return own_folder(Path(parent) if parent else default, _PREFIX)


@dataclass(frozen=True, slots=True)
class Upload:
    """What arrived: texts by name, and the file, if there was one, in a folder to work in."""

    arguments: dict[str, str]
    folder: Path
    source: Path | None


class Uploads:
    """Receives multipart bodies with a file in the field `data`.

    Args:
        folder: where uploads are kept until they are stored.
        settings: the largest file, and how many uploads may be under way.
        user_of: returns the user of a token or raises Unauthorized.
    """

    def __init__(self, folder: Path, settings: Settings, user_of: Callable[[str], int]) -> None:
        self._folder = folder
        self._max_mb = settings.upload_max_mb
        self._bytes_per_second = settings.upload_min_kib_per_second << 10
        self._user_of = user_of
        self._of_users = _turns(settings.uploads_at_once, settings.uploads_per_client)
        strangers = max(1, settings.uploads_at_once // 4)
        self._of_addresses = _turns(strangers, settings.uploads_per_client)

    @asynccontextmanager
    async def receive(self, request: web.Request, user_id: int) -> AsyncIterator[Upload]:
        """Stream the body to the disk; whatever is made in the folder is removed at the end.

        Args:
            request: its body has not been read.
            user_id: whose upload it is; 0 when the token comes with the form.

        Raises:
            ParamError: it is no multipart body, or it comes too slowly.
            TooLarge: the file, or another field, is larger than allowed.
            Unauthorized: the form's token is not valid.
            Overloaded: too many are under way.
            StoreError: the disk is full or cannot be written.
        """
        if request.content_type != form.CONTENT_TYPE:
            raise ParamError("请以 multipart/form-data 上传，视频放在 data 字段")
        if (request.content_length or 0) > (self._max_mb << 20) + _OVERHEAD:
            raise self._too_large()
        texts: dict[str, str] = {}
        parts = form.parts(request)
        async with form.paced(request, self._bytes_per_second):
            file = await self._read_texts(parts, texts)
        if not user_id and texts.get("token"):
            user_id = self._user_of(texts["token"])
        async with self._turn(request, user_id):
            with map_os_errors("http api.upload"):
                folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._folder))
            try:
                source = folder / "upload" if file is not None else None
                if file is not None and source is not None:
                    async with form.paced(request, self._bytes_per_second):
                        await self._store(file, source)
                        while await self._read_texts(parts, texts):
                            pass  # the first file counts
                yield Upload(texts, folder, source)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _turn(self, request: web.Request, user_id: int) -> AbstractAsyncContextManager[None]:
        if user_id:
            return self._of_users.turn(user_id)
        return self._of_addresses.turn(request.remote)

    async def _read_texts(
        self, parts: AsyncIterator[BodyPartReader], texts: dict[str, str]
    ) -> BodyPartReader | None:
        """Read texts, the first of a name counts, up to the next part that holds the file."""
        async for part in parts:
            if part.name == _FILE:
                return part
            if part.filename is None:
                texts.setdefault(part.name or "", await form.text(part))
            if sum(map(len, texts.values())) > _TEXTS:
                raise TooLarge(f"字段共不能超过 {_TEXTS >> 10} K 个字符")
        return None

    async def _store(self, part: BodyPartReader, target: Path) -> None:
        left = self._max_mb << 20
        with map_os_errors("http api.upload"), target.open("wb") as file:
            while chunk := await _chunk(part):
                left -= len(chunk)
                if left < 0:
                    raise self._too_large()
                await asyncio.to_thread(_write, file, chunk)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"视频不能超过 {self._max_mb} MB")


def _turns(limit: int, per_client: int) -> Turns:
    return Turns(
        limit,
        _WAITING,
        per_client=per_client,
        patience_seconds=_PATIENCE_SECONDS,
        refusal=_BUSY,
    )


async def _chunk(part: BodyPartReader) -> bytes:
    try:
        return await part.read_chunk(_CHUNK)
    except form.MALFORMED as error:
        raise ParamError("表单格式错误") from error


def _write(file: BinaryIO, chunk: bytes) -> None:
    file.write(chunk)
