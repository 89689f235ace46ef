"""The whole system on a Redis Cluster, over HTTP."""

import itertools

import pytest

pytestmark = pytest.mark.parametrize("world", ["cluster"], indirect=True)
FOLLOW, LIKE = "/douyin/relation/action/", "/douyin/favorite/action/"


async def people(http, person, which):
    answer = await http.get(f"/douyin/relation/{which}/list/", user_id=person.id)
    return [each["id"] for each in answer["user_list"]]


async def user(http, person):
    return (await http.get("/douyin/user/", user_id=person.id))["user"]


async def test_every_write_is_seen_at_once_by_all_it_concerns(http, clip):
    ann, bob, eve = [await http.register(name) for name in ("ann", "bob", "eve")]
    assert (await http.publish(ann, clip))["status_code"] == 0
    video = await http.first_video(ann)
    for one, other in itertools.permutations((ann, bob, eve), 2):
        await http.post(FOLLOW, token=one.token, to_user_id=other.id, action_type=1)
        assert other.id in await people(http, one, "follow")
        assert one.id in await people(http, other, "follower")
    for count, one in enumerate((ann, bob, eve), 1):
        await http.post(LIKE, token=one.token, video_id=video, action_type=1)
        liked = await http.get("/douyin/favorite/list/", user_id=one.id, token=one.token)
        assert [(each["id"], each["favorite_count"]) for each in liked["video_list"]] == [
            (video, count)
        ]
        assert int((await user(http, ann))["total_favorited"]) == count
    await http.post(FOLLOW, token=eve.token, to_user_id=ann.id, action_type=2)
    await http.post(LIKE, token=eve.token, video_id=video, action_type=2)
    assert await people(http, ann, "follower") == [bob.id]
    found = await user(http, ann)
    assert (found["follow_count"], found["follower_count"]) == (2, 1)
    assert int(found["total_favorited"]) == 2
    feed = await http.get("/douyin/feed/", token=bob.token)
    (shown,) = feed["video_list"]
    assert (shown["favorite_count"], shown["is_favorite"]) == (2, True)
    assert shown["author"]["is_follow"]
    message = {"to_user_id": bob.id, "action_type": 1}
    await http.post("/douyin/message/action/", token=ann.token, content="你好", **message)
    for one, other in ((ann, bob), (bob, ann)):
        chat = await http.get("/douyin/message/chat/", token=one.token, to_user_id=other.id)
        assert [each["content"] for each in chat["message_list"]] == ["你好"]
    friends = await http.get("/douyin/relation/friend/list/", user_id=bob.id, token=bob.token)
    assert {each["id"]: each["message"] for each in friends["user_list"]} == {
        ann.id: "你好",
        eve.id: "",
    }
