"""Names that look alike are equal, and accounts older than this rule stay usable."""

from pathlib import Path

import pytest
from accounts import create

from microkit.errors import AlreadyExists, ParamError
from microkit.storage.database import open_database, open_schema
from usermicro.dal.model import User
from usermicro.dal.user import Users

MIGRATIONS = Path(__file__).parents[2] / "usermicro" / "migrations"


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("林晓雨", "林晓雨 "),
        ("林晓雨", "\u3000林晓雨"),
        ("anna", "ａｎｎａ"),
        ("IV", "Ⅳ"),
        ("é", "e\u0301"),
        ("❤", "❤\ufe0f"),
        ("👩👧", "👩\u200d👧"),
    ],
)
async def test_a_name_that_looks_alike_is_taken(users, name, alike):
    user_id = await create(users, alike)
    with pytest.raises(AlreadyExists):
        await create(users, name)
    with pytest.raises(AlreadyExists):
        await create(users, alike)
    for written in (name, alike):
        assert (await users.LoginUserMethod(name=written, password="secret")).user_id == user_id
    assert (await users.GetUserMethod(id=user_id)).user.name == name


@pytest.mark.parametrize(
    "name",
    [
        "  ",
        "\u3000",
        "林\u200b晓雨",  # zero width space
        "\u202eadmin",  # right-to-left override
        "ad\u2066min",  # isolate
        "ad\u00admin",  # soft hyphen
        "ad\nmin",
        "ad\x00min",
        "admin\x7f",
        "\u3164",  # Hangul filler
        "\u2800",  # blank braille
        "ad\u2028min",
        "\ufeffadmin",
        "\ue000",
        "\u200d",
    ],
)
async def test_an_invisible_name_is_refused(users, name):
    with pytest.raises(ParamError, match="用户名"):
        await create(users, name)


async def test_the_length_of_a_name_is_that_of_its_normal_form(users):
    with pytest.raises(ParamError, match="32"):
        await create(users, "\ufdfa" * 2)  # 18 characters each


OLD = ["anna ", "ａｎｎａ", "Anna", "\u3000bob", "林晓雨 ", "林晓雨", "  "]


async def test_old_accounts_get_the_normal_form_if_it_is_free(settings, database_url):
    own = settings(database_url=database_url("usermicro"))
    async with open_database(own, MIGRATIONS) as database:
        ids = {name: await _inserted(database, name) for name in OLD}
    async with open_schema(own, MIGRATIONS) as schema:
        while await schema.down() != ["0002_normal_names"]:
            pass  # later ones first
        assert "0002_normal_names" in await schema.up()
    async with open_database(own, MIGRATIONS) as database:
        users = Users(database)
        for name, user_id in ids.items():
            assert (await users.password_of(name))[:2] == (user_id, "hash"), name
        assert (await users.password_of("anna"))[0] == ids["anna "], "the oldest"
        assert (await users.password_of("林晓雨"))[0] == ids["林晓雨"], "the exact match"
        assert (await users.by_name("bob")).id == ids["\u3000bob"]
        for name in ("anna", "bob", "林晓雨"):
            with pytest.raises(AlreadyExists):
                await users.create(name, **ROW)
    async with open_schema(own, MIGRATIONS) as schema:
        while await schema.down() != ["0002_normal_names"]:
            pass  # later ones first
        assert "0002_normal_names" in await schema.up()


ROW = {"password_hash": "hash", "avatar": "a", "background_image": "b", "signature": "s"}


async def _inserted(database, name):
    """Insert a row as written before names had a normal form."""
    row = {"name": name, "name_key": name.encode(), **ROW}
    return int((await database.write(User.insert(row))).lastrowid)
