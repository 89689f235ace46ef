"""Publishing, the feed and objects."""

import asyncio
import time
from unittest import mock

import aiohttp
import pytest

VIDEO_FIELDS = {
    "id", "author", "play_url", "cover_url", "favorite_count", "comment_count", "is_favorite",
    "title",
}  # fmt: skip


def left(store, tmp_path):
    """The stored objects and the remains of uploads."""
    uploads = [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    return store.files() + uploads


async def test_a_published_video_is_listed_at_once_and_plays(http, clip):
    person = await http.register("author")
    assert (await http.publish(person, clip, "我的 视频"))["status_code"] == 0
    answer = await http.get("/douyin/publish/list/", user_id=person.id, token=person.token)
    (video,) = answer["video_list"]
    assert set(video) == VIDEO_FIELDS
    assert (video["title"], video["author"]["id"]) == ("我的 视频", person.id)
    assert video["author"]["work_count"] == 1
    async with http.session.get(video["play_url"], headers={"Range": "bytes=4-7"}) as response:
        assert (response.status, response.content_type) == (206, "video/mp4")
        assert await response.read() == b"ftyp"
        assert response.headers["ETag"]
        assert "immutable" in response.headers["Cache-Control"]
    async with http.session.get(video["play_url"]) as response:
        whole = await response.read()
        assert whole.index(b"moov") < whole.index(b"mdat")
    async with http.session.get(
        video["play_url"], headers={"If-None-Match": response.headers["ETag"]}
    ) as response:
        assert response.status == 304
    async with http.session.get(video["play_url"], headers={"Range": "bytes=999999999-"}) as bad:
        assert bad.status == 416
    async with http.session.get(video["cover_url"]) as response:
        assert response.content_type == "image/jpeg"
        assert (await response.read())[:2] == b"\xff\xd8"


async def test_pages_of_the_feed_are_complete_and_wrap_to_the_newest(http, clip):
    person = await http.register("author")
    videos = http.fleet.client("videoservice")
    for i in range(35):
        await videos.CreateVideoMethod(
            title=f"t{i}", author_id=person.id, play_url="videos/a.mp4", cover_url="covers/a.jpg"
        )
    first = await http.get("/douyin/feed/")
    assert len(first["video_list"]) == 30
    assert len(str(first["next_time"])) == 13
    second = await http.get("/douyin/feed/", latest_time=first["next_time"], token=person.token)
    seen = [video["id"] for video in first["video_list"] + second["video_list"]]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 35
    empty = await http.get("/douyin/feed/", latest_time=second["next_time"])
    assert empty["video_list"] == []
    again = await http.get("/douyin/feed/", latest_time=empty["next_time"])
    assert again["video_list"] == first["video_list"]


@pytest.mark.parametrize("value", ["", "0", "x", "99999999999999", "1e30", "-5", "9" * 30])
async def test_an_invalid_time_means_now(http, value):
    await http.fleet.client("videoservice").CreateVideoMethod(
        title="t", author_id=1, play_url="a", cover_url="b"
    )
    answer = await http.get("/douyin/feed", latest_time=value)
    assert (answer["status_code"], len(answer["video_list"])) == (0, 1)


async def test_seconds_are_accepted_for_milliseconds(http):
    await http.fleet.client("videoservice").CreateVideoMethod(
        title="t", author_id=1, play_url="a", cover_url="b"
    )
    past = await http.get("/douyin/feed", latest_time=int(time.time()) - 60)
    assert past["video_list"] == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"no video at all", "text"), (b"", "empty"), (b"#EXTM3U\n/etc/passwd\n", "a playlist")],
)
async def test_a_file_that_is_not_a_video_is_refused_and_leaves_nothing(
    http, tmp_path, content, why, store
):
    person = await http.register("author")
    form = aiohttp.FormData()
    form.add_field("data", content, filename="x.mp4")
    form.add_field("title", "title")
    answer = await http.call("POST", f"/douyin/publish/action/?token={person.token}", data=form)
    assert answer["status_code"] == 10002, why
    assert answer["status_msg"]
    assert left(store, tmp_path) == []
    assert (await http.get("/douyin/publish/list/", user_id=person.id))["video_list"] == []


async def test_a_video_that_is_too_large_is_refused_and_leaves_nothing(http, tmp_path, store):
    person = await http.register("author")
    for length in (3 << 20, (2 << 20) + 5000):
        form = aiohttp.FormData()
        form.add_field("data", bytes(length), filename="x.mp4")
        form.add_field("title", "title")
        answer = await http.call(
            "POST", f"/douyin/publish/action/?token={person.token}", data=form, status=413
        )
        assert "2 MB" in answer["status_msg"]
    assert left(store, tmp_path) == []


async def test_publishing_needs_a_token_a_title_and_a_video(http, clip, tmp_path, store):
    person = await http.register("author")
    content = clip.read_bytes()

    async def publish(query, **fields):
        form = aiohttp.FormData()
        for name, value in fields.items():
            form.add_field(name, value, filename="f" if name == "data" else None)
        return await http.call("POST", "/douyin/publish/action/", params=query, data=form)

    for query, fields, code in (
        ({}, {"data": content, "title": "t"}, 10004),
        ({"token": "wrong"}, {"data": content, "title": "t"}, 10004),
        ({"token": person.token}, {"data": content, "title": " \n"}, 10002),
        ({"token": person.token}, {"data": content, "title": "x" * 129}, 10002),
        ({"token": person.token}, {"data": content}, 10002),
        ({"token": person.token}, {"title": "t"}, 10002),
    ):
        assert (await publish(query, **fields))["status_code"] == code, fields.keys()
    answer = await http.post("/douyin/publish/action/", token=person.token, title="t")
    assert answer["status_code"] == 10002
    assert left(store, tmp_path) == []


async def test_an_upload_without_videoservice_fails_and_leaves_nothing(http, clip, tmp_path, store):
    person = await http.register("author")
    await http.fleet.stop("videoservice")
    assert (await http.publish(person, clip))["status_code"] == 10006
    assert left(store, tmp_path) == []


@pytest.mark.parametrize(
    "service", ["userservice", "relationservice", "favoriteservice", "commentservice"]
)
async def test_a_page_without_one_service_lacks_only_its_fields(http, service):
    person = await http.register("viewer")
    videos = http.fleet.client("videoservice")
    await videos.CreateVideoMethod(title="t", author_id=person.id, play_url="a", cover_url="b")
    await http.fleet.stop(service)
    for token in ("", person.token):
        answer = await http.get("/douyin/feed/", token=token)
        assert answer["status_code"] == 0
        (video,) = answer["video_list"]
        assert set(video) == VIDEO_FIELDS
        assert video["author"]["id"] == person.id
        assert video["author"]["signature"]
        assert video["author"]["avatar"].startswith("http://")


async def test_without_videoservice_the_feed_is_an_error(http):
    await http.fleet.stop("videoservice")
    answer = await http.get("/douyin/feed/")
    assert answer["status_code"] == 10006
    assert answer["video_list"] == []


async def test_objects_outside_of_the_store_are_not_served(http, tmp_path):
    (tmp_path / "secret").write_text("x")
    for path in ("../secret", "..%2fsecret", "%2e%2e/secret", "videos/../../secret", "", "a//b"):
        from yarl import URL

        async with http.session.get(URL(f"{http.base}/objects/{path}", encoded=True)) as response:
            assert response.status == 404, path


async def test_failed_object_responses_are_not_cacheable(http, clip):
    person = await http.register("author")
    await http.publish(person, clip)
    listed = await http.get("/douyin/publish/list/", user_id=person.id)
    play_url = listed["video_list"][0]["play_url"]
    for url, headers, status in (
        (play_url, {"Range": "bytes=99999999-"}, 416),
        (f"{http.base}/objects/videos/nothing.mp4", {}, 404),
        (f"{http.base}/objects/videos", {}, 404),
        (f"{http.base}/objects/default/nothing.png", {}, 404),
    ):
        async with http.session.get(url, headers=headers) as response:
            assert (response.status, response.headers.get("Cache-Control")) == (status, None), url
    async with http.session.get(play_url) as response:
        assert "immutable" in response.headers["Cache-Control"]
    # Its name stays when the picture changes.
    async with http.session.get(f"{http.base}/objects/default/avatar.png") as response:
        assert response.headers["Cache-Control"] == "public, max-age=86400"


RANGES = [
    ("bytes=4-7", slice(4, 8)),
    ("bytes=-3", slice(-3, None)),
    ("Bytes=4-", slice(4, None)),
    ("bytes=7-4", None),
    ("bytes=", None),
    ("bytes=-", None),
    ("bytes=x-y", None),
    ("bytes=4-7,9-10", None),
    ("items=4-7", None),
    ("4-7", None),
]


async def test_a_malformed_range_is_ignored(http, clip):
    person = await http.register("author")
    await http.publish(person, clip)
    (video,) = (await http.get("/douyin/publish/list/", user_id=person.id))["video_list"]
    for url in (video["play_url"], f"{http.base}/objects/default/avatar.png"):
        async with http.session.get(url) as response:
            whole = await response.read()
        for range_, part in RANGES:
            async with http.session.get(url, headers={"range": range_}) as response:
                assert response.status == (206 if part else 200), range_
                assert await response.read() == (whole[part] if part else whole), range_


async def test_a_range_of_another_version_gets_the_whole_object(http, clip):
    person = await http.register("author")
    await http.publish(person, clip)
    (video,) = (await http.get("/douyin/publish/list/", user_id=person.id))["video_list"]
    url, range_ = video["play_url"], {"Range": "bytes=4-7"}
    async with http.session.get(url) as response:
        etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
    for version, status in (
        (etag, 206),
        (modified, 206),
        ('"another"', 200),
        (f"W/{etag}", 200),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 200),
        ("nonsense", 200),
    ):
        async with http.session.get(url, headers={**range_, "If-Range": version}) as response:
            assert response.status == status, version


async def test_the_first_of_several_files_is_published(http, clip, tmp_path, store):
    person = await http.register("author")
    content = clip.read_bytes()

    async def publish(*files):
        form = aiohttp.FormData()
        form.add_field("title", "t")
        for name, value in files:
            form.add_field(name, value, filename="f.mp4")
        path = f"/douyin/publish/action/?token={person.token}"
        return await http.call("POST", path, data=form)

    answer = await publish(("file", content))
    assert (answer["status_code"], "data" in answer["status_msg"]) == (10002, True)
    assert left(store, tmp_path) == []
    noise = b"\xff" * 100_000
    answer = await publish(("cover", noise), ("data", content), ("data", noise), ("more", b"x"))
    assert answer["status_code"] == 0


async def test_videos_from_a_clock_ahead_are_paged_too(http):
    client = http.fleet.client("videoservice")
    ahead = time.time_ns() // 1_000_000 + 3_600_000
    for n in range(35):
        with mock.patch("microkit.clock.time.time_ns", return_value=ahead * 1_000_000):
            await client.CreateVideoMethod(title=f"{n}", author_id=1, play_url="a", cover_url="b")
    first = await http.get("/douyin/feed/")
    second = await http.get("/douyin/feed/", latest_time=first["next_time"])
    titles = [video["title"] for video in first["video_list"] + second["video_list"]]
    assert titles == [str(n) for n in reversed(range(35))]


async def test_concurrent_uploads_are_all_published(http, clip):
    person = await http.register("author")
    answers = await asyncio.gather(*(http.publish(person, clip, f"v{i}") for i in range(6)))
    assert [answer["status_code"] for answer in answers] == [0] * 6
    listed = await http.get("/douyin/publish/list/", user_id=person.id)
    assert len({video["play_url"] for video in listed["video_list"]}) == 6
