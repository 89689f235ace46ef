"""Uploads: streamed to disk in a folder that is removed when the call ends.

Receiving a file needs a turn, to limit concurrent uploads. The turn is per user if the token is in
the query, a header, or a text field before the file. Otherwise it is per client address, with fewer
turns. Text fields before the file are read without a turn.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from aiohttp import BodyPartReader, web

from api import form
from api.form import TooLarge
from api.settings import Settings
from api.turns import Turns
from microkit.errors import ParamError
from microkit.folder import own_folder
from microkit.storage.objects import map_os_errors

FILES: Final = ("video", "picture")
"""What a method may take: values of `api.file` in the IDL."""
_CHUNK_BYTES: Final = 1 << 18
_FORM_OVERHEAD_BYTES: Final = 1 << 20
_MAX_TEXT_CHARACTERS: Final = 64 << 10
_FILE_FIELD: Final = "data"
_MAX_WAITING: Final = 256
_PATIENCE_SECONDS: Final = 8.0
_BUSY: Final = "正在上传的文件太多，请稍后再试"
_PICTURE_MB: Final = 10
_PREFIX: Final = "simple-douyin-uploads-"


def upload_folder(parent: str) -> AbstractContextManager[Path]:
    """Create a folder for this process's uploads below `parent`, or the temporary folder."""
    default = Path(tempfile.gettempdir(), f"simple-douyin-{os.getuid()}")
    return own_folder(Path(parent) if parent else default, _PREFIX)


class Expected(NamedTuple):
    """What a method takes.

    Args:
        file: what the file is: `api.file` in the IDL.
        limit: the rate limit of the method: `api.limit` in the IDL.
    """

    file: str
    limit: str


class _Kind(NamedTuple):
    """A kind of file: its name in messages, and its maximum size."""

    noun: str
    max_mb: int

    @property
    def max_body_bytes(self) -> int:
        """The size of the largest body: the file and the rest of the form."""
        return (self.max_mb << 20) + _FORM_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Upload:
    """A received form.

    Args:
        arguments: its texts by name.
        folder: a working folder.
        source: the file in it, if the form has one.
        user_id: the user who was admitted; 0 without a token.
    """

    arguments: dict[str, str]
    folder: Path
    source: Path | None
    user_id: int


class Uploads:
    """Receives multipart bodies with a file in the field `data`.

    Args:
        folder: holds uploads until they are stored.
        settings: the maximum size of a video and number of concurrent uploads.
        user_of: returns the user id of a token or raises Unauthorized.
        admit: raises an error if the user may not upload, and counts the upload to a rate limit;
            called before the file is received, unless the token comes after it.
        address_of: returns the address of a request's client.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        user_of: Callable[[str], int],
        admit: Callable[[int, str], Awaitable[None]],
        address_of: Callable[[web.Request], str],
    ) -> None:
        self._folder = folder
        kinds = (_Kind("视频", settings.upload_max_mb), _Kind("图片", _PICTURE_MB))
        self._kinds = dict(zip(FILES, kinds, strict=True))
        self._bytes_per_second = settings.upload_min_kib_per_second << 10
        self._user_of = user_of
        self._admit = admit
        self._address_of = address_of
        self._turns_by_user = _turns(
            settings.uploads_at_once, settings.uploads_per_client, "uploads"
        )
        anonymous = max(1, settings.uploads_at_once // 4)
        self._turns_by_address = _turns(anonymous, settings.uploads_per_client, "late_uploads")

    @asynccontextmanager
    async def receive(
        self, request: web.Request, expected: Expected, user_id: int
    ) -> AsyncIterator[Upload]:
        """Stream the body to disk; the folder is removed when the block ends.

        Args:
            request: its body has not been read.
            expected: what its method takes.
            user_id: the uploading user; 0 if the token is in the form.

        Raises:
            ParamError: the body is not multipart, is compressed, or arrives too slowly.
            TooLarge: the file or the text fields are larger than allowed.
            Unauthorized: the token in the form is not valid.
            Error: the user may not upload.
            Overloaded: too many uploads are in progress.
            StoreError: the disk is full or cannot be written.
        """
        kind = self._kinds[expected.file]
        form.must_be_plain(request)
        if request.content_type != form.CONTENT_TYPE:
            raise ParamError(f"请以 multipart/form-data 上传，{kind.noun}放在 data 字段")
        if (request.content_length or 0) > kind.max_body_bytes:
            raise _too_large(kind)
        if user_id:
            await self._admit(user_id, expected.limit)
        texts: dict[str, str] = {}
        parts = form.parts(request)
        async with form.paced(request, self._bytes_per_second, kind.max_body_bytes):
            file = await self._read_texts(parts, texts)
        user_id = user_id or await self._user(texts, expected)
        async with self._turn(request, user_id):
            with map_os_errors("http api.upload"):
                folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._folder))
            try:
                source = folder / "upload" if file is not None else None
                if file is not None and source is not None:
                    async with form.paced(request, self._bytes_per_second, kind.max_body_bytes):
                        await _store(file, source, kind)
                        while await self._read_texts(parts, texts):
                            pass  # further files are ignored
                user_id = user_id or await self._user(texts, expected)
                yield Upload(texts, folder, source, user_id)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _user(self, texts: dict[str, str], expected: Expected) -> int:
        """Return the user of the token in the form, who may upload; 0 without a token."""
        token = texts.get("token")
        if not token:
            return 0
        user_id = self._user_of(token)
        await self._admit(user_id, expected.limit)
        return user_id

    def _turn(self, request: web.Request, user_id: int) -> AbstractAsyncContextManager[None]:
        if user_id:
            return self._turns_by_user.turn(user_id)
        return self._turns_by_address.turn(self._address_of(request))

    async def _read_texts(
        self, parts: AsyncIterator[BodyPartReader], texts: dict[str, str]
    ) -> BodyPartReader | None:
        """Read text fields, the first of each name, up to the next file part; None at the end."""
        async for part in parts:
            if part.name == _FILE_FIELD:
                return part
            if part.filename is None:
                texts.setdefault(part.name or "", await form.text(part))
            if sum(map(len, texts.values())) > _MAX_TEXT_CHARACTERS:
                raise TooLarge(f"字段共不能超过 {_MAX_TEXT_CHARACTERS >> 10} K 个字符")
        return None


async def _store(part: BodyPartReader, target: Path, kind: _Kind) -> None:
    left = kind.max_mb << 20
    with map_os_errors("http api.upload"), target.open("wb") as file:
        while chunk := await _chunk(part):
            left -= len(chunk)
            if left < 0:
                raise _too_large(kind)
            await asyncio.to_thread(_write, file, chunk)


def _too_large(kind: _Kind) -> TooLarge:
    return TooLarge(f"{kind.noun}不能超过 {kind.max_mb} MB")


def _turns(limit: int, per_client: int, name: str) -> Turns:
    return Turns(
        limit,
        _MAX_WAITING,
        per_client=per_client,
        patience_seconds=_PATIENCE_SECONDS,
        refusal=_BUSY,
        name=name,
    )


async def _chunk(part: BodyPartReader) -> bytes:
    try:
        return await part.read_chunk(_CHUNK_BYTES)
    except form.MALFORMED as error:
        raise ParamError("表单格式错误") from error


def _write(file: BinaryIO, chunk: bytes) -> None:
    file.write(chunk)
