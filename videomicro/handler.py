"""The methods of VideoService."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from idl import videomicro
from microkit.background import running
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import ParamError
from microkit.filling import fill
from microkit.paging import MAX_ITEMS, NEWEST, check_number
from microkit.terms import hashtag
from videomicro import pack
from videomicro.dal.cover import Covers
from videomicro.dal.found import FoundVideos
from videomicro.dal.hidden import HiddenVideos
from videomicro.dal.merged import MergedVideos
from videomicro.dal.object_keys import ObjectKeys
from videomicro.dal.removal import Removals
from videomicro.dal.rendition import Renditions
from videomicro.dal.titles import Titles
from videomicro.dal.video import Videos
from videomicro.metrics import PUBLISHES
from videomicro.settings import Settings

CONTRACT = videomicro.CONTRACT

_MS_PER_SECOND: Final = 1000
_MERGED: Final = 50
_SUGGESTIONS: Final = 20


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[videomicro.Handlers]:
    """Open stores and clients; yield the handlers by Thrift service."""
    database = await context.database()
    videos, titles = Videos(database), Titles(database)
    found = FoundVideos(titles, videos)
    async with running(fill("titles", titles.fill)):
        merged = MergedVideos(database, videos)
        hidden = HiddenVideos(database)
        handler = VideoHandler(
            videos,
            found,
            merged,
            titles,
            hidden,
            ObjectKeys(database),
            Removals(database),
            Renditions(database),
            Covers(database),
        )
        yield {"VideoService": handler}


class VideoHandler:
    """Publishing, lists, the feed, removals and renditions."""

    def __init__(
        self,
        videos: Videos,
        found: FoundVideos,
        merged: MergedVideos,
        titles: Titles,
        hidden: HiddenVideos,
        object_keys: ObjectKeys,
        removals: Removals,
        renditions: Renditions,
        covers: Covers,
    ) -> None:
        self._videos = videos
        self._found = found
        self._titles = titles
        self._merged = merged
        self._hidden = hidden
        self._object_keys = object_keys
        self._removals = removals
        self._renditions = renditions
        self._covers = covers

    async def CreateVideoMethod(
        self, request: videomicro.CreateVideoReq
    ) -> videomicro.CreateVideoResp:
        """Create a video whose objects are already stored."""
        video_id = await self._videos.create(
            request.author_id,
            request.title,
            request.play_url,
            request.cover_url,
            renditions=bool(request.renditions),
        )
        PUBLISHES.inc()
        return videomicro.CreateVideoResp.ok(video_id=video_id)

    async def GetVideoAuthorIdMethod(
        self, request: videomicro.GetVideoAuthorIdReq
    ) -> videomicro.GetVideoAuthorIdResp:
        """Return the author of a video."""
        row = await self._videos.by_id(request.id)
        return videomicro.GetVideoAuthorIdResp.ok(author_id=row.author_id)

    async def GetVideosByAuthorIdMethod(
        self, request: videomicro.GetVideosByAuthorIdReq
    ) -> videomicro.GetVideosByAuthorIdResp:
        """Return an author's videos, newest first."""
        page = await self._videos.by_author(
            request.author_id, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        return videomicro.GetVideosByAuthorIdResp.ok(
            video_list=pack.videos(page.items), next_cursor=page.next_cursor
        )

    async def GetVideoSetByIdSetMethod(
        self, request: videomicro.GetVideoSetByIdSetReq
    ) -> videomicro.GetVideoSetByIdSetResp:
        """Return the existing videos of the requested ids."""
        rows = await self._videos.by_ids(distinct(request.id_set))
        if request.columns:
            return videomicro.GetVideoSetByIdSetResp.ok(
                video_set=[], columns=pack.columns(list(rows.values()))
            )
        return videomicro.GetVideoSetByIdSetResp.ok(video_set=pack.videos(rows.values()))

    async def GetVideosFeedMethod(
        self, request: videomicro.GetVideosFeedReq
    ) -> videomicro.GetVideosFeedResp:
        """Return the newest videos published strictly before a time."""
        rows = await self._videos.feed(pack.before_ms(request.latest_time), request.limit)
        return videomicro.GetVideosFeedResp.ok(
            next_time=pack.next_ns(rows), video_list=pack.videos(rows)
        )

    async def GetVideoPagesMethod(
        self, request: videomicro.GetVideoPagesReq
    ) -> videomicro.GetVideoPagesResp:
        """Return pages of the feed and of several authors."""
        check_number(len(request.feed) + len(request.published))
        feed = asyncio.gather(
            *(
                self._videos.feed(pack.before_ms(each.latest_time), each.limit)
                for each in request.feed
            )
        )
        published = self._videos.published(
            [
                (each.author_id, each.cursor or NEWEST, each.count or MAX_ITEMS)
                for each in request.published
            ]
        )
        return pack.pages(*await asyncio.gather(feed, published))

    async def UpdateVideoMethod(
        self, request: videomicro.UpdateVideoReq
    ) -> videomicro.UpdateVideoResp:
        """Change a video's title if the request has one."""
        if request.title is None:
            await self._videos.by_id(request.id)
        else:
            await self._videos.rename(request.id, request.title)
        return videomicro.UpdateVideoResp.ok()

    async def DeleteVideoMethod(
        self, request: videomicro.DeleteVideoReq
    ) -> videomicro.DeleteVideoResp:
        """Delete a video."""
        await self._videos.delete(request.video_id)
        return videomicro.DeleteVideoResp.ok()

    async def GetVideoCountSetByIdUserSetMethod(
        self, request: videomicro.GetVideoCountSetByIdUserSetReq
    ) -> videomicro.GetVideoCountSetByIdUserSetResp:
        """Return how many videos each author has, 0 if none."""
        authors = distinct(request.author_id_set)
        counts = await self._videos.counts(authors)
        if request.columns:
            return videomicro.GetVideoCountSetByIdUserSetResp.ok(
                count_set=[], counts=[counts[author] for author in authors]
            )
        return videomicro.GetVideoCountSetByIdUserSetResp.ok(count_set=pack.counts(counts))

    async def GetUsedKeysMethod(
        self, request: videomicro.GetUsedKeysReq
    ) -> videomicro.GetUsedKeysResp:
        """Return which objects videos refer to."""
        return videomicro.GetUsedKeysResp.ok(keys=await self._object_keys.used(request.keys))

    async def ClaimSweepMethod(
        self, request: videomicro.ClaimSweepReq
    ) -> videomicro.ClaimSweepResp:
        """Return whether the caller shall sweep the object store now."""
        granted = await self._object_keys.claim_sweep(request.interval_seconds)
        return videomicro.ClaimSweepResp.ok(granted=granted)

    async def RemoveVideoMethod(
        self, request: videomicro.RemoveVideoReq
    ) -> videomicro.RemoveVideoResp:
        """Remove an author's video and lease what is left to remove to the caller."""
        lease_ms = request.lease_seconds * _MS_PER_SECOND
        removal = await self._removals.remove(request.video_id, request.author_id, lease_ms)
        return videomicro.RemoveVideoResp.ok(removal=pack.removal(removal))

    async def ClaimRemovalMethod(
        self, request: videomicro.ClaimRemovalReq
    ) -> videomicro.ClaimRemovalResp:
        """Lease a removal that is due to the caller."""
        removal = await self._removals.claim(request.lease_seconds * _MS_PER_SECOND)
        return videomicro.ClaimRemovalResp.ok(removal=pack.removal(removal))

    async def FinishRemovalMethod(
        self, request: videomicro.FinishRemovalReq
    ) -> videomicro.FinishRemovalResp:
        """End a round of a removal."""
        await self._removals.finish(request.video_id, request.round)
        return videomicro.FinishRemovalResp.ok()

    async def CreatePendingVideoMethod(
        self, request: videomicro.CreatePendingVideoReq
    ) -> videomicro.CreatePendingVideoResp:
        """Create a video that is published when its renditions are ready."""
        video_id = await self._videos.create(
            request.author_id,
            request.title,
            request.play_url,
            request.cover_url,
            pending=True,
            renditions=True,
        )
        return videomicro.CreatePendingVideoResp.ok(video_id=video_id)

    async def GetPendingVideosMethod(
        self, request: videomicro.GetPendingVideosReq
    ) -> videomicro.GetPendingVideosResp:
        """Return an author's videos that are not published yet, newest first."""
        rows = await self._renditions.pending(request.author_id)
        return videomicro.GetPendingVideosResp.ok(videos=pack.pending(rows))

    async def ClaimRenditionMethod(
        self, request: videomicro.ClaimRenditionReq
    ) -> videomicro.ClaimRenditionResp:
        """Lease the video whose turn it is to the caller."""
        lease_ms = request.lease_seconds * _MS_PER_SECOND
        job = await self._renditions.claim(request.attempt, lease_ms)
        return videomicro.ClaimRenditionResp.ok(
            job=job and videomicro.RenditionJob(video_id=job.video_id, play_url=job.play_url)
        )

    async def KeepRenditionMethod(
        self, request: videomicro.KeepRenditionReq
    ) -> videomicro.KeepRenditionResp:
        """Renew a lease and note the progress, or give the work back."""
        video, attempt = request.video_id, request.attempt
        lease_ms = request.lease_seconds * _MS_PER_SECOND
        if request.interrupted:
            held = await self._renditions.give_back(video, attempt, lease_ms)
        else:
            held = await self._renditions.keep(video, attempt, lease_ms, request.progress)
        return videomicro.KeepRenditionResp.ok(held=held)

    async def FinishRenditionMethod(
        self, request: videomicro.FinishRenditionReq
    ) -> videomicro.FinishRenditionResp:
        """Give a video its renditions, or give up."""
        video, attempt = request.video_id, request.attempt
        if request.hls_url and request.play_url:
            done = await self._renditions.finish(
                video, attempt, request.play_url, request.hls_url, request.covers or ()
            )
        else:
            done = await self._renditions.fail(video, attempt)
        PUBLISHES.inc(done.replaced is not None)
        return videomicro.FinishRenditionResp.ok(held=done.held, replaced=done.replaced)

    async def GetCoversMethod(self, request: videomicro.GetCoversReq) -> videomicro.GetCoversResp:
        """Return the covers that the author of a video can choose from."""
        covers, chosen = await self._covers.of(request.video_id, request.author_id)
        return videomicro.GetCoversResp.ok(covers=covers, chosen=chosen)

    async def ChooseCoverMethod(
        self, request: videomicro.ChooseCoverReq
    ) -> videomicro.ChooseCoverResp:
        """Make one of the covers the one that everybody sees."""
        await self._covers.choose(request.video_id, request.author_id, request.cover)
        return videomicro.ChooseCoverResp.ok()

    async def SearchVideosMethod(
        self, request: videomicro.SearchVideosReq
    ) -> videomicro.VideoPageResp:
        """Return videos by the words of their titles, newest first."""
        return pack.page(
            await self._found.by_words(
                request.words, request.cursor or NEWEST, request.count or MAX_ITEMS
            )
        )

    async def HashtagVideosMethod(
        self, request: videomicro.HashtagVideosReq
    ) -> videomicro.VideoPageResp:
        """Return the videos of a hashtag, newest first."""
        return pack.page(
            await self._found.by_hashtag(
                request.hashtag, request.cursor or NEWEST, request.count or MAX_ITEMS
            )
        )

    async def SuggestHashtagsMethod(
        self, request: videomicro.SuggestHashtagsReq
    ) -> videomicro.SuggestHashtagsResp:
        """Return hashtags that begin with a text."""
        found = await self._titles.suggested(hashtag(request.prefix), request.count or _SUGGESTIONS)
        return videomicro.SuggestHashtagsResp.ok(hashtags=pack.hashtags(found))

    async def VideosOfAuthorsMethod(
        self, request: videomicro.VideosOfAuthorsReq
    ) -> videomicro.VideoPageResp:
        """Return the videos of several authors, newest first."""
        authors = distinct(request.author_ids)
        if len(authors) > MAX_ITEMS:
            raise ParamError(f"一次最多查询 {MAX_ITEMS} 位作者")
        return pack.page(
            await self._merged.newest(authors, request.cursor or NEWEST, request.count or _MERGED)
        )

    async def LatestVideosMethod(
        self, request: videomicro.LatestVideosReq
    ) -> videomicro.LatestVideosResp:
        """Return the newest videos with their times."""
        return pack.newest(await self._videos.feed(NEWEST, request.limit))

    async def HideVideoMethod(self, request: videomicro.HideVideoReq) -> videomicro.HideVideoResp:
        """Hide a video, or show it again."""
        change = self._hidden.hide if request.hidden else self._hidden.show
        await change(request.video_id)
        return videomicro.HideVideoResp.ok()
