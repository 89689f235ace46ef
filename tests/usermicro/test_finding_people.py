"""People by the words of their names; the same answers on every SQL server."""

from pathlib import Path

import pytest
from accounts import create

from microkit.errors import ParamError
from microkit.storage.database import open_database
from usermicro.dal.model import User
from usermicro.dal.names import Names
from usermicro.dal.user import Users

MIGRATIONS = Path(__file__).parents[2] / "usermicro" / "migrations"


async def search(users, words, count=300):
    found, cursor = [], 0
    while True:
        page = await users.SearchUsersMethod(words=words, cursor=cursor, count=count)
        found += page.ids
        cursor = page.next_cursor
        if not cursor:
            return found


async def test_people_are_found_by_prefix_and_by_part_of_a_chinese_name(users):
    lin, linda, xiao, li = [
        await create(users, name) for name in ("林晓雨", "Linda Lin", "晓雨林", "lin_da")
    ]
    assert await search(users, "晓雨") == [xiao, lin]
    assert await search(users, "林晓雨") == [lin]
    assert await search(users, "LIN", count=1) == [li, linda]
    assert await search(users, "lin da") == [li]
    assert await search(users, "nda") == []
    with pytest.raises(ParamError):
        await search(users, "！")


async def test_the_person_of_exactly_this_name_is_first_and_there_once(users):
    exact = await create(users, "ann")
    others = [await create(users, f"ann{n}") for n in range(5)]
    assert await search(users, "ann", count=2) == [exact, *reversed(others)]


async def test_accounts_of_older_versions_are_indexed_in_chunks(settings, database_url):
    own = settings(database_url=database_url("old"), store_timeout_ms=20_000)
    async with open_database(own, MIGRATIONS) as database:
        rows = [
            {
                "name": f"旧人{n}", "name_key": f"旧人{n}", "password_hash": "x", "avatar": "a",
                "background_image": "b", "signature": "s",
            }
            for n in range(430)
        ]  # fmt: skip
        await database.write(User.insert_many(rows))
        users = Users(database)
        names = Names(database, users)
        while await names.fill():
            pass
        assert len((await names.search("旧人", 2**62, 300)).items) == 300
