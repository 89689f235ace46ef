"""Covers to choose from: everybody sees the chosen one, and no choice loses another one."""

import asyncio

import pytest

from microkit.errors import NotFound, ParamError

FUTURE = 2**62
FIRST, MORE = "covers/first.jpg", ["covers/1.jpg", "covers/2.jpg", "covers/3.jpg"]
AUTHOR, OTHER = 7, 8


@pytest.fixture
async def videos(fleet):
    return fleet.client("videoservice")


async def create(videos):
    answer = await videos.CreateVideoMethod(
        title="t", author_id=AUTHOR, play_url="videos/v.mp4", cover_url=FIRST, renditions=True
    )
    return answer.video_id


async def convert(videos, video, covers, attempt="a"):
    await videos.ClaimRenditionMethod(attempt=attempt, lease_seconds=60)
    return await videos.FinishRenditionMethod(
        video_id=video,
        attempt=attempt,
        play_url="renditions/x.720p.mp4",
        hls_url="renditions/x.m3u8",
        covers=covers,
    )


async def choice(videos, video, author=AUTHOR):
    answer = await videos.GetCoversMethod(video_id=video, author_id=author)
    return answer.covers, answer.chosen


async def choose(videos, video, cover, author=AUTHOR):
    await videos.ChooseCoverMethod(video_id=video, author_id=author, cover=cover)


async def shown(videos, video):
    """The cover in every list."""
    feed = await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=9)
    lists = [feed, await videos.GetVideosByAuthorIdMethod(author_id=AUTHOR)]
    found = [each for answer in lists for each in answer.video_list]
    found += (await videos.GetVideoSetByIdSetMethod(id_set=[video])).video_set
    (cover,) = {each.cover_url for each in found if each.id == video}
    return cover


async def test_an_author_chooses_among_the_covers_of_a_converted_video(videos):
    video = await create(videos)
    assert await choice(videos, video) == ([FIRST], 0)
    await choose(videos, video, 0)
    with pytest.raises(ParamError, match="没有这个封面"):
        await choose(videos, video, 1)
    assert (await convert(videos, video, MORE)).held
    assert await choice(videos, video) == ([FIRST, *MORE], 0)
    assert await shown(videos, video) == FIRST
    for number in (2, 3, 3, 0, 1):
        await choose(videos, video, number)
        assert await shown(videos, video) == [FIRST, *MORE][number]
        assert await choice(videos, video) == ([FIRST, *MORE], number)
    for number in (-1, 4):
        with pytest.raises(ParamError):
            await choose(videos, video, number)
    used = await videos.GetUsedKeysMethod(keys=[FIRST, *MORE, "covers/4.jpg"])
    assert set(used.keys) == {FIRST, *MORE}


async def test_only_the_author_sees_and_chooses(videos):
    video = await create(videos)
    await convert(videos, video, MORE)
    for wrong in ((video, OTHER), (video + 1, AUTHOR)):
        with pytest.raises(NotFound):
            await choice(videos, *wrong)
        with pytest.raises(NotFound):
            await choose(videos, wrong[0], 1, wrong[1])
    assert await shown(videos, video) == FIRST


async def test_the_covers_go_with_the_video(videos):
    video = await create(videos)
    await convert(videos, video, MORE)
    await choose(videos, video, 1)
    answer = await videos.RemoveVideoMethod(video_id=video, author_id=AUTHOR, lease_seconds=60)
    assert sorted(answer.removal.keys) == sorted(
        ["videos/v.mp4", "renditions/x.m3u8", FIRST, *MORE]
    )
    assert (await videos.GetUsedKeysMethod(keys=[FIRST, *MORE])).keys == []
    with pytest.raises(NotFound):
        await choice(videos, video)
    with pytest.raises(NotFound):
        await choose(videos, video, 1)


async def test_an_attempt_without_its_lease_adds_no_cover_and_one_with_too_many_none(videos):
    video = await create(videos)
    for covers in (["covers/x.jpg"] * 4, ["covers/" + "x" * 130], [""]):
        with pytest.raises(ParamError):
            await convert(videos, video, covers)
    await videos.KeepRenditionMethod(video_id=video, attempt="a", lease_seconds=60, progress=1)
    assert not (await convert(videos, video, MORE, "another")).held
    assert await choice(videos, video) == ([FIRST], 0)
    assert (await convert(videos, video, MORE[:1])).held
    assert await choice(videos, video) == ([FIRST, MORE[0]], 0)


async def test_concurrent_choices_leave_one_of_them(videos):
    video = await create(videos)
    await convert(videos, video, MORE)
    await asyncio.gather(*(choose(videos, video, n % 4) for n in range(12)))
    covers, chosen = await choice(videos, video)
    assert covers == [FIRST, *MORE]
    assert await shown(videos, video) == covers[chosen]
