"""Changing one's name, signature and password, and logging out everywhere."""

import asyncio

import pytest

from api.settings import Settings

OK, INVALID, TAKEN, UNAUTHORIZED, REFUSED = 0, 10002, 10003, 10004, 10009


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


async def test_a_profile_is_edited_and_everybody_sees_it(http):
    me, _ = await http.register("me"), await http.register("taken")
    edit = "/douyin/user/edit/"
    answers = await asyncio.gather(
        http.post(edit, token=me.token, name="renamed", signature="生活需要阳光"),
        http.post(edit, token=me.token, name="taken"),
        http.post(edit, token=me.token, signature="x" * 81),
        http.post(edit, token="forged", name="x"),
    )
    assert [each["status_code"] for each in answers] == [OK, TAKEN, INVALID, UNAUTHORIZED]
    user = (await http.get("/douyin/user/", user_id=me.id))["user"]
    assert (user["name"], user["signature"]) == ("renamed", "生活需要阳光")
    answer = await http.post("/douyin/user/login/", username="renamed", password="secret")
    assert answer["user_id"] == me.id


async def test_a_new_password_ends_every_other_session_and_logout_ends_all(http):
    me = await http.register("me")
    login = {"username": "me", "password": "secret"}
    other = (await http.post("/douyin/user/login/", **login))["token"]
    change = {"token": me.token, "new_password": "changed"}
    wrong = await http.post("/douyin/user/password/", **change, old_password="wrong")
    assert (wrong["status_code"], wrong["status_msg"]) == (INVALID, "原密码错误")
    answer = await http.post("/douyin/user/password/", **change, old_password="secret")
    assert answer["status_code"] == OK

    async def states(*tokens):
        inbox = "/douyin/message/inbox/"
        return [(await http.get(inbox, token=each))["status_code"] for each in tokens]

    assert await states(me.token, other, answer["token"]) == [UNAUTHORIZED, UNAUTHORIZED, OK]
    feed = await http.get("/douyin/user/", token=other)
    assert feed["status_code"] != OK, "an ended session is nobody's"
    again = (await http.post("/douyin/user/login/", username="me", password="changed"))["token"]
    logout = await http.post("/douyin/user/logout/", token=again)
    assert logout["status_code"] == OK
    assert await states(again, answer["token"]) == [UNAUTHORIZED, UNAUTHORIZED]
    last = (await http.post("/douyin/user/login/", username="me", password="changed"))["token"]
    assert await states(last) == [OK]


async def test_guesses_of_the_old_password_are_limited_as_shipped(open_http):
    shipped = Settings.__dataclass_fields__["limit_passwords"].default
    async with open_http(limit_passwords=shipped) as http:
        me = await http.register("me")
        guess = {"token": me.token, "old_password": "wrong", "new_password": "changed"}
        codes = [
            (await http.post("/douyin/user/password/", **guess))["status_code"] for _ in range(11)
        ]
        assert codes == [INVALID] * 10 + [REFUSED]
