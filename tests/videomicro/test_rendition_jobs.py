"""Renditions to make: turns, leases, and when a pending video appears."""

import asyncio

import pytest

from idl import videomicro
from microkit.clock import now_ms
from microkit.errors import NotFound, ParamError
from videomicro.dal.model import Rendition

FUTURE = 2**62
PLAY, LIST = "renditions/x.720p.mp4", "renditions/x.m3u8"


@pytest.fixture
async def videos(fleet):
    return fleet.client("videoservice")


async def visible(videos, author=1):
    answer = await videos.CreateVideoMethod(
        title="t", author_id=author, play_url="videos/v.mp4", cover_url="c", renditions=True
    )
    return answer.video_id


async def pending(videos, author=1):
    answer = await videos.CreatePendingVideoMethod(
        title="t", author_id=author, play_url="videos/h.mp4", cover_url="c"
    )
    return answer.video_id


async def claim(videos, attempt="a"):
    answer = await videos.ClaimRenditionMethod(attempt=attempt, lease_seconds=60)
    return answer.job and answer.job.video_id


async def finish(videos, video, attempt="a"):
    return await videos.FinishRenditionMethod(
        video_id=video, attempt=attempt, play_url=PLAY, hls_url=LIST
    )


async def feed(videos, before=FUTURE, limit=30):
    return await videos.GetVideosFeedMethod(latest_time=before, limit=limit)


async def ids(videos):
    return [video.id for video in (await feed(videos)).video_list]


async def expire(fleet):
    database = await fleet.running["videoservice"].context.database()
    await database.write(Rendition.update(lease_ms=0))


async def test_a_pending_video_is_the_newest_one_when_it_is_published(videos):
    first = await pending(videos, author=7)
    later = await visible(videos)
    page = await feed(videos, limit=1)
    assert [video.id for video in page.video_list] == [later]
    with pytest.raises(NotFound):
        await videos.GetVideoAuthorIdMethod(id=first)
    assert (await videos.GetVideosByAuthorIdMethod(author_id=7)).video_list == []
    assert await count(videos, 7) == 0
    (waiting,) = (await videos.GetPendingVideosMethod(author_id=7)).videos
    assert waiting == videomicro.PendingVideo(
        id=first, title="t", cover_url="c", progress=0, failed=False
    )
    assert await claim(videos) == first
    done = await finish(videos, first)
    assert (done.held, done.replaced) == (True, "videos/h.mp4")
    assert await ids(videos) == [first, later]
    assert await count(videos, 7) == 1
    (video,) = (await videos.GetVideosByAuthorIdMethod(author_id=7)).video_list
    assert (video.play_url, video.hls_url) == (PLAY, LIST)
    assert (await videos.GetPendingVideosMethod(author_id=7)).videos == []
    # Who had the first page goes on where it ended.
    rest = await feed(videos, before=page.next_time)
    assert rest.video_list == []
    used = await videos.GetUsedKeysMethod(keys=[LIST, PLAY, "videos/h.mp4"])
    assert set(used.keys) == {LIST, PLAY}


async def count(videos, author):
    answer = await videos.GetVideoCountSetByIdUserSetMethod(author_id_set=[author])
    return answer.count_set[0].count


async def test_a_visible_video_keeps_its_mp4_and_place_and_gets_a_playlist(videos):
    first, second = await visible(videos), await visible(videos)
    assert await claim(videos) == first
    done = await finish(videos, first)
    assert (done.held, done.replaced) == (True, None)
    newest, oldest = (await feed(videos)).video_list
    assert (newest.id, newest.hls_url) == (second, None)
    assert (oldest.id, oldest.play_url, oldest.hls_url) == (first, "videos/v.mp4", LIST)
    pages = await videos.GetVideoPagesMethod(
        feed=[videomicro.FeedKey(latest_time=FUTURE, limit=9)], published=[]
    )
    assert pages.videos.hls_urls == ["", LIST]
    without = await videos.GetVideoSetByIdSetMethod(id_set=[second], columns=True)
    assert without.columns.hls_urls is None


async def test_authors_take_turns(videos):
    many = [await visible(videos, author=1) for _ in range(3)]
    few = await visible(videos, author=2)
    assert [await claim(videos, f"a{n}") for n in range(5)] == [many[0], few, *many[1:], None]


async def test_one_of_concurrent_claims_gets_a_video(videos):
    video = await visible(videos)
    claims = await asyncio.gather(*(claim(videos, f"a{n}") for n in range(20)))
    assert sorted(filter(None, claims)) == [video]


async def test_a_lease_that_expired_is_lost_to_who_claims_it_next(videos, fleet):
    video = await pending(videos)
    assert await claim(videos, "first") == video
    assert await claim(videos, "second") is None
    keep = {"video_id": video, "lease_seconds": 60, "progress": 30}
    assert (await videos.KeepRenditionMethod(attempt="first", **keep)).held
    (waiting,) = (await videos.GetPendingVideosMethod(author_id=1)).videos
    assert waiting.progress == 30
    await expire(fleet)
    assert await claim(videos, "second") == video
    assert not (await videos.KeepRenditionMethod(attempt="first", **keep)).held
    assert not (await finish(videos, video, "first")).held
    assert await ids(videos) == []
    assert (await finish(videos, video, "second")).held
    assert not (await finish(videos, video, "second")).held, "it has ended"
    assert await ids(videos) == [video]


async def test_what_cannot_be_converted_stays_pending_or_as_it_was(videos):
    seen, unseen = await visible(videos, author=1), await pending(videos, author=2)
    for video in (seen, unseen):
        assert await claim(videos) == video
        await videos.FinishRenditionMethod(video_id=video, attempt="a")
    assert await claim(videos) is None
    assert await ids(videos) == [seen]
    (failed,) = (await videos.GetPendingVideosMethod(author_id=2)).videos
    assert (failed.id, failed.failed) == (unseen, True)
    answer = await videos.RemoveVideoMethod(video_id=unseen, author_id=2, lease_seconds=60)
    assert answer.removal.keys == ["videos/h.mp4", "c"]
    assert (await videos.GetPendingVideosMethod(author_id=2)).videos == []


async def test_a_video_that_ends_every_attempt_is_given_up(videos, fleet):
    video = await pending(videos)
    attempts = 0
    while await claim(videos, f"a{attempts}") is not None:
        attempts += 1
        await expire(fleet)
    assert attempts == 10
    (failed,) = (await videos.GetPendingVideosMethod(author_id=1)).videos
    assert (failed.id, failed.failed) == (video, True)


async def test_a_removed_video_ends_its_attempt(videos):
    video = await pending(videos)
    assert await claim(videos) == video
    await videos.RemoveVideoMethod(video_id=video, author_id=1, lease_seconds=60)
    keep = {"video_id": video, "attempt": "a", "lease_seconds": 60, "progress": 1}
    assert not (await videos.KeepRenditionMethod(**keep)).held
    assert not (await finish(videos, video)).held
    assert await ids(videos) == []


@pytest.mark.parametrize("wrong", [{"progress": 101}, {"attempt": ""}, {"lease_seconds": 0}])
async def test_arguments_have_bounds(videos, wrong):
    keep = {"video_id": 1, "attempt": "a", "lease_seconds": 60, "progress": 1}
    with pytest.raises(ParamError):
        await videos.KeepRenditionMethod(**(keep | wrong))


async def test_a_lease_of_a_host_with_a_wrong_clock_does_not_block_a_video(videos, fleet):
    video = await visible(videos)
    assert await claim(videos) == video
    database = await fleet.running["videoservice"].context.database()
    a_day_ahead = now_ms() + 86_400_000
    for number in range(12):  # ten that count are the last ones
        await database.write(Rendition.update(lease_ms=a_day_ahead))
        assert await claim(videos, f"b{number}") == video
    assert (await finish(videos, video, "b11")).held


async def test_an_interrupted_attempt_does_not_count_and_lets_others_pass(videos, fleet):
    first, second = await pending(videos, author=1), await pending(videos, author=1)
    for number in range(12):  # ten that count are the last ones
        assert await claim(videos, f"a{number}") == first
        back = {"video_id": first, "lease_seconds": 60, "progress": 5, "interrupted": True}
        assert (await videos.KeepRenditionMethod(attempt=f"a{number}", **back)).held
        assert not (await videos.KeepRenditionMethod(attempt=f"a{number}", **back)).held
        assert await claim(videos, f"b{number}") == second
        back["video_id"] = second
        assert (await videos.KeepRenditionMethod(attempt=f"b{number}", **back)).held
        assert await claim(videos, "c") is None  # not at once
        await expire(fleet)
    waiting = (await videos.GetPendingVideosMethod(author_id=1)).videos
    assert [(each.id, each.failed) for each in waiting] == [(second, False), (first, False)]
    assert await claim(videos) == first
    assert (await finish(videos, first)).held
