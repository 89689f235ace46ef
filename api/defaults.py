"""Stores the default pictures in a bucket that clients read directly."""

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Final

from api.objects import ASSETS, content_type
from api.portrait import FOLDER, NUMBER, portrait
from microkit.errors import Error
from microkit.storage.objects import Objects, StoreResponse

_log = logging.getLogger(__name__)
_TYPE: Final = "image/png"


async def store_assets(objects: Objects) -> None:
    """Store the files of `assets` and, once, the drawn avatars; a failure is logged."""
    try:
        for asset in sorted(ASSETS.iterdir()):
            await objects.put(f"default/{asset.name}", asset, content_type(asset.name))
        if not await _exists(objects, f"{FOLDER}{NUMBER - 1}.png"):
            await _store_portraits(objects)
    except Error as error:
        _log.error("default pictures are not in the bucket: %s", error.message)


async def _store_portraits(objects: Objects) -> None:
    """Store all drawn avatars, the last one at the end: it says that all are there."""
    with tempfile.NamedTemporaryFile() as file:
        for number in range(NUMBER):
            await asyncio.to_thread(Path(file.name).write_bytes, portrait(number))
            await objects.put(f"{FOLDER}{number}.png", Path(file.name), _TYPE)


async def _exists(objects: Objects, key: str) -> bool:
    async with objects.open("HEAD", key, {}) as response:
        return isinstance(response, StoreResponse) and response.status == 200
