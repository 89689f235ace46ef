"""What people change of their account, and how their sessions end."""

import asyncio

import pytest
from accounts import create

from idl import usermicro
from microkit.errors import AlreadyExists, NotFound, ParamError, Unauthorized


async def test_an_edit_changes_what_it_names_and_returns_replaced_pictures(users):
    me = await create(users, "me")
    before = (await users.GetUserMethod(id=me)).user
    edited = await users.EditUserMethod(id=me, name=" ＮＥＷ ", signature="hello")
    assert edited.replaced == []
    user = (await users.GetUserMethod(id=me)).user
    assert (user.name, user.signature, user.avatar) == ("NEW", "hello", before.avatar)
    assert (await users.LoginUserMethod(name="new".upper(), password="secret")).user_id == me
    with pytest.raises(Unauthorized):
        await users.LoginUserMethod(name="me", password="secret")

    pictures = {"avatar": "a/1.jpg", "background_image": "b/1.jpg"}
    await users.EditUserMethod(id=me, **pictures, signature="")
    edited = await users.EditUserMethod(id=me, avatar="a/2.jpg", background_image="b/1.jpg")
    assert edited.replaced == ["a/1.jpg"]
    user = (await users.GetUserMethod(id=me)).user
    assert (user.avatar, user.signature) == ("a/2.jpg", usermicro.DEFAULT_SIGNATURE)


async def test_a_name_stays_unique_and_valid(users):
    ids = [await create(users, f"p{n}") for n in range(4)]
    outcomes = await asyncio.gather(
        *(users.EditUserMethod(id=each, name="wanted") for each in ids), return_exceptions=True
    )
    assert sum(isinstance(each, AlreadyExists) for each in outcomes) == 3
    winner = (await users.GetUserMethod(name="wanted")).user.id
    await users.EditUserMethod(id=winner, name="wanted")
    for wrong in ("", "x" * 33, "a\u200bb"):
        with pytest.raises(ParamError):
            await users.EditUserMethod(id=winner, name=wrong)
    with pytest.raises(NotFound):
        await users.EditUserMethod(id=10**6, signature="x")


async def test_a_new_password_ends_the_sessions(users):
    me = await create(users, "me")
    login = {"name": "me", "password": "secret"}
    assert (await users.LoginUserMethod(**login)).generation == 0
    for wrong in ({"old_password": "wrong", "password": "changed"},
                  {"old_password": "secret", "password": "short"}):  # fmt: skip
        with pytest.raises(ParamError):
            await users.ChangePasswordMethod(id=me, **wrong)
    since = {"since_ms": 1}
    assert (await users.GetEndedSessionsMethod(**since)).user_ids == []
    change = {"id": me, "old_password": "secret", "password": "changed"}
    assert (await users.ChangePasswordMethod(**change)).generation == 1
    with pytest.raises(Unauthorized):
        await users.LoginUserMethod(**login)
    assert (await users.LoginUserMethod(name="me", password="changed")).generation == 1
    assert (await users.EndSessionsMethod(id=me)).generation == 2
    found = await users.GetEndedSessionsMethod(**since)
    assert (found.user_ids, found.generations) == ([me], [2])
    assert (await users.GetEndedSessionsMethod(since_ms=found.last_ms + 1)).user_ids == []
    with pytest.raises(NotFound):
        await users.EndSessionsMethod(id=10**6)
