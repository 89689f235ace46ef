"""Tokens of accounts that do not exist: signed by us, but the database was replaced."""

import time

import aiohttp
import pytest
from jose import jwt

from api import SERVICE
from microkit.main import serve

UNAUTHORIZED = 10004


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


def signed(http, user_id: int) -> str:
    return jwt.encode({"sub": str(user_id), "exp": int(time.time()) + 60}, http.settings.jwt_secret)


@pytest.fixture
async def video(http, clip) -> tuple:
    author = await http.register("author")
    await http.publish(author, clip)
    return author, await http.first_video(author)


async def test_the_token_of_a_missing_account_can_do_nothing_that_needs_a_login(http, video):
    author, video_id = video
    token = signed(http, author.id + 100)
    for path, query in (
        ("favorite", {"video_id": video_id, "action_type": 1}),
        ("comment", {"video_id": video_id, "action_type": 1, "comment_text": "x"}),
        ("relation", {"to_user_id": author.id, "action_type": 1}),
        ("message", {"to_user_id": author.id, "action_type": 1, "content": "x"}),
    ):
        answer = await http.post(f"/douyin/{path}/action/", token=token, **query)
        assert answer["status_code"] == UNAUTHORIZED, path
        assert "账号不存在" in answer["status_msg"]
    chat = await http.get("/douyin/message/chat/", token=token, to_user_id=author.id)
    assert chat["status_code"] == UNAUTHORIZED
    feed = await http.get("/douyin/feed/", token=token)
    (listed,) = feed["video_list"]
    assert (listed["favorite_count"], listed["comment_count"]) == (0, 0)


@pytest.mark.parametrize("place", ["query", "header", "before the file", "after the file"])
async def test_a_missing_account_cannot_publish(http, video, clip, place):
    author, _ = video
    token = signed(http, author.id + 100)
    form = aiohttp.FormData({"title": "t"} | ({"token": token} if "before" in place else {}))
    form.add_field("data", clip.read_bytes(), filename="a.mp4")
    if "after" in place:
        form.add_field("token", token)
    query = {"token": token} if place == "query" else {}
    headers = {"Authorization": f"Bearer {token}"} if place == "header" else {}
    answer = await http.call(
        "POST", "/douyin/publish/action/", data=form, params=query, headers=headers
    )
    assert answer["status_code"] == UNAUTHORIZED
    assert len((await http.get("/douyin/feed/"))["video_list"]) == 1


async def test_two_users_tokens_in_one_upload_are_refused(http, video, clip):
    author, _ = video
    form = aiohttp.FormData({"token": signed(http, author.id + 100), "title": "t"})
    form.add_field("data", clip.read_bytes(), filename="a.mp4")
    headers = {"Authorization": f"Bearer {author.token}"}
    answer = await http.call("POST", "/douyin/publish/action/", data=form, headers=headers)
    assert answer["status_code"] == UNAUTHORIZED


async def test_a_new_account_acts_at_once_through_another_process(http, video):
    author, video_id = video
    # Another API, with a cache of its own.
    async with serve(SERVICE, http.settings) as other:
        elsewhere = f"http://127.0.0.1:{other.port}"
        for n in range(20):
            # The id was refused a moment ago, before the account existed.
            like = {"video_id": str(video_id), "action_type": "1"}
            url = f"{elsewhere}/douyin/favorite/action/"
            query = like | {"token": signed(http, author.id + 1 + n)}
            async with http.session.post(url, params=query) as response:
                assert (await response.json())["status_code"] == UNAUTHORIZED
            person = await http.register(f"new {n}")
            assert person.id == author.id + 1 + n
            async with http.session.post(url, params=like | {"token": person.token}) as response:
                assert (await response.json())["status_code"] == 0
    assert (await http.get("/douyin/feed/"))["video_list"][0]["favorite_count"] == 20


async def test_people_act_while_userservice_is_down(http, video, caplog):
    author, video_id = video
    await http.fleet.stop("userservice")
    stranger = signed(http, author.id + 100)  # nobody can tell whether this account exists
    for token in (author.token, stranger):
        query = {"token": token, "video_id": video_id, "action_type": 1}
        assert (await http.post("/douyin/favorite/action/", **query))["status_code"] == 0
    assert f"account {author.id + 100} not checked" in caplog.text
