"""The behaviour of videoservice."""

import asyncio
import random
import time

import pytest
from fleet import store_calls

from idl import videomicro
from microkit.errors import NotFound, ParamError
from microkit.storage.database import open_database
from videomicro import SERVICE
from videomicro.dal.video import Videos

FUTURE = 2**62


@pytest.fixture
async def videos(fleet):
    return fleet.client("videoservice")


async def publish(videos, author=1, title="a title"):
    answer = await videos.CreateVideoMethod(
        title=title, author_id=author, play_url="videos/x.mp4", cover_url="covers/x.jpg"
    )
    return answer.video_id


async def test_a_published_video_is_visible_at_once(videos):
    video_id = await publish(videos, author=7, title="标题")
    assert (await videos.GetVideoAuthorIdMethod(id=video_id)).author_id == 7
    (listed,) = (await videos.GetVideosByAuthorIdMethod(author_id=7)).video_list
    (known,) = (await videos.GetVideoSetByIdSetMethod(id_set=[video_id, 404])).video_set
    assert listed == known
    assert (known.id, known.title, known.play_url) == (video_id, "标题", "videos/x.mp4")


async def test_pages_of_the_feed_neither_skip_nor_repeat(videos):
    ids = await asyncio.gather(*(publish(videos, title=f"video {i}") for i in range(25)))
    seen, before = [], FUTURE
    while page := (answer := await videos.GetVideosFeedMethod(latest_time=before, limit=7)):
        if not page.video_list:
            break
        seen += [video.id for video in page.video_list]
        # HTTP clients page by whole milliseconds.
        before = answer.next_time // 1_000_000 * 1_000_000
    assert seen == sorted(ids, reverse=True)
    assert answer.next_time > time.time_ns(), "an empty page starts over from the newest"


async def test_the_feed_is_strictly_before_a_nanosecond(videos):
    video_id = await publish(videos)
    (video,) = (await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=1)).video_list
    at = (await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=1)).next_time
    assert video.id == video_id
    assert abs(at - time.time_ns()) < 60e9
    assert not (await videos.GetVideosFeedMethod(latest_time=at, limit=1)).video_list
    assert len((await videos.GetVideosFeedMethod(latest_time=at + 1, limit=1)).video_list) == 1


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_an_invalid_page_size_is_refused(videos, limit):
    with pytest.raises(ParamError):
        await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=limit)


async def test_a_title_can_be_changed_and_has_bounds(videos):
    video_id = await publish(videos)
    await videos.GetVideoSetByIdSetMethod(id_set=[video_id])
    await videos.UpdateVideoMethod(id=video_id, title="other")
    (video,) = (await videos.GetVideoSetByIdSetMethod(id_set=[video_id])).video_set
    assert video.title == "other"
    for title in ("", " \n ", "x" * 129):
        with pytest.raises(ParamError):
            await videos.UpdateVideoMethod(id=video_id, title=title)
        with pytest.raises(ParamError):
            await publish(videos, title=title)
    with pytest.raises(NotFound):
        await videos.UpdateVideoMethod(id=404, title="x")


async def test_a_deleted_video_is_neither_listed_nor_counted(videos):
    kept, gone = await publish(videos, author=3), await publish(videos, author=3)
    await videos.GetVideoCountSetByIdUserSetMethod(author_id_set=[3])
    await videos.DeleteVideoMethod(video_id=gone)
    assert [v.id for v in (await videos.GetVideosByAuthorIdMethod(author_id=3)).video_list] == [
        kept
    ]
    feed = await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=30)
    assert [video.id for video in feed.video_list] == [kept]
    assert len((await videos.GetVideoSetByIdSetMethod(id_set=[kept, gone])).video_set) == 1
    (count,) = (await videos.GetVideoCountSetByIdUserSetMethod(author_id_set=[3])).count_set
    assert count.count == 1
    for call in (
        videos.DeleteVideoMethod(video_id=gone),
        videos.GetVideoAuthorIdMethod(id=gone),
        videos.UpdateVideoMethod(id=gone),
    ):
        with pytest.raises(NotFound):
            await call


async def test_every_requested_author_has_a_count(videos):
    await publish(videos, author=1)
    await publish(videos, author=1)
    answer = await videos.GetVideoCountSetByIdUserSetMethod(author_id_set=[1, 2, 1])
    assert {each.id: each.count for each in answer.count_set} == {1: 2, 2: 0}
    await publish(videos, author=2)
    answer = await videos.GetVideoCountSetByIdUserSetMethod(author_id_set=[2])
    assert answer.count_set[0].count == 1
    columns = await videos.GetVideoCountSetByIdUserSetMethod(
        author_id_set=[2, 9, 1, 2], columns=True
    )
    assert (columns.count_set, columns.counts) == ([], [1, 0, 2])


async def test_one_call_reads_pages_of_the_feed_and_of_authors(videos):
    ids = [await publish(videos, author=author) for author in (1, 2, 1)]
    feed = await videos.GetVideosFeedMethod(latest_time=FUTURE, limit=2)
    own = await videos.GetVideosByAuthorIdMethod(author_id=1, count=1)
    answer = await videos.GetVideoPagesMethod(
        feed=[
            videomicro.FeedKey(latest_time=FUTURE, limit=2),
            videomicro.FeedKey(latest_time=feed.next_time, limit=2),
        ],
        published=[
            videomicro.PageKey(author_id=1, count=1),
            videomicro.PageKey(author_id=1, cursor=own.next_cursor),
            videomicro.PageKey(author_id=9),
        ],
    )
    pages = [[answer.videos.ids[at] for at in page] for page in answer.pages]
    assert pages == [[ids[2], ids[1]], [ids[0]], [ids[2]], [ids[0]], []]
    assert sorted(answer.videos.ids) == ids
    assert answer.nexts[0] == feed.next_time
    assert answer.nexts[2:] == [own.next_cursor, 0, 0]
    columns = (await videos.GetVideoSetByIdSetMethod(id_set=[ids[1], 999], columns=True)).columns
    (stored,) = (await videos.GetVideoSetByIdSetMethod(id_set=[ids[1]])).video_set
    assert columns == videomicro.VideoColumns(
        ids=[stored.id],
        titles=[stored.title],
        author_ids=[stored.author_id],
        play_urls=[stored.play_url],
        cover_urls=[stored.cover_url],
    )
    key = videomicro.PageKey(author_id=1)
    with pytest.raises(ParamError):
        await videos.GetVideoPagesMethod(feed=[], published=[key] * 9)


async def test_ten_thousand_ids_are_accepted_and_more_are_refused(videos):
    video_id = await publish(videos)
    ids = list(range(video_id, video_id + 10_000))
    assert len((await videos.GetVideoSetByIdSetMethod(id_set=ids)).video_set) == 1
    with pytest.raises(ParamError):
        await videos.GetVideoSetByIdSetMethod(id_set=list(range(10_001)))


async def test_a_cached_page_never_hides_a_change_by_another_replica(settings, database_url):
    own = settings(database_url=database_url("videomicro"))
    migrations = SERVICE.migrations()
    async with open_database(own, migrations) as one, open_database(own, migrations) as other:
        here, there = Videos(one), Videos(other)

        async def titles() -> list[str]:
            return [row.title for row in await here.feed(2**60, 30)]

        first = await there.create(1, "first", "p", "c")
        assert await titles() == await titles() == ["first"]
        second = await there.create(1, "second", "p", "c")
        assert await titles() == ["second", "first"]
        await there.rename(first, "renamed")
        assert await titles() == ["second", "renamed"]
        await there.delete(second)
        assert await titles() == ["renamed"]
        for n in range(40):
            await (here, there)[n % 2].create(1, f"{n}", "p", "c")
            assert (await titles())[0] == f"{n}"


async def test_any_request_for_an_unchanged_page_costs_one_statement(settings, database_url):
    own = settings(database_url=database_url("videomicro"))
    async with open_database(own, SERVICE.migrations()) as database:
        videos = Videos(database)
        for n in range(40):
            await videos.create(1, f"{n}", "p", "c")
        page = await videos.feed(2**60, 30)
        before = store_calls("sql")
        now = page[0].created_ms + 1
        pages = await asyncio.gather(*(videos.feed(now + n, 30) for n in range(50)))
        assert all(each == page for each in pages)
        assert store_calls("sql") == before + 1
        assert len(await videos.feed(page[-1].created_ms, 30)) == 10


async def test_used_keys_are_those_of_videos_and_covers_deleted_ones_included(videos):
    await videos.CreateVideoMethod(title="a", author_id=1, play_url="videos/a", cover_url="c/a")
    gone = await videos.CreateVideoMethod(
        title="b", author_id=1, play_url="videos/b", cover_url="c/b"
    )
    await videos.DeleteVideoMethod(video_id=gone.video_id)
    asked = ["videos/a", "VIDEOS/A", "videos/a ", "c/a", "c/b", "none", "none"]
    answer = await videos.GetUsedKeysMethod(keys=asked)
    assert sorted(answer.keys) == ["c/a", "c/b", "videos/a"]
    assert not (await videos.GetUsedKeysMethod(keys=[])).keys
    with pytest.raises(ParamError, match="1000"):
        await videos.GetUsedKeysMethod(keys=[f"videos/{n}" for n in range(1001)])


async def test_a_claim_is_granted_again_after_its_interval(videos, monkeypatch):
    now = [1_000_000_000_000]
    monkeypatch.setattr("videomicro.dal.object_keys.now_ms", lambda: now[0])

    async def granted():
        return (await videos.ClaimSweepMethod(interval_seconds=3600)).granted

    assert await granted()
    now[0] -= 5
    assert not await granted(), "a concurrent claim that read the clock before"
    now[0] += 5 + 3_599_999
    assert not await granted()
    now[0] += 1
    assert await granted()
    now[0] -= 10**10  # the clock was wrong
    assert await granted()
    with pytest.raises(ParamError):
        await videos.ClaimSweepMethod(interval_seconds=0)


async def test_counts_and_rows_are_those_of_now_whatever_replica_wrote(settings, database_url):
    own = settings(database_url=database_url("videomicro"))
    migrations = SERVICE.migrations()
    chance = random.Random(5)
    async with open_database(own, migrations) as one, open_database(own, migrations) as other:
        replicas = Videos(one), Videos(other)
        titles: dict[int, dict[int, str]] = {1: {}, 2: {}, 3: {}}

        async def write(author: int) -> None:
            videos, known = chance.choice(replicas), titles[author]
            action = chance.choice(("create", "create", "rename", "delete"))
            if action == "create" or not known:
                known[await videos.create(author, "new", "p", "c")] = "new"
            elif action == "rename":
                video_id = chance.choice(list(known))
                known[video_id] = f"{len(known)}"
                await videos.rename(video_id, known[video_id])
            else:
                video_id, _ = known.popitem()
                await videos.delete(video_id)

        for _ in range(25):
            await asyncio.gather(*map(write, titles))
            for videos in replicas:
                counts = {author: len(known) for author, known in titles.items()}
                assert await videos.counts(titles) == counts
                ids = [video_id for known in titles.values() for video_id in known]
                assert {row.id: row.title for row in (await videos.by_ids(ids)).values()} == {
                    video_id: title
                    for known in titles.values()
                    for video_id, title in known.items()
                }


async def test_a_storm_of_publishes_in_two_replicas_counts_and_orders_every_video(
    settings, database_url
):
    own = settings(database_url=database_url("videomicro"))
    migrations = SERVICE.migrations()
    async with open_database(own, migrations) as one, open_database(own, migrations) as other:
        here, there = Videos(one), Videos(other)
        acknowledged: list[int] = []

        async def publish_some(videos: Videos, reader: Videos, author: int) -> None:
            for n in range(1, 11):
                video_id = await videos.create(author, "t", "p", "c")
                acknowledged.append(video_id)
                assert await reader.counts([author]) == {author: n}
                newest = (await reader.by_author(author, 2**62, 1)).items[0]
                assert newest.id == video_id
                assert video_id in {row.id for row in await reader.feed(2**62, 200)}

        await asyncio.gather(
            *(publish_some(here, there, author) for author in range(10)),
            *(publish_some(there, here, author) for author in range(10, 20)),
        )
        seen, cursor = [], 2**62
        while page := await here.feed(cursor, 7):
            seen += [row.id for row in page]
            cursor = page[-1].created_ms
        assert sorted(seen) == sorted(acknowledged)
        assert len(set(seen)) == 200


async def test_concurrent_publishes_share_a_transaction(settings, database_url):
    own = settings(database_url=database_url("videomicro"))
    async with open_database(own, SERVICE.migrations()) as database:
        videos = Videos(database)
        before = store_calls("sql")
        ids = await asyncio.gather(*(videos.create(n, f"{n}", "p", "c") for n in range(100)))
        assert store_calls("sql") - before <= 5  # the last one is the index of titles
        rows = await videos.feed(2**62, 100)
        assert [(row.id, row.title) for row in reversed(rows)] == [
            (video_id, f"{n}") for n, video_id in enumerate(ids)
        ]
        assert len({row.created_ms for row in rows}) == 100
