"""Orphans: objects that a killed upload stored, without the row that would refer to them.

An object is an orphan if its name is one that this API makes, it is older than an hour (a publish
in progress stores its objects minutes before the row), and nobody refers to it. Who may refer to
objects is the list `referrers`: if one of them does not answer, nothing is removed.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from api.clients import Clients
from api.pictures import AVATARS, BACKGROUNDS, owner_of, used_by_accounts
from api.publishing import VIDEOS
from api.rendering import COVERS, RENDITIONS, is_rendition, named_by
from microkit.background import periodically
from microkit.storage.objects import ObjectInfo, Objects

_log = logging.getLogger(__name__)

FOLDERS: Final = (VIDEOS, COVERS, RENDITIONS, AVATARS, BACKGROUNDS)
_NAME: Final = re.compile(r"[a-z]+/[0-9a-f]{32}\.[a-z0-9]+")
_MIN_AGE_SECONDS: Final = 3600.0
# More orphans than objects with a row, on a page with more than this: probably a wrong database.
_FEW: Final = 20

_DAY_SECONDS: Final = 24 * 3600
_ASK_SECONDS: Final = 3600.0


def is_stored_name(key: str) -> bool:
    """Whether a key is one that publishing makes."""
    return bool(_NAME.fullmatch(key)) or is_rendition(key)


def _is_ours(key: str) -> bool:
    return is_stored_name(key) or owner_of(key) is not None


Referrer = Callable[[list[str]], Awaitable[Collection[str]]]
"""Returns those of the keys that a row refers to."""


def referrers(clients: Clients) -> list[Referrer]:
    """Return everybody whose rows refer to objects."""
    return [partial(used_by_videos, clients), partial(used_by_accounts, clients)]


async def used_by_videos(clients: Clients, keys: list[str]) -> Collection[str]:
    """Return those of the keys that belong to a video."""
    # Of all objects of a video's renditions, its row names the playlist.
    named = {key: named_by(key) for key in keys}
    answer = await clients.videos.GetUsedKeysMethod(keys=list(set(named.values())))
    used = set(answer.keys or ())
    return [key for key, name in named.items() if name in used]


@dataclass(frozen=True, slots=True)
class OrphanPage:
    """The orphans on one page of a listing, and how many of its objects are used."""

    orphans: Sequence[ObjectInfo]
    used: int

    @property
    def suspicious(self) -> bool:
        """Whether there are so many orphans that the rows may be those of another store."""
        return len(self.orphans) > max(_FEW, self.used)


class Orphans:
    """Finds and removes the orphans of an object store."""

    def __init__(self, objects: Objects, referrers: Sequence[Referrer]) -> None:
        self._objects = objects
        self._referrers = referrers

    async def pages(self) -> AsyncIterator[OrphanPage]:
        """Yield the orphans of each page of objects: one call per page and referrer.

        Raises:
            StoreError: the store failed.
            Error: a referrer did not answer.
        """
        for folder in FOLDERS:
            async for page in self._objects.pages(folder):
                before = time.time() - _MIN_AGE_SECONDS
                old = [each for each in page if each.modified < before and _is_ours(each.key)]
                if old:
                    used = await self._used([each.key for each in old])
                    unused = [each for each in old if each.key not in used]
                    yield OrphanPage(unused, len(old) - len(unused))

    async def remove(self, orphan: ObjectInfo) -> None:
        """Remove an orphan.

        Raises:
            StoreError: the store failed.
        """
        await self._objects.delete(orphan.key)

    async def clear_partials(self) -> None:
        """Remove what killed processes left of unfinished objects.

        Raises:
            StoreError: the store failed.
        """
        await self._objects.clear_partials()

    async def _used(self, keys: list[str]) -> set[str]:
        answers = await asyncio.gather(*(refers(keys) for refers in self._referrers))
        return set().union(*answers)


class DailySweep:
    """Removes orphans once a day, in one of all processes: videoservice says in which.

    Args:
        orphans: the orphans of the store.
        clients: videoservice among them.
        ask_seconds: the time from one question to the next.
    """

    def __init__(
        self, orphans: Orphans, clients: Clients, ask_seconds: float = _ASK_SECONDS
    ) -> None:
        self._orphans = orphans
        self._clients = clients
        self._ask_seconds = ask_seconds

    async def run(self) -> None:
        """Ask for the sweep and do it, until cancelled; failures are logged."""
        await asyncio.sleep(random.uniform(0, self._ask_seconds))
        await periodically("sweep of objects", self._ask)

    async def _ask(self) -> float:
        await self._sweep_if_granted()
        return self._ask_seconds

    async def _sweep_if_granted(self) -> None:
        claim = await self._clients.videos.ClaimSweepMethod(interval_seconds=_DAY_SECONDS)
        if not claim.granted:
            return
        removed = used = 0
        async for page in self._orphans.pages():
            if page.suspicious:
                _log.error(
                    "objects: %d of %d have no row, such as %s; is DATABASE_URL or OBJECTS_URL "
                    "wrong? If they shall be removed: python -m api sweep",
                    len(page.orphans), len(page.orphans) + page.used, page.orphans[0].key,
                )  # fmt: skip
                return
            for orphan in page.orphans:
                await self._orphans.remove(orphan)
                _log.info("object %s had no row: removed", orphan.key)
            removed, used = removed + len(page.orphans), used + page.used
        await self._orphans.clear_partials()
        _log.info("objects swept: %d used, %d without a row removed", used, removed)
