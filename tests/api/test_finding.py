"""Search, hashtags, the following tab, recommended videos and shared links over HTTP."""

import html

import pytest

from api import recommended
from api.ranking import Cursor, CursorKind, ranked

LIMITED = 10009


async def publish(http, person, title):
    made = await http.fleet.client("videoservice").CreateVideoMethod(
        title=title, author_id=person.id, play_url="videos/a.mp4", cover_url="covers/a.jpg"
    )
    return made.video_id


async def pages(http, path, **query):
    """The ids of all pages."""
    found, cursor = [], 0
    while True:
        page = await http.get(path, cursor=cursor, **query)
        assert page["status_code"] == 0, page
        found += [each["id"] for each in page.get("video_list", page.get("user_list"))]
        cursor = page["next_cursor"]
        if not cursor:
            return found


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
async def test_people_videos_and_hashtags_are_found_without_a_login(http):
    lin, other = await http.register("林晓雨"), await http.register("linda")
    first = await publish(http, lin, "第一场雪 #雪景")
    second = await publish(http, other, "雪后初晴 #雪景 #Winter")
    assert await pages(http, "/douyin/search/video/", words="雪", count=1) == [second, first]
    assert await pages(http, "/douyin/search/video/", words="一场雪") == [first]
    assert await pages(http, "/douyin/search/user/", words="LIN") == [other.id]
    assert await pages(http, "/douyin/search/user/", words="晓雨", token=lin.token) == [lin.id]
    assert await pages(http, "/douyin/hashtag/", hashtag="＃雪景", count=1) == [second, first]
    suggested = await http.get("/douyin/hashtag/suggest/", prefix="#雪")
    assert suggested["hashtag_list"] == [{"name": "雪景", "video_count": 2}]
    popular = await http.get("/douyin/hashtag/suggest/", count=1)
    assert popular["hashtag_list"] == [{"name": "雪景", "video_count": 2}]
    full = (await http.get("/douyin/video/", video_id=first))["video"]
    assert full["title"] == "第一场雪 #雪景"
    assert full["author"]["name"] == "林晓雨"
    assert (await http.get("/douyin/video/", video_id=404))["status_code"] == 10007
    for wrong in ({"words": "？"}, {"words": ""}, {"words": "x" * 65}, {"words": "x", "count": 51}):
        assert (await http.get("/douyin/search/video/", **wrong))["status_code"] == 10002

    await follows_merge(http, lin, other)
    await recommended_in_order(http, lin, other)


async def follows_merge(http, lin, other):
    """The following tab has the followed people's videos only."""
    third = await http.register("third")
    assert (await http.get("/douyin/feed/following/"))["status_code"] == 10004
    assert await pages(http, "/douyin/feed/following/", token=third.token) == []
    for each in (lin, other):
        await http.post(
            "/douyin/relation/action/", token=third.token, to_user_id=each.id, action_type=1
        )
    await publish(http, third, "own")
    wanted = [
        each for n in range(4) for each in [await publish(http, (lin, other)[n % 2], f"f{n}")]
    ]
    found = await pages(http, "/douyin/feed/following/", token=third.token, count=3)
    assert found[:4] == wanted[::-1]
    assert len(found) == 6


async def recommended_in_order(http, lin, other):
    """Nobody gets a video twice; who is signed in gets what was not seen first."""
    path = "/douyin/feed/recommended/"
    every = sorted(await pages(http, path, count=50))
    assert len(every) == 7
    await http.post("/douyin/favorite/action/", token=lin.token, video_id=every[0], action_type=1)
    assert sorted(await pages(http, path, count=2)) == every
    first = await http.get(path, token=lin.token, count=3)
    seen = [each["id"] for each in first["video_list"]]
    again = await pages(http, path, token=lin.token, count=2)
    assert sorted(again) == every, "a session has everything once"
    assert set(again[:4]) == set(every) - set(seen), "what was seen comes last"
    assert sorted(await pages(http, path, token=lin.token, count=50)) == every
    for cursor in (2**63 - 1, 2**62 + 1, 2**62 + 2, 5, 6, 7):
        assert (await http.get(path, cursor=cursor, token=lin.token))["status_code"] == 0


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
async def test_recommended_pages_go_on_below_the_candidates_without_repeats(http, monkeypatch):
    monkeypatch.setattr(recommended, "CANDIDATES", 5)
    me = await http.register("me")
    every = [await publish(http, me, f"v{n}") for n in range(12)]
    for token in ("", me.token):
        found = await pages(http, "/douyin/feed/recommended/", token=token, count=3)
        assert sorted(found) == every
        assert set(found[:5]) == set(every[-5:])


def test_likes_comments_freshness_and_follows_raise_a_score():
    hour = 3_600_000
    videos = [(4, 1, 100 * hour), (3, 2, 99 * hour), (2, 1, 90 * hour), (1, 2, 90 * hour)]
    ranking = ranked(1, 100 * hour, videos, {1: 500, 3: 5}, {2: 1})
    assert [each.id for each in ranking.candidates] == [1, 3, 4, 2]
    assert ranking.oldest_ms == 90 * hour
    mine = ranking.order_for(frozenset([1]), {1: 5, 3: 9, 2: 20}, 10)
    assert [each.id for each in mine] == [4, 1, 3], "2 was seen since the first page"
    for kind in (CursorKind.RANKED, CursorKind.PERSONAL, CursorKind.OLDER):
        assert Cursor.read(Cursor(kind, 7).number) == Cursor(kind, 7)


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
async def test_searches_are_limited_per_account_and_without_a_token_per_address(open_http):
    async with open_http(
        limit_searches="2:1", limit_searches_per_address="3:1", limit_exempt_addresses=""
    ) as http:
        me = await http.register("me")
        for token, free in ((me.token, 2), ("", 3)):
            asked = [
                (await http.get("/douyin/hashtag/suggest/", token=token))["status_code"]
                for _ in range(free + 1)
            ]
            assert asked == [0] * free + [LIMITED]


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
async def test_a_shared_link_has_a_preview_in_which_nothing_is_markup(http):
    me = await http.register("<b>me</b>")
    title = '"><script>alert(1)</script> & 雪'
    video_id = await publish(http, me, title)
    async with http.session.get(f"{http.base}/v/{video_id}") as response:
        text = await response.text()
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "<script" not in text
    assert "<b>" not in text
    assert f'property="og:title" content="{html.escape(title)}"' in text
    assert f'property="og:image" content="{http.base}/objects/covers/a.jpg"' in text
    assert f'property="og:url" content="{http.base}/v/{video_id}"' in text
    assert f"url=/#/v/{video_id}" in text
    for unknown in ("404", "0", "9" * 19):
        async with http.session.get(f"{http.base}/v/{unknown}") as response:
            assert response.status == 404
            assert "视频不存在" in await response.text()
