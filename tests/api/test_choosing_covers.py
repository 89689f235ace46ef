"""Covers to choose from are made with the renditions; everybody sees the one that is chosen."""

import io

import av
import pytest
from fleet import eventually

NOT_FOUND, BAD = 10007, 10002


@pytest.fixture
async def http(open_http):
    async with open_http(media_renditions=True) as opened:
        yield opened


async def video_of(http):
    (video,) = (await http.get("/douyin/feed/"))["video_list"]
    return video


async def covers_of(http, video, person):
    return await http.get("/douyin/publish/covers/", token=person.token, video_id=video["id"])


async def choice(http, video, person):
    """The covers, and the one that is chosen."""
    answer = await covers_of(http, video, person)
    assert answer["status_code"] == 0
    covers = {each["cover_url"]: each["chosen"] for each in answer["cover_list"]}
    (chosen,) = (url for url, yes in covers.items() if yes)
    return list(covers), chosen


async def choose(http, video, person, cover):
    answer = await http.post(
        "/douyin/publish/cover/", token=person.token, video_id=video["id"], cover=cover
    )
    return answer["status_code"]


async def test_an_author_chooses_another_cover_and_all_see_it(http, clip, store):
    ann, bob = await http.register("ann"), await http.register("bob")
    await http.publish(ann, clip)
    video = await video_of(http)

    async def converted():
        return "hls_url" in await video_of(http)

    await eventually(converted)
    covers, chosen = await choice(http, video, ann)
    assert chosen == covers[0]
    assert covers[0] == video["cover_url"]
    assert len(set(covers)) == 4
    pictures = [await picture(http, url) for url in covers]
    assert {size for size, _ in pictures} == {(360, 640)}
    assert len({luma for _, luma in pictures}) == 4
    assert await choose(http, video, ann, 2) == 0
    assert (await video_of(http))["cover_url"] == covers[2]
    (work,) = (await http.get("/douyin/publish/list/", user_id=ann.id))["video_list"]
    assert work["cover_url"] == covers[2]
    assert {**work, "cover_url": ""} == {**await video_of(http), "cover_url": ""}
    assert await choice(http, video, ann) == (covers, covers[2]), "the first one is not lost"
    assert (await covers_of(http, video, bob))["status_code"] == NOT_FOUND
    assert await choose(http, video, bob, 1) == NOT_FOUND
    assert await choose(http, video, ann, 4) == BAD
    assert (await video_of(http))["cover_url"] == covers[2]
    acts = {"token": ann.token, "video_id": video["id"]}
    assert (await http.post("/douyin/publish/delete/", **acts))["status_code"] == 0
    assert store.files() == []
    assert (await covers_of(http, video, ann))["status_code"] == NOT_FOUND


async def picture(http, url):
    async with http.session.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
        with av.open(io.BytesIO(await response.read())) as opened:
            (frame,) = opened.decode(video=0)
            return (frame.width, frame.height), bytes(frame.planes[0])
