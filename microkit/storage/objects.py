"""Objects by key: videos, covers and pictures; in a directory, or in a bucket by the URL."""

import asyncio
import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.object_key import checked
from microkit.storage.settings import ObjectsSettings

_log = logging.getLogger(__name__)

# No key begins with a dot.
_PARTIAL: Final = ".partial"
_PARTIAL_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object that is a file on this machine; it may be missing."""

    path: Path


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """Where the caller's client can fetch an object itself, for hours."""

    url: str


@dataclass(frozen=True, slots=True)
class StoreResponse:
    """A store's own HTTP response for an object; `chunks` raises aiohttp's client errors."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Objects(Protocol):
    """A store of objects. A key: names of letters, digits and ``._-``, with ``/`` between them."""

    def open(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[StoredFile | SignedUrl | StoreResponse]:
        """Give what a GET or HEAD of the object is answered with.

        Only a store that responds itself heeds the `headers` (Range, If-None-Match).

        Raises:
            ParamError: this is no key.
            StoreError: the store does not answer.
        """

    async def put(self, key: str, source: Path, content_type: str) -> None:
        """Store the file `source` under `key`; durable when this returns."""

    async def delete(self, key: str) -> None:
        """Remove the object, if it is there."""

    async def check(self) -> None:
        """Find out whether objects can be stored."""


class FileObjects:
    """Objects as files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return where the object is, whether or not it exists.

        Raises:
            ParamError: this is no key.
        """
        return self._folder / checked(key)

    @asynccontextmanager
    async def open(
        self,
        method: str,  # noqa: ARG002 - the file is the same
        key: str,
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> AsyncIterator[StoredFile]:
        """Give the object's file, whether or not it exists.

        Raises:
            ParamError: this is no key.
        """
        yield StoredFile(self.path(key))

    async def put(self, key: str, source: Path, content_type: str) -> None:  # noqa: ARG002 - the name's ending says it
        """Store the file `source` under `key`; on the disk when this returns.

        Raises:
            StoreError: the disk is full or cannot be written.
        """
        with observed("objects", "file", "put"), map_os_errors("objects file.put"):
            await asyncio.to_thread(_copy, source, self.path(key), self._folder / _PARTIAL)

    async def delete(self, key: str) -> None:
        """Remove the object, if it is there.

        Raises:
            StoreError: it cannot be removed.
        """
        with observed("objects", "file", "delete"), map_os_errors("objects file.delete"):
            await asyncio.to_thread(self.path(key).unlink, missing_ok=True)

    async def check(self) -> None:
        """Find out whether the folder can be written.

        Raises:
            StoreError: it cannot.
        """
        if not os.access(self._folder, os.W_OK):
            raise StoreError("存储不可用，请稍后再试")


@contextmanager
def map_os_errors(what: str) -> Iterator[None]:
    """Raise StoreError for a disk's error, logged as `what`; it says whether the disk is full."""
    try:
        yield
    except ConnectionError:
        raise  # a client's, not a disk's
    except OSError as error:
        _log.error("%s: %s: %s", what, type(error).__name__, error)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(f"存储{'空间不足' if full else '不可用'}，请稍后再试") from error


def _copy(source: Path, target: Path, partials: Path) -> None:
    """Copy so that `target` is there completely, and on the disk, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partials.mkdir(exist_ok=True)
    partial = partials / secrets.token_hex(8)
    try:
        with source.open("rb") as read, partial.open("wb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _clear(partials: Path) -> None:
    """Remove what processes left that were killed while they copied: nothing takes so long."""
    if partials.exists():
        for left in partials.iterdir():
            if left.stat().st_mtime < time.time() - _PARTIAL_SECONDS:
                left.unlink(missing_ok=True)


@asynccontextmanager
async def open_objects(settings: ObjectsSettings) -> AsyncIterator[Objects]:
    """Open the store at `objects_url`: ``file:///absolute/folder`` or ``minio://…/bucket``.

    Raises:
        ConfigError: no such kind of store.
    """
    url = urlsplit(settings.objects_url)
    if url.scheme == "minio":
        from microkit.storage.minio import open_minio

        async with open_minio(settings) as objects:
            yield objects
    elif url.scheme == "file" and url.path.startswith("/") and not (url.query or url.fragment):
        folder = Path(unquote(url.path))
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(_clear, folder / _PARTIAL)
        yield FileObjects(folder)
    else:
        raise ConfigError(
            "OBJECTS_URL: want file:///absolute/folder or minio://access:secret@host:port/bucket"
        )
