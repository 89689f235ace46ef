"""SQL through peewee, awaited."""

import asyncio

import pytest
from peewee import SQL, AutoField, BigIntegerField, CharField, Model

from microkit.errors import StoreError
from microkit.storage.database import IntegrityError, Statement, open_database


class Account(Model):
    id = AutoField()
    name = CharField(unique=True)
    balance = BigIntegerField(default=0)


BY_IDS = Statement(lambda ids: Account.select(Account.id, Account.name).where(Account.id.in_(ids)))


@pytest.fixture
async def database(settings):
    async with open_database(settings(), [Account]) as opened:
        yield opened


async def names(database):
    return {row[0] for row in await database.rows(Account.select(Account.name))}


async def test_what_is_written_is_read_and_says_what_changed(database):
    written = await database.write(Account.insert(name="a"))
    assert (written.lastrowid, written.rowcount) == (1, 1)
    changed = await database.write(Account.update(balance=5).where(Account.name == "nobody"))
    assert changed.rowcount == 0
    assert await names(database) == {"a"}


async def test_a_statement_takes_lists_of_any_length(database):
    for i in range(9):
        await database.write(Account.insert(name=str(i)))
    for length in range(1, 10):
        ids = list(range(1, length + 1))
        rows = await database.rows(BY_IDS(ids=ids))
        assert sorted(row[0] for row in rows) == ids
    assert len(BY_IDS._texts) == 5, "1, 2, 4, 8 and 16 placeholders"


async def test_a_transaction_is_seen_whole_or_not_at_all(database):
    async def fail():
        async with database.transaction():
            await database.write(Account.insert(name="half"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(database) == set()
    async with database.transaction():
        await database.write(Account.insert(name="whole"))
    assert await names(database) == {"whole"}


async def test_a_broken_constraint_is_told_apart_from_a_failure(database):
    await database.write(Account.insert(name="a"))
    with pytest.raises(IntegrityError):
        await database.write(Account.insert(name="a"))
    with pytest.raises(IntegrityError):
        async with database.transaction():
            await database.write(Account.insert(name="a"))
    with pytest.raises(StoreError) as failed:
        await database.rows(SQL("SELECT nothing FROM nowhere"))
    assert "nowhere" not in failed.value.message


async def test_writers_at_once_do_not_lose_each_others_work(database):
    await database.write(Account.insert(name="a"))

    async def deposit():
        async with database.transaction():
            ((balance,),) = await database.rows(Account.select(Account.balance))
            await asyncio.sleep(0)
            await database.write(Account.update(balance=balance + 1))

    await asyncio.gather(*(asyncio.create_task(deposit()) for _ in range(50)))
    assert await database.rows(Account.select(Account.balance)) == [(50,)]


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database):
    begun = asyncio.Event()

    async def hang():
        async with database.transaction():
            await database.write(Account.insert(name="hangs"))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(Account.insert(name="next"))
    assert await names(database) == {"next"}


async def test_more_readers_than_connections_all_get_their_turn(database):
    await database.write(Account.insert(name="a"))
    rows = await asyncio.gather(
        *(asyncio.create_task(database.rows(Account.select(Account.name))) for _ in range(100))
    )
    assert rows == [[("a",)]] * 100
