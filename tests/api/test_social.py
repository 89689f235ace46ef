"""Likes, comments, follows, friends and chat."""

import asyncio

import pytest


@pytest.fixture
async def scene(http):
    """Two users and a video of the first."""
    author, viewer = await http.register("author"), await http.register("viewer")
    made = await http.fleet.client("videoservice").CreateVideoMethod(
        title="t", author_id=author.id, play_url="videos/a.mp4", cover_url="covers/a.jpg"
    )
    return author, viewer, made.video_id


async def like(http, person, video, action=1):
    return await http.post(
        "/douyin/favorite/action/", token=person.token, video_id=video, action_type=action
    )


async def follow(http, person, other, action=1):
    return await http.post(
        "/douyin/relation/action/", token=person.token, to_user_id=other, action_type=action
    )


async def say(http, person, other, content):
    return await http.post(
        "/douyin/message/action/",
        token=person.token, to_user_id=other, action_type=1, content=content,
    )  # fmt: skip


async def chat(http, person, other, verb="GET", **query):
    answer = await http.call(
        verb, "/douyin/message/chat/", params={"token": person.token, "to_user_id": other, **query}
    )
    assert answer["status_code"] == 0, answer
    return answer["message_list"]


async def test_a_like_is_visible_on_every_page_and_counts_once(http, scene):
    _, viewer, video = scene
    for _ in range(2):
        assert (await like(http, viewer, video))["status_code"] == 0
    (seen,) = (await http.get("/douyin/feed/", token=viewer.token))["video_list"]
    assert (seen["favorite_count"], seen["is_favorite"]) == (1, True)
    assert (seen["author"]["total_favorited"], seen["author"]["total_favourited"]) == (1, "1")
    (anonymous,) = (await http.get("/douyin/feed/"))["video_list"]
    assert (anonymous["favorite_count"], anonymous["is_favorite"]) == (1, False)
    (liked,) = (await http.get("/douyin/favorite/list/", token=viewer.token))["video_list"]
    assert liked["id"] == video
    me = (await http.get("/douyin/user/", token=viewer.token))["user"]
    assert me["favorite_count"] == 1
    for _ in range(2):
        assert (await like(http, viewer, video, 2))["status_code"] == 0
    (seen,) = (await http.get("/douyin/feed/", token=viewer.token))["video_list"]
    assert (seen["favorite_count"], seen["is_favorite"]) == (0, False)


async def test_invalid_likes_are_refused_with_the_reason(http, scene):
    _, viewer, video = scene
    assert (await like(http, viewer, 999))["status_code"] == 10007
    assert (await like(http, viewer, video, 3))["status_code"] == 10002
    assert (await like(http, viewer, 0))["status_code"] == 10002
    assert (await like(http, viewer, "abc"))["status_code"] == 10002
    answer = await http.post("/douyin/favorite/action/", video_id=video, action_type=1)
    assert answer["status_code"] == 10004


async def comment(http, person, video, **more):
    return await http.post("/douyin/comment/action/", token=person.token, video_id=video, **more)


async def test_a_comment_is_returned_listed_and_deleted(http, scene):
    author, viewer, video = scene
    answer = await comment(http, viewer, video, action_type=1, comment_text="好! <b>&amp;</b>")
    made = answer["comment"]
    assert set(made) == {"id", "user", "content", "create_date"}
    assert (made["content"], made["user"]["name"]) == ("好! <b>&amp;</b>", "viewer")
    listed = (await http.get("/douyin/comment/list/", video_id=video))["comment_list"]
    assert listed == [made]
    (seen,) = (await http.get("/douyin/feed/"))["video_list"]
    assert seen["comment_count"] == 1
    stranger = await http.register("stranger")
    gone = {"action_type": 2, "comment_id": made["id"], "comment_text": ""}
    assert (await comment(http, stranger, video, **gone))["status_code"] == 10008
    assert (await comment(http, author, video, **gone))["status_code"] == 0
    assert (await comment(http, author, video, **gone))["status_code"] == 10007
    assert (await http.get("/douyin/comment/list/", video_id=video))["comment_list"] == []


async def test_invalid_comments_are_refused_with_the_reason(http, scene):
    _, viewer, video = scene
    for more, code in (
        ({"action_type": 1}, 10002),
        ({"action_type": 1, "comment_text": "  "}, 10002),
        ({"action_type": 1, "comment_text": "x" * 501}, 10002),
        ({"action_type": 2}, 10002),
        ({"action_type": 2, "comment_id": "x"}, 10002),
        ({"action_type": 9, "comment_text": "x"}, 10002),
    ):
        answer = await comment(http, viewer, video, **more)
        assert answer["status_code"] == code, more
    # Arguments that do not apply to the action are ignored.
    answer = await comment(http, viewer, video, action_type=1, comment_text="x", comment_id="0x")
    assert answer["status_code"] == 0
    comment_id = answer["comment"]["id"]
    answer = await comment(
        http, viewer, video, action_type=2, comment_text=" ", comment_id=comment_id
    )
    assert answer["status_code"] == 0
    answer = await comment(http, viewer, 999, action_type=1, comment_text="x")
    assert answer["status_code"] == 10007


async def test_an_unknown_user_gets_the_same_error_everywhere(http):
    person = await http.register("alone")
    for path, more in (
        ("relation", {"to_user_id": 999}),
        ("message", {"to_user_id": 999, "content": "x"}),
        ("favorite", {"video_id": 999}),
        ("comment", {"video_id": 999, "comment_text": "x"}),
    ):
        answer = await http.post(
            f"/douyin/{path}/action/", token=person.token, action_type=1, **more
        )
        assert answer["status_code"] == 10007, path


async def test_follow_lists_show_whom_the_viewer_follows(http):
    a, b, c = [await http.register(name) for name in "abc"]
    assert (await follow(http, a, b.id))["status_code"] == 0
    assert (await follow(http, a, b.id))["status_code"] == 0
    assert (await follow(http, c, b.id))["status_code"] == 0
    listed = await http.get("/douyin/relation/follower/list/", user_id=b.id, token=b.token)
    assert [user["id"] for user in listed["user_list"]] == [c.id, a.id]
    listed = await http.get("/douyin/relation/follow/list/", user_id=a.id, token=c.token)
    (user,) = listed["user_list"]
    assert (user["id"], user["follower_count"], user["is_follow"]) == (b.id, 2, True)
    assert (await follow(http, a, b.id, 2))["status_code"] == 0
    empty = await http.get("/douyin/relation/follow/list/", user_id=a.id)
    assert empty["user_list"] == []
    for other in (a.id, 999, 0, "x"):
        assert (await follow(http, a, other))["status_code"] != 0


async def test_friends_have_the_newest_message(http):
    a, b = [await http.register(name) for name in "ab"]
    await follow(http, a, b.id)
    answer = await http.get("/douyin/relation/friend/list/", user_id=a.id, token=a.token)
    assert answer["user_list"] == []
    await follow(http, b, a.id)
    (friend,) = (await http.get("/douyin/relation/friend/list/", token=a.token))["user_list"]
    assert (friend["message"], friend["msgType"], friend["is_follow"]) == ("", 0, True)
    await say(http, a, b.id, "hello")
    (mine,) = (await http.get("/douyin/relation/friend/list/", token=a.token))["user_list"]
    (theirs,) = (await http.get("/douyin/relation/friend/list/", token=b.token))["user_list"]
    assert (mine["message"], mine["msgType"]) == ("hello", 1)
    assert (theirs["message"], theirs["msgType"]) == ("hello", 0)
    other = await http.register("other")
    (seen,) = (await http.get("/douyin/relation/friend/list/", user_id=a.id, token=other.token))[
        "user_list"
    ]
    assert seen["message"] == "", "messages are private to their two users"
    answer = await http.get("/douyin/relation/friend/list/", user_id=a.id)
    assert answer["status_code"] == 10004
    assert answer["user_list"] == []


async def test_a_chat_is_returned_whole_and_then_only_new_messages(http):
    a, b = [await http.register(name) for name in "ab"]
    for person, other, text in ((a, b, "1"), (b, a, "2"), (a, b, "3")):
        assert (await say(http, person, other.id, text))["status_code"] == 0
    for verb in ("GET", "POST"):
        whole = await chat(http, b, a.id, verb)
        assert [m["content"] for m in whole] == ["1", "2", "3"]
    assert whole == await chat(http, b, a.id, pre_msg_time=0) == await chat(http, a, b.id)
    assert set(whole[0]) == {"id", "to_user_id", "from_user_id", "content", "create_time"}
    assert len(str(whole[0]["create_time"])) == 13
    times = [m["create_time"] for m in whole]
    assert times == sorted(set(times))
    new = await chat(http, b, a.id, pre_msg_time=times[0])
    assert [m["content"] for m in new] == ["3"]
    assert await chat(http, b, a.id, pre_msg_time=times[2]) == []
    assert len(await chat(http, b, a.id, pre_msg_time=times[0] // 1000 - 5)) == 2


async def test_invalid_messages_are_refused_with_the_reason(http):
    a, b = [await http.register(name) for name in "ab"]
    for other, content in ((a.id, "x"), (999, "x"), (b.id, " \n"), (b.id, "x" * 1001), (b.id, "")):
        assert (await say(http, a, other, content))["status_code"] != 0
    assert (await say(http, a, b.id, "字" * 1000))["status_code"] == 0
    answer = await http.post(
        "/douyin/message/action/", token=a.token, to_user_id=b.id, action_type=2, content="x"
    )
    assert answer["status_code"] == 10002
    answer = await http.get("/douyin/message/chat/", to_user_id=b.id)
    assert (answer["status_code"], answer["message_list"]) == (10004, [])


async def test_concurrent_actions_are_counted_exactly(http, scene):
    author, _, video = scene
    people = [await http.register(f"p{i}") for i in range(10)]
    await asyncio.gather(
        *(like(http, person, video) for person in people * 2),
        *(follow(http, person, author.id) for person in people * 2),
        *(comment(http, person, video, action_type=1, comment_text="x") for person in people),
    )
    (seen,) = (await http.get("/douyin/feed/"))["video_list"]
    assert (seen["favorite_count"], seen["comment_count"]) == (10, 10)
    assert seen["author"]["follower_count"] == 10


async def test_flags_in_an_own_list_are_those_that_others_lists_show(http):
    a, b, c = [await http.register(f"own{n}") for n in range(3)]
    follow, like = "/douyin/relation/action/", "/douyin/favorite/action/"
    for who, whom in ((a, b), (b, a), (b, c)):
        await http.post(follow, token=who.token, to_user_id=whom.id, action_type=1)
    videos = http.fleet.client("videoservice")
    made = await videos.CreateVideoMethod(title="t", author_id=b.id, play_url="p", cover_url="c")
    await http.post(like, token=a.token, video_id=made.video_id, action_type=1)

    async def listed(path, field, owner, viewer):
        query = {"user_id": owner.id, "token": viewer.token}
        return (await http.get(f"/douyin/{path}/list/", **query))[field]

    for path in ("relation/follow", "relation/friend"):
        for viewer in (a, c):
            (user,) = await listed(path, "user_list", a, viewer)
            assert (user["id"], user["is_follow"]) == (b.id, viewer is a)
    assert [each["is_follow"] for each in await listed("relation/follow", "user_list", b, a)] == [
        False,
        False,
    ]
    for viewer in (a, b):
        (video,) = await listed("favorite", "video_list", a, viewer)
        own = viewer is a
        assert (video["is_favorite"], video["author"]["is_follow"]) == (own, own)


async def test_an_inbox_has_strangers_too_and_knows_what_was_read(http):
    me, friend, stranger = [await http.register(n) for n in ("me", "friend", "stranger")]

    async def inbox(person, **page):
        answer = await http.get("/douyin/message/inbox/", token=person.token, **page)
        assert answer["status_code"] == 0, answer
        found = [
            (each["user"]["name"], each["message"]["content"], each["unread"])
            for each in answer["conversation_list"]
        ]
        return found, answer["next_cursor"]

    assert await inbox(me) == ([], 0)
    for one, other in ((me, friend), (friend, me)):
        await follow(http, one, other.id)
    await say(http, friend, me.id, "one")
    await say(http, friend, me.id, "two")
    await say(http, stranger, me.id, "hello")
    assert await inbox(me) == ([("stranger", "hello", 1), ("friend", "two", 2)], 0)
    first, cursor = await inbox(me, count=1)
    assert (first, await inbox(me, cursor=cursor)) == (
        [("stranger", "hello", 1)], ([("friend", "two", 2)], 0),
    )  # fmt: skip
    answer = await http.get("/douyin/message/inbox/", token=me.token)
    (shown, other) = [each["user"]["is_follow"] for each in answer["conversation_list"]]
    assert (shown, other) == (False, True)

    read = {"token": me.token, "to_user_id": friend.id}
    time = answer["conversation_list"][1]["message"]["create_time"]
    answer = await http.post("/douyin/message/read/", **read, read_until=time)
    assert answer["status_code"] == 0
    await say(http, me, stranger.id, "answer")
    assert await inbox(me) == ([("stranger", "answer", 0), ("friend", "two", 0)], 0)
    assert await inbox(stranger) == ([("me", "answer", 1)], 0)

    for path, wrong in (("inbox", {"count": 101}), ("inbox", {"cursor": -1})):
        answer = await http.get(f"/douyin/message/{path}/", token=me.token, **wrong)
        assert answer["status_code"] == 10002
    answer = await http.post("/douyin/message/read/", **read, read_until=0)
    assert answer["status_msg"] == "read_until 应为正整数"
    assert (await http.get("/douyin/message/inbox/"))["status_code"] != 0
