"""Objects: every file or object of the store, copied once."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp

from api.objects import content_type
from api.orphans import FOLDERS
from microkit import config
from microkit.storage.objects import Objects, SignedUrl, StoredFile, open_objects
from microkit.storage.settings import ObjectsSettings
from scripts.archive.errors import ArchiveError

FOLDER: Final = "objects"
_OK: Final = 200
_NOT_FOUND: Final = 404
_CHUNK: Final = 1 << 20


class _GoneError(Exception):
    """The object does not exist."""


async def save(url: str, target: Path) -> str:
    """Copy the objects that `target` lacks; return what was copied.

    Objects never change, so that one that exists is complete: each is renamed when it is whole.

    Raises:
        StoreError: the store does not answer.
        ArchiveError: an object cannot be read.
    """
    copied = kept = 0
    async with open_objects(_settings(url)) as objects:
        for folder in FOLDERS:
            async for page in objects.pages(folder):
                for each in page:
                    file = target / each.key
                    if file.exists():
                        kept += 1
                    elif await _fetch(objects, each.key, file):
                        copied += 1
    return f"{FOLDER}: {copied} copied, {kept} kept from before"


async def _fetch(objects: Objects, key: str, file: Path) -> bool:
    """Copy an object; return False if it has been removed since it was listed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    try:
        await _read(objects, key, partial)
    except (FileNotFoundError, _GoneError):
        return False
    partial.replace(file)
    return True


async def _read(objects: Objects, key: str, partial: Path) -> None:
    async with objects.open("GET", key, {}) as opened:
        if isinstance(opened, StoredFile):
            shutil.copyfile(opened.path, partial)
        elif isinstance(opened, SignedUrl):
            async with aiohttp.ClientSession() as session, session.get(opened.url) as response:
                await _write(key, response.status, response.content.iter_chunked(_CHUNK), partial)
        else:
            await _write(key, opened.status, opened.chunks, partial)


async def _write(key: str, status: int, chunks: AsyncIterator[bytes], file: Path) -> None:
    if status == _NOT_FOUND:
        raise _GoneError
    if status != _OK:
        raise ArchiveError(f"object {key} cannot be read: the store answers {status}")
    with file.open("wb") as write:
        async for chunk in chunks:
            write.write(chunk)


async def load(url: str, source: Path) -> str:
    """Store every object of a backup; return what was stored.

    Raises:
        StoreError: the store does not answer.
    """
    async with open_objects(_settings(url)) as objects:
        stored = 0
        for folder in FOLDERS:
            for file in await asyncio.to_thread(_complete, source / folder):
                await objects.put(f"{folder}/{file.name}", file, content_type(file.name))
                stored += 1
    return f"{FOLDER}: {stored} stored"


def _complete(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.glob("*")) if not each.name.startswith(".")]


def _settings(url: str) -> ObjectsSettings:
    # OBJECTS_PRESIGNED says whether the bucket stays private.
    return config.load(ObjectsSettings, objects_url=url)
