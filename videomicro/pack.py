"""Database rows to the contract's structs."""

from collections.abc import Iterable, Mapping, Sequence

from idl import videomicro
from microkit.clock import NS_PER_MS
from microkit.paging import Page
from videomicro.dal.removal import RemovalRow
from videomicro.dal.rendition import PendingRow
from videomicro.dal.titles import HashtagRow
from videomicro.dal.video import VideoRow

# next_time of an empty page: a future time, so that a caller starts over from the newest video.
_START_OVER_NS = 2**62


def video(row: VideoRow) -> videomicro.Video:
    """Return a video; the counts are owned by favoriteservice and commentservice."""
    return videomicro.Video(
        id=row.id,
        title=row.title,
        author_id=row.author_id,
        play_url=row.play_url,
        cover_url=row.cover_url,
        favorite_count=0,
        comment_count=0,
        hls_url=row.hls_url or None,
    )


def videos(rows: Iterable[VideoRow]) -> list[videomicro.Video]:
    """Return videos in the order of their rows."""
    return [video(row) for row in rows]


def columns(rows: Sequence[VideoRow]) -> videomicro.VideoColumns:
    """Return videos as columns."""
    ids, authors, titles, play_urls, cover_urls, _, hls_urls = (
        zip(*rows, strict=True) if rows else ((),) * len(VideoRow._fields)
    )
    return videomicro.VideoColumns(
        ids=list(ids),
        titles=list(titles),
        author_ids=list(authors),
        play_urls=list(play_urls),
        cover_urls=list(cover_urls),
        hls_urls=list(hls_urls) if any(hls_urls) else None,
    )


def pages(
    feed: Sequence[list[VideoRow]], published: Sequence[Page[VideoRow]]
) -> videomicro.GetVideoPagesResp:
    """Return pages as columns; a video that is on several of them is there once."""
    found = [*feed, *(page.items for page in published)]
    rows = {row.id: row for page in found for row in page}
    positions = {video_id: at for at, video_id in enumerate(rows)}
    return videomicro.GetVideoPagesResp.ok(
        videos=columns(list(rows.values())),
        pages=[[positions[row.id] for row in page] for page in found],
        nexts=[*map(next_ns, feed), *(page.next_cursor for page in published)],
    )


def removal(row: RemovalRow | None) -> videomicro.Removal | None:
    """Return a removal, if there is one."""
    if row is None:
        return None
    return videomicro.Removal(
        video_id=row.video_id, author_id=row.author_id, keys=row.keys.split("\n"), round=row.round
    )


def pending(rows: Iterable[PendingRow]) -> list[videomicro.PendingVideo]:
    """Return an author's videos that are not published yet."""
    return [
        videomicro.PendingVideo(
            id=row.id,
            title=row.title,
            cover_url=row.cover_url,
            progress=row.progress,
            failed=bool(row.failed),
        )
        for row in rows
    ]


def page(found: Page[VideoRow]) -> videomicro.VideoPageResp:
    """Return one page as columns."""
    return videomicro.VideoPageResp.ok(videos=columns(found.items), next_cursor=found.next_cursor)


def newest(rows: Sequence[VideoRow]) -> videomicro.LatestVideosResp:
    """Return the ids, authors and times of videos."""
    return videomicro.LatestVideosResp.ok(
        ids=[row.id for row in rows],
        author_ids=[row.author_id for row in rows],
        created_ms=[row.created_ms for row in rows],
    )


def hashtags(rows: Iterable[HashtagRow]) -> list[videomicro.Hashtag]:
    """Return hashtags in their order."""
    return [videomicro.Hashtag(name=row.name, videos=row.videos) for row in rows]


def counts(by_author: Mapping[int, int]) -> list[videomicro.VideoCount]:
    """Return how many videos each author has."""
    return [videomicro.VideoCount(id=author, count=n) for author, n in by_author.items()]


def before_ms(latest_ns: int) -> int:
    """Return `latest_ns` in milliseconds, rounded up: the RPC contract has nanoseconds, rows ms."""
    return -(-latest_ns // NS_PER_MS)


def next_ns(rows: list[VideoRow]) -> int:
    """Return the time of a page's last video in nanoseconds; a future time if the page is empty.

    The field is optional, but original callers read it without a check.
    """
    return rows[-1].created_ms * NS_PER_MS if rows else _START_OVER_NS
