"""Lists in pages, over HTTP: `cursor` and `count` in, `next_cursor` out."""

import asyncio

import pytest

import idl
from api.clients import Clients
from api.lists import Lists
from api.pages import PageKey
from microkit.paging import MAX_ITEMS

ACTION = "/douyin/{}/action/"


@pytest.fixture
async def crowd(http):
    """Seven users; the first two follow all others and are followed by them."""
    people = [await http.register(f"p{n}") for n in range(7)]
    follow = ACTION.format("relation")
    for one in people[:2]:
        for other in people:
            if one is not other:
                for who, whom in ((one, other), (other, one)):
                    await http.post(follow, token=who.token, to_user_id=whom.id, action_type=1)
    return people


async def made(http, person, videos):
    """Store videos of a user; return their ids, oldest first."""
    client = http.fleet.client("videoservice")
    urls = {"play_url": "videos/a.mp4", "cover_url": "covers/a.jpg"}
    return [
        (await client.CreateVideoMethod(title=f"t{n}", author_id=person.id, **urls)).video_id
        for n in range(videos)
    ]


async def read(http, path, field, count, **query):
    """Read a list to its end; return the ids of each page."""
    pages, cursor = [], 0
    while True:
        answer = await http.get(path, count=count, cursor=cursor, **query)
        assert answer["status_code"] == 0, answer
        pages.append([each["id"] for each in answer[field]])
        cursor = answer["next_cursor"]
        if cursor == 0:
            return pages


def newest_first(pages):
    return [each for page in pages for each in page]


@pytest.mark.parametrize("kind", ["follow", "follower", "friend"])
async def test_users_are_listed_in_pages(http, crowd, kind):
    me = crowd[0]
    path = f"/douyin/relation/{kind}/list/"
    query = {"user_id": me.id, "token": me.token}
    whole = await http.get(path, **query)
    assert whole["next_cursor"] == 0
    pages = await read(http, path, "user_list", 4, **query)
    assert [len(page) for page in pages] == [4, 2]
    assert newest_first(pages) == [user["id"] for user in whole["user_list"]]


async def test_videos_likes_and_comments_are_listed_in_pages(http, crowd):
    author, viewer = crowd[:2]
    videos = await made(http, author, 5)
    for video in videos:
        await http.post(
            ACTION.format("favorite"), token=viewer.token, video_id=video, action_type=1
        )
    comments = []
    for n in range(5):
        answer = await http.post(
            ACTION.format("comment"),
            token=viewer.token, video_id=videos[0], action_type=1, comment_text=f"c{n}",
        )  # fmt: skip
        comments.append(answer["comment"]["id"])
    for path, field, expected, query in (
        ("publish", "video_list", videos, {"user_id": author.id}),
        ("favorite", "video_list", videos, {"user_id": viewer.id}),
        ("comment", "comment_list", comments, {"video_id": videos[0]}),
    ):
        pages = await read(http, f"/douyin/{path}/list/", field, 2, **query)
        assert [len(page) for page in pages] == [2, 2, 1]
        assert newest_first(pages) == expected[::-1]


async def test_a_chat_goes_back_in_pages_of_older_messages(http, crowd):
    ann, bob = crowd[:2]
    for n in range(5):
        await http.post(
            ACTION.format("message"),
            token=ann.token, to_user_id=bob.id, action_type=1, content=str(n),
        )  # fmt: skip
    path, query = "/douyin/message/chat/", {"token": bob.token, "to_user_id": ann.id}
    newest = await http.get(path, **query, count=2)
    assert [each["content"] for each in newest["message_list"]] == ["3", "4"]
    older = await http.get(path, **query, count=2, cursor=newest["next_cursor"])
    assert [each["content"] for each in older["message_list"]] == ["1", "2"]
    oldest = await http.get(path, **query, count=2, cursor=older["next_cursor"])
    assert [each["content"] for each in oldest["message_list"]] == ["0"]
    assert oldest["next_cursor"] == 0


async def test_unread_messages_come_in_pages_from_the_oldest(http, crowd):
    ann, bob = crowd[:2]
    for n in range(5):
        await http.post(
            ACTION.format("message"),
            token=ann.token, to_user_id=bob.id, action_type=1, content=str(n),
        )  # fmt: skip
    path = "/douyin/message/chat/"
    query = {"token": bob.token, "to_user_id": ann.id, "count": 2, "pre_msg_time": 1}
    seen, cursor = [], 0
    while True:
        answer = await http.get(path, **query, cursor=cursor)
        seen += [each["content"] for each in answer["message_list"]]
        cursor = answer["next_cursor"]
        if cursor == 0:
            break
    assert seen == ["0", "1", "2", "3", "4"]


async def test_without_arguments_the_newest_items_come_up_to_the_bound(http, crowd):
    videos = await made(http, crowd[0], MAX_ITEMS + 5)
    answer = await http.get("/douyin/publish/list/", user_id=crowd[0].id)
    assert [each["id"] for each in answer["video_list"]] == videos[:4:-1]
    rest = await http.get(
        "/douyin/publish/list/", user_id=crowd[0].id, cursor=answer["next_cursor"]
    )
    assert [each["id"] for each in rest["video_list"]] == videos[4::-1]
    assert rest["next_cursor"] == 0


@pytest.mark.parametrize(
    ("path", "most"), [("publish/list", 300), ("comment/list", 300), ("message/chat", 1000)]
)
async def test_a_count_or_cursor_out_of_bounds_is_refused_with_the_bound(http, crowd, path, most):
    query = {"token": crowd[0].token, "user_id": crowd[1].id, "to_user_id": crowd[1].id}
    for count in (0, -1, most + 1):
        answer = await http.get(f"/douyin/{path}/", **query, video_id=1, count=count)
        assert answer["status_code"] == 10002
        assert answer["status_msg"] == f"count 应为 1 到 {most}"
        assert answer["next_cursor"] == 0
    answer = await http.get(f"/douyin/{path}/", **query, video_id=1, cursor=-1)
    assert answer["status_msg"] == "cursor 应为非负整数"


async def test_requests_that_share_a_call_get_the_page_that_each_asked_for(http, crowd):
    lists = Lists(Clients(*(http.fleet.client(service.name) for service in idl.SERVICES)))
    parts = [PageKey(crowd[0].id, None, count) for count in (2, 3, 2)]
    pages = await asyncio.gather(*(lists.followers(part) for part in parts))
    assert [len(page.items) for page in pages] == [2, 3, 2]
    assert pages[0] is pages[2]
