"""The recommended order: a score of every candidate, the same for all, and what a viewer has seen.

docs/recommendation.md explains the order. The candidates are ranked once per 30 seconds, by one
process for all (Redis passes the ranking on); a request loads no candidate and counts no like.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from api import keys
from api.clients import Clients
from api.lists import Lists
from api.pack.feed_time import before_ns
from api.pack.video import VideoItem
from api.pages import FeedKey, PageKey
from api.ranking import Candidate, Cursor, CursorKind, Ranking, ranked
from api.seen import Seen
from microkit.background import BackgroundTasks
from microkit.batch import SingleFlight
from microkit.cache import Cache
from microkit.clock import NS_PER_MS, now_ms
from microkit.errors import Error
from microkit.paging import END, MAX_ITEMS, Page
from microkit.storage.redis import Script
from microkit.storage.token_bucket import LimitStore

_log = logging.getLogger(__name__)

CANDIDATES: Final = 500
PERIOD_SECONDS: Final = 30
_KEPT_SECONDS: Final = 1800  # how long a page may follow another
_KEPT: Final = _KEPT_SECONDS // PERIOD_SECONDS

# KEYS: the ranking of a period. ARGV: its bytes, seconds to keep it. Returns the first one stored.
_SHARE = Script(
    "share_ranking",
    """
local found = redis.call('GET', KEYS[1])
if found then return found end
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
return ARGV[1]
""",
)


class Recommended:
    """Pages of recommended videos."""

    def __init__(self, clients: Clients, lists: Lists, store: LimitStore) -> None:
        self._clients = clients
        self._lists = lists
        self._store = store
        self._seen = Seen(store)
        self._rankings: Cache[int, Ranking] = Cache(_KEPT, _KEPT_SECONDS)
        self._latest: Ranking | None = None
        self._renewals: SingleFlight[int, Ranking] = SingleFlight(self._renew)
        self._background = BackgroundTasks()

    async def close(self) -> None:
        """Stop renewing."""
        await self._background.close()

    async def page(self, viewer: int, cursor: int, count: int) -> Page[VideoItem]:
        """Return up to `count` videos after a cursor; no video is on two pages.

        A signed-in viewer first gets what was not seen within a day.
        """
        at = Cursor.read(cursor)
        if at.kind == CursorKind.OLDER:
            return await self._older(at.value, count)
        if viewer:
            page = await self._personal(viewer, at, count)
            if page is not None:
                return page
        return await self._general(at, count)

    async def _general(self, at: Cursor, count: int) -> Page[VideoItem]:
        period, start = divmod(at.value, CANDIDATES) if at.kind == CursorKind.RANKED else (0, 0)
        ranking = await self._ranking(period)
        chosen = ranking.candidates[start : start + count]
        end = start + len(chosen)
        following = Cursor(CursorKind.OLDER, ranking.oldest_ms)
        if end < len(ranking.candidates):
            following = Cursor(CursorKind.RANKED, ranking.period * CANDIDATES + end)
        return await self._rows(chosen, following, count)

    async def _personal(self, viewer: int, at: Cursor, count: int) -> Page[VideoItem] | None:
        """Return a page for a viewer; None while Redis does not say what was seen."""
        seen = await self._seen.of(viewer)
        if seen is None:
            return None
        ranking = await self._ranking(0)
        followed = await self._lists.following(PageKey(viewer, None, MAX_ITEMS))
        now = now_ms()
        started_ms = min(at.value, now) if at.kind == CursorKind.PERSONAL else now
        order = ranking.order_for(frozenset(followed.items), seen, started_ms)
        chosen = order[:count]
        await self._seen.add(viewer, [each.id for each in chosen], now)
        following = Cursor(CursorKind.OLDER, ranking.oldest_ms)
        if len(order) > count:
            following = Cursor(CursorKind.PERSONAL, started_ms)
        return await self._rows(chosen, following, count)

    async def _rows(
        self, chosen: Sequence[Candidate], following: Cursor, count: int
    ) -> Page[VideoItem]:
        """Load the chosen videos; a first page without any continues with older ones at once."""
        if not chosen:
            return await self._older(following.value, count)
        rows = await self._lists.videos([each.id for each in chosen])
        return Page(rows, following.number)

    async def _older(self, before_ms: int, count: int) -> Page[VideoItem]:
        """Return what is older than every candidate, newest first."""
        if not before_ms:
            return Page([], END)
        page = await self._lists.feed(FeedKey(before_ns(before_ms), count))
        if len(page.rows) < count:
            return Page(list(page.rows), END)
        following = Cursor(CursorKind.OLDER, page.next_ns // NS_PER_MS)
        return Page(list(page.rows), following.number)

    async def _ranking(self, period: int) -> Ranking:
        """Return the ranking of a period if it is kept, else the latest.

        The latest is renewed in the background. Only the first request of a process waits.
        """
        if period and (kept := await self._kept(period)):
            return kept
        current = int(time.time()) // PERIOD_SECONDS
        latest = self._latest
        if latest is None:
            return await self._renewals.one(current)
        if latest.period != current and not self._background:
            self._background.start(self._renew_in_background(current))
        return latest

    async def _renew_in_background(self, period: int) -> None:
        try:
            await self._renewals.one(period)
        except Error as error:
            _log.warning("recommended: %s", error.cause)

    async def _kept(self, period: int) -> Ranking | None:
        found = self._rankings.get(period)
        if found is None and (found := await self._shared(period, b"")):
            self._rankings.put(period, found)
        return found

    async def _renew(self, period: int) -> Ranking:
        found = await self._shared(period, b"")
        if found is None:
            made = await self._rank(period)
            found = await self._shared(period, msgspec.msgpack.encode(made)) or made
        self._rankings.put(period, found)
        if self._latest is None or period > self._latest.period:
            self._latest = found
        return found

    async def _shared(self, period: int, ranking: bytes) -> Ranking | None:
        """Return the ranking of a period that Redis has, `ranking` if it had none."""
        stored = await self._store.run(_SHARE, [keys.ranking(period)], [ranking, _KEPT_SECONDS])
        return msgspec.msgpack.decode(stored, type=Ranking) if stored else None

    async def _rank(self, period: int) -> Ranking:
        newest = await self._clients.videos.LatestVideosMethod(limit=CANDIDATES)
        ids = newest.ids or []
        likes, comments = await self._counts(ids)
        columns = zip(ids, newest.author_ids or (), newest.created_ms or (), strict=True)
        return ranked(period, period * PERIOD_SECONDS * 1000, columns, likes, comments)

    async def _counts(self, ids: list[int]) -> tuple[Mapping[int, int], Mapping[int, int]]:
        if not ids:
            return {}, {}
        likes = await self._clients.favorites.VideosFavoriteCountMethod(video_id_list=ids)
        comments = await self._clients.comments.VideosCommentCountMethod(video_id_list=ids)
        return likes.favorite_count_map, comments.comment_count_map
