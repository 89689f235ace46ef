"""Videos by words, by hashtags, of several authors; the same answers on every SQL server."""

import random
from pathlib import Path

import pytest
from fleet import eventually
from peewee import SQL

from microkit.errors import ParamError
from microkit.storage.database import open_database
from microkit.terms import Query, hashtags
from videomicro.dal.model import Video
from videomicro.dal.titles import Titles
from videomicro.dal.video import Videos

MIGRATIONS = Path(__file__).parents[2] / "videomicro" / "migrations"
WORDS = ("极简", "抖音", "雪", "旅行", "hello", "help", "Python", "#旅行", "#Snow", "2026", "简抖")
QUERIES = ("极简抖音", "雪", "hel", "h", "py 旅行", "简抖 2026", "抖音 hello 雪", "没有", "snow")


@pytest.fixture
async def videos(fleet):
    return fleet.client("videoservice")


async def publish(videos, title, author=1):
    made = await videos.CreateVideoMethod(
        title=title, author_id=author, play_url="videos/x.mp4", cover_url="covers/x.jpg"
    )
    return made.video_id


async def pages(call, **request):
    """The ids of all pages."""
    found, cursor = [], 0
    while True:
        page = await call(cursor=cursor, **request)
        found += page.videos.ids
        cursor = page.next_cursor
        if not cursor:
            return found


async def test_search_finds_what_a_look_at_every_title_finds(videos, fleet):
    """The titles, queries and answers are the same on SQLite, MariaDB and MySQL 8."""
    random.seed(7)
    titles = {}
    for _ in range(150):
        title = random.choice(["", " ", "，"]).join(random.choices(WORDS, k=random.randint(1, 4)))
        titles[await publish(videos, title)] = title
    newest = sorted(titles, reverse=True)
    for query in QUERIES:
        wanted = [each for each in newest if Query(query).matches(titles[each])]
        for count in (7, 300):
            found = await pages(videos.SearchVideosMethod, words=query, count=count)
            assert found == wanted, query
    for tag in ("旅行", "＃SNOW"):
        name = tag.removeprefix("＃").lower()
        wanted = [each for each in newest if name in hashtags(titles[each])]
        assert wanted
        assert await pages(videos.HashtagVideosMethod, hashtag=tag, count=7) == wanted
    suggested = (await videos.SuggestHashtagsMethod(prefix="")).hashtags
    assert {each.name for each in suggested} == {"旅行", "snow"} | {
        name for title in titles.values() for name in hashtags(title)
    }
    for each in suggested:
        assert each.videos == sum(each.name in hashtags(title) for title in titles.values())


async def test_changed_titles_and_deleted_videos_leave_the_index(videos):
    first = await publish(videos, "雪山 #旅行")
    other = await publish(videos, "雪地 #旅行")
    await videos.UpdateVideoMethod(id=first, title="海边 #大海")
    assert await pages(videos.SearchVideosMethod, words="雪") == [other]
    assert await pages(videos.SearchVideosMethod, words="海边") == [first]
    await videos.DeleteVideoMethod(video_id=other)
    third = await publish(videos, "雪人 #旅行")
    await videos.RemoveVideoMethod(video_id=third, author_id=1, lease_seconds=60)
    assert await pages(videos.SearchVideosMethod, words="雪") == []
    assert await pages(videos.HashtagVideosMethod, hashtag="旅行") == []
    names = [each.name for each in (await videos.SuggestHashtagsMethod(prefix="")).hashtags]
    assert names == ["大海"]
    assert not (await videos.SuggestHashtagsMethod(prefix="旅")).hashtags


async def test_suggestions_begin_with_the_prefix_and_are_ordered_by_their_videos(videos):
    for title in ("#snow", "#snowman", "#snowman #sea", "#sea", "#sea"):
        await publish(videos, title)
    found = (await videos.SuggestHashtagsMethod(prefix="#SN", count=5)).hashtags
    assert [(each.name, each.videos) for each in found] == [("snowman", 2), ("snow", 1)]
    assert (await videos.SuggestHashtagsMethod(prefix="", count=1)).hashtags[0].name == "sea"


async def test_a_query_without_letters_and_a_wrong_hashtag_are_refused(videos):
    with pytest.raises(ParamError):
        await videos.SearchVideosMethod(words="？！")
    with pytest.raises(ParamError):
        await videos.HashtagVideosMethod(hashtag="a b")


async def test_rows_of_older_versions_are_indexed_in_chunks_and_once(settings, database_url):
    own = settings(database_url=database_url("old"), store_timeout_ms=20_000)
    async with open_database(own, MIGRATIONS) as database:
        rows = [
            {
                "author_id": 1, "title": f"旧 #雪 {n}", "play_url": "p", "cover_url": "c",
                "created_ms": n + 1, "deleted": n == 3,
            }
            for n in range(230)
        ]  # fmt: skip
        await database.write(Video.insert_many(rows))
        titles = Titles(database)
        fresh = await Videos(database).create(1, "新 #雪", "p", "c")  # indexed with its row
        assert await titles.fill()  # one chunk; another process goes on
        while await Titles(database).fill():
            pass
        assert not await titles.fill()
        found = await titles.postings("#雪", 2**62, 300)
        assert len(found) == 230
        assert found[0].id == fresh
        assert [each.videos for each in await titles.suggested("雪", 5)] == [230]
        terms = await database.rows(SQL("SELECT COUNT(*) FROM video_term WHERE created_ms = 4"))
        assert terms[0][0] == 0, "a deleted video is not indexed"


async def test_the_service_indexes_older_rows_when_it_starts(videos, fleet):
    video_id = await publish(videos, "雪")
    running = fleet.running["videoservice"]
    database = await running.context.database()

    async def done():
        ((done_ms,),) = await database.rows(SQL("SELECT done_ms FROM video_indexing"))
        return done_ms > 0

    titles = Titles(database)
    while await titles.fill():
        pass
    await eventually(done)
    assert await pages(videos.SearchVideosMethod, words="雪") == [video_id]


async def test_videos_of_authors_are_merged_newest_first(videos):
    random.seed(5)
    made = [
        (await publish(videos, "t", author), author)
        for author in random.choices(range(1, 30), k=90)
    ]
    for authors in ([3], [1, 2, 3, 40], list(range(1, 300))):
        wanted = [each for each, author in reversed(made) if author in authors]
        assert await pages(videos.VideosOfAuthorsMethod, author_ids=authors, count=7) == wanted
    assert await pages(videos.VideosOfAuthorsMethod, author_ids=[]) == []
    with pytest.raises(ParamError):
        await videos.VideosOfAuthorsMethod(author_ids=list(range(1, 302)))


async def test_the_newest_videos_have_their_times(videos):
    ids = [await publish(videos, "t", author) for author in (4, 5)]
    newest = await videos.LatestVideosMethod(limit=10)
    assert newest.ids == ids[::-1]
    assert newest.author_ids == [5, 4]
    assert newest.created_ms == sorted(newest.created_ms, reverse=True)
