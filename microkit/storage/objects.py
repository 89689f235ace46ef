"""Object storage for videos, covers and pictures: a folder or a bucket, by URL."""

import asyncio
import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote

from microkit.config import ConfigError
from microkit.errors import Error, StoreError
from microkit.observe import observed
from microkit.storage.object_key import checked
from microkit.storage.settings import ObjectsSettings
from microkit.storage.url import split

_log = logging.getLogger(__name__)

# A folder for unfinished copies; no key begins with a dot.
_PARTIAL: Final = ".partial"
# Older than any copy takes.
PARTIAL_SECONDS: Final = 3600
LIST_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object as a local file; the file may be missing."""

    path: Path


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A presigned URL from which a client can fetch an object."""

    url: str


@dataclass(frozen=True, slots=True)
class StoreResponse:
    """The HTTP response of a store for an object; `chunks` raises aiohttp's client errors."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object in a listing; `modified` is the time of its last change, seconds since 1970."""

    key: str
    modified: float


class Objects(Protocol):
    """An object store. A key is names of letters, digits and ``._-``, separated by ``/``."""

    def open(
        self, method: str, key: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[StoredFile | SignedUrl | StoreResponse]:
        """Open an object for a GET or HEAD request.

        Request `headers` (Range, If-None-Match) apply only if the result is a StoreResponse.

        Raises:
            ParamError: the key is invalid.
            StoreError: the store failed or timed out.
        """

    async def put(self, key: str, source: Path, content_type: str) -> None:
        """Store the file `source` under `key`; durable when this returns."""

    async def fetch(self, key: str, folder: Path) -> Path:
        """Return a file to read the object from: the stored one, or a copy in `folder`.

        Raises:
            ParamError: the key is invalid.
            StoreError: there is no such object, or the store failed or timed out.
        """

    async def delete(self, key: str) -> None:
        """Remove the object if it exists."""

    def pages(self, folder: str) -> AsyncIterator[list[ObjectInfo]]:
        """Yield the objects whose keys are ``folder/NAME``, in pages of up to 500.

        Raises:
            StoreError: the store failed or timed out.
        """

    async def clear_partials(self) -> None:
        """Remove what killed processes left of objects they were storing over an hour ago.

        Raises:
            StoreError: the store failed or timed out.
        """

    async def check(self) -> None:
        """Check that objects can be stored.

        Raises:
            StoreError: they cannot.
        """


class FileObjects:
    """Objects as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return the path of the object, which may be missing.

        Raises:
            ParamError: the key is invalid.
        """
        return self._folder / checked(key)

    @asynccontextmanager
    async def open(
        self,
        method: str,  # noqa: ARG002 - the interface of Objects
        key: str,
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> AsyncIterator[StoredFile]:
        """Open the object as its file, which may be missing.

        Raises:
            ParamError: the key is invalid.
        """
        yield StoredFile(self.path(key))

    async def put(self, key: str, source: Path, content_type: str) -> None:  # noqa: ARG002 - the key's suffix implies it
        """Store the file `source` under `key`; durable when this returns.

        If it fails or is cancelled, no object is visible.

        Raises:
            StoreError: the disk is full or not writable.
        """
        target = self.path(key)
        with observed("objects", "file", "put"), map_os_errors("objects file.put"):
            copying = asyncio.create_task(
                asyncio.to_thread(_copy, source, target, self._folder / _PARTIAL)
            )
            try:
                await asyncio.shield(copying)
            except asyncio.CancelledError:
                # The thread goes on: what it stores after this would have no owner.
                while not copying.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait((copying,))
                target.unlink(missing_ok=True)
                copying.exception()  # else asyncio reports that nobody looked at it
                raise

    async def fetch(self, key: str, folder: Path) -> Path:  # noqa: ARG002 - nothing is copied
        """Return the object's own file.

        Raises:
            ParamError: the key is invalid.
            StoreError: there is no such object.
        """
        path = self.path(key)
        if not await asyncio.to_thread(path.is_file):
            raise StoreError("存储不可用，请稍后再试")
        return path

    async def delete(self, key: str) -> None:
        """Remove the object if it exists.

        Raises:
            StoreError: the file cannot be removed.
        """
        with observed("objects", "file", "delete"), map_os_errors("objects file.delete"):
            await asyncio.to_thread(self.path(key).unlink, missing_ok=True)

    async def pages(self, folder: str) -> AsyncIterator[list[ObjectInfo]]:
        """Yield the objects whose keys are ``folder/NAME``, in pages of up to 500.

        Raises:
            StoreError: the folder cannot be read.
        """
        listed = _listed(self.path(folder))
        try:
            while True:
                with observed("objects", "file", "list"), map_os_errors("objects file.list"):
                    page = await asyncio.to_thread(lambda: list(islice(listed, LIST_PAGE)))
                if not page:
                    return
                yield page
        finally:
            listed.close()

    async def clear_partials(self) -> None:
        """Remove the partial copies of killed processes.

        Raises:
            StoreError: a file cannot be removed.
        """
        with map_os_errors("objects file.clear"):
            await asyncio.to_thread(_clear, self._folder / _PARTIAL)

    async def check(self) -> None:
        """Check that the folder is writable.

        Raises:
            StoreError: it is not.
        """
        if not os.access(self._folder, os.W_OK):
            raise StoreError("存储不可用，请稍后再试")


async def discard(objects: Objects, keys: Iterable[str]) -> None:
    """Delete objects that nobody refers to; the log names those that are left to a sweep."""
    for key in keys:
        try:
            await objects.delete(key)
        except Error as error:
            _log.warning("object %s is left to the sweep: %s", key, error.message)


@contextmanager
def map_os_errors(operation: str) -> Iterator[None]:
    """Log an OSError of `operation` and raise StoreError; its message says if the disk is full."""
    try:
        yield
    except ConnectionError:
        raise  # of a network peer, not of the disk
    except OSError as error:
        _log.error("%s: %s: %s", operation, type(error).__name__, error)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(f"存储{'空间不足' if full else '不可用'}，请稍后再试") from error


def _listed(folder: Path) -> Generator[ObjectInfo, None, None]:
    """Yield the files of a folder, which may be missing; files removed meanwhile are left out."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    yield ObjectInfo(f"{folder.name}/{entry.name}", entry.stat().st_mtime)


def _copy(source: Path, target: Path, partials: Path) -> None:
    """Copy atomically and durably: `target` is complete and synced, or absent."""
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
    """Remove the partial copies of killed processes."""
    if partials.exists():
        for partial in partials.iterdir():
            if partial.stat().st_mtime < time.time() - PARTIAL_SECONDS:
                partial.unlink(missing_ok=True)


@asynccontextmanager
async def open_objects(settings: ObjectsSettings) -> AsyncIterator[Objects]:
    """Open the store at `objects_url`: ``file:///absolute/folder`` or ``minio://…/bucket``.

    Raises:
        ConfigError: the URL is invalid.
    """
    invalid = "OBJECTS_URL: want file:///absolute/folder or minio://access:secret@host:port/bucket"
    url = split(settings.objects_url, invalid)
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
        raise ConfigError(invalid)
