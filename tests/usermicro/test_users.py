"""The behaviour of userservice."""

import asyncio

import pytest
from accounts import create
from argon2 import Type, extract_parameters

from idl import usermicro
from microkit.errors import AlreadyExists, NotFound, ParamError, Unauthorized
from usermicro.password import HASHER


async def test_a_new_user_can_log_in_and_has_defaults(users):
    user_id = await create(users, "小明")
    assert (await users.LoginUserMethod(name="小明", password="secret")).user_id == user_id
    user = (await users.GetUserMethod(id=user_id)).user
    assert (user.name, user.follow_count, user.work_count) == ("小明", 0, 0)
    assert user.avatar
    assert user.background_image
    assert user.signature
    assert (await users.GetUserMethod(name="小明")).user == user


async def test_a_taken_name_is_refused_even_in_concurrent_requests(users):
    outcomes = await asyncio.gather(
        *(create(users, "popular") for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, int) for each in outcomes) == 1
    assert sum(isinstance(each, AlreadyExists) for each in outcomes) == 7


async def test_case_and_accents_distinguish_names(users):
    names = ["Anna", "anna", "ánna"]
    ids = [await create(users, name) for name in names]
    assert len(set(ids)) == len(names)
    for name, user_id in zip(names, ids, strict=True):
        assert (await users.GetUserMethod(name=name)).user.id == user_id


@pytest.mark.parametrize("name", ["", "x" * 33, "字" * 33])
async def test_a_name_or_password_of_the_wrong_length_is_refused(users, name):
    with pytest.raises(ParamError):
        await create(users, name)
    with pytest.raises(ParamError):
        await create(users, "fine", password=name)


async def test_32_characters_of_any_script_are_fine(users):
    name = "𝔘😀" * 16
    user_id = await create(users, name, password=name)
    assert (await users.LoginUserMethod(name=name, password=name)).user_id == user_id


async def test_an_unknown_name_and_a_wrong_password_are_indistinguishable(users, fleet):
    await create(users, "known")
    seen = []
    for name in ("known", "unknown"):
        fleet.hasher.verified.clear()
        with pytest.raises(Unauthorized) as refused:
            await users.LoginUserMethod(name=name, password="wrong")
        costs = [extract_parameters(each) for each in fleet.hasher.verified]
        seen.append((refused.value.message, costs))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 1


def test_the_cost_of_a_password_is_what_owasp_recommends_at_least():
    cost = extract_parameters(HASHER.hash("secret"))
    assert (cost.type, cost.time_cost, cost.memory_cost) == (Type.ID, 2, 19 * 1024)


async def test_a_set_of_ids_returns_the_existing_users(users):
    ids = [await create(users, f"user {i}") for i in range(3)]
    answer = await users.GetUserSetByIdSetMethod(id_set=[*ids, ids[0], 999])
    assert sorted(user.id for user in answer.user_set) == ids
    assert (await users.GetUserSetByIdSetMethod(id_set=[])).user_set == []
    assert (await users.GetUserSetByIdSetMethod()).user_set == []


async def test_an_unknown_user_is_not_found(users):
    for arguments in ({"id": 404}, {"name": "nobody"}):
        with pytest.raises(NotFound):
            await users.GetUserMethod(**arguments)
    with pytest.raises(ParamError):
        await users.GetUserMethod()


async def test_an_update_is_visible_at_once_and_changes_nothing_else(users):
    user_id = await create(users, "changing", signature="before")
    await users.GetUserMethod(id=user_id)
    data = usermicro.UpdateUserInfo(password="new", avatar="https://x.example/a.png")
    await users.UpdateUserMethod(id=user_id, update_data=data)
    user = (await users.GetUserMethod(id=user_id)).user
    assert (user.avatar, user.signature) == ("https://x.example/a.png", "before")
    assert (await users.LoginUserMethod(name="changing", password="new")).user_id == user_id
    with pytest.raises(Unauthorized):
        await users.LoginUserMethod(name="changing", password="secret")
    with pytest.raises(NotFound):
        await users.UpdateUserMethod(id=404, update_data=data)


async def test_cached_counts_are_those_last_written(users):
    user_id = await create(users, "counted")
    await users.UpdateRelationMethod(
        id=user_id, new_data=usermicro.UpdateRelationCache(follow_count=1, follower_count=2)
    )
    await users.UpdateInteractionMethod(
        id=user_id, new_data=usermicro.UpdateInteractionCache(total_favorited=3, favorite_count=4)
    )
    await users.UpdateWorkMethod(id=user_id, new_data=usermicro.UpdateWorkCache(work_count=5))
    user = (await users.GetUserMethod(id=user_id)).user
    assert (user.follow_count, user.follower_count) == (1, 2)
    assert (user.total_favorited, user.favorite_count, user.work_count) == (3, 4, 5)
    with pytest.raises(ParamError):
        await users.UpdateWorkMethod(id=user_id, new_data=usermicro.UpdateWorkCache(work_count=-1))


async def test_recount_repairs_and_reports_the_cached_counts(users, fleet):
    ids = [await create(users, f"user {i}") for i in range(2)]
    await users.UpdateWorkMethod(id=ids[0], new_data=usermicro.UpdateWorkCache(work_count=7))
    await fleet.client("relationservice").FollowMethod(
        my_uid=ids[0], target_uid=ids[1], action_type=1
    )
    assert await fleet.recount("userservice") == [
        f"user {ids[0]}: follow_count 0 → 1, work_count 7 → 0",
        f"user {ids[1]}: follower_count 0 → 1",
        "2 users repaired",
    ]
    assert await fleet.recount("userservice") == ["0 users repaired"]


async def test_a_name_that_looks_like_sql_is_only_a_name(users):
    name = "'; DROP TABLE user; --"
    user_id = await create(users, name)
    assert (await users.GetUserMethod(name=name)).user.id == user_id
