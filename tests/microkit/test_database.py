"""SQL databases, on SQLite and on real MariaDB and MySQL servers."""

import asyncio
import contextlib
import os
import random
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
import stores
from certificates import certificate
from fleet import eventually
from peewee import SQL, AutoField, BigIntegerField, CharField, Model
from playhouse.pwasyncio import await_

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.storage.database import IntegrityError, Statement, open_database, open_schema
from microkit.storage.url import split, split_replicas
from scripts import sql_servers


class Account(Model):
    id = AutoField()
    name = CharField(unique=True)
    balance = BigIntegerField(default=0)


FIRST = """
from peewee import AutoField, BigIntegerField, CharField, Model
from microkit.storage.schema import create_table


class Account(Model):
    id = AutoField()
    name = CharField(unique=True)
    balance = BigIntegerField(default=0)


def up(migrator, db):
    create_table(db, Account)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("account"))
"""
BY_IDS = Statement(lambda ids: Account.select(Account.id, Account.name).where(Account.id.in_(ids)))


@pytest.fixture
def migrations(tmp_path):
    """A folder with a migration that creates the table above."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_accounts.py").write_text(FIRST)
    return folder


@pytest.fixture
async def database(settings, database_url, migrations):
    own = settings(database_url=database_url("kit"))
    async with open_database(own, migrations) as opened:
        yield opened


async def names(database):
    return {row[0] for row in await database.rows(Account.select(Account.name))}


async def test_a_write_is_read_back_and_reports_its_rows(database):
    written = await database.write(Account.insert(name="a"))
    assert (written.lastrowid, written.rowcount) == (1, 1)
    changed = await database.write(Account.update(balance=5).where(Account.name == "nobody"))
    assert changed.rowcount == 0
    assert await names(database) == {"a"}


async def test_a_statement_takes_lists_of_any_length(database):
    BY_IDS._texts.clear()
    for i in range(9):
        await database.write(Account.insert(name=str(i)))
    for length in range(1, 10):
        ids = list(range(1, length + 1))
        rows = await database.rows(BY_IDS(ids=ids))
        assert sorted(row[0] for row in rows) == ids
    assert len(BY_IDS._texts) == 5, "1, 2, 4, 8 and 16 placeholders"


async def test_a_transaction_is_atomic(database):
    def fail(tx):
        tx.write(Account.insert(name="half"))
        assert tx.rows(Account.select(Account.name)) == [("half",)]
        raise ZeroDivisionError

    def succeed(tx):
        tx.write(Account.insert(name="whole"))

    with pytest.raises(ZeroDivisionError):
        await database.transaction(fail)
    assert await names(database) == set()
    await database.transaction(succeed)
    assert await names(database) == {"whole"}


async def test_a_violated_constraint_is_an_integrity_error(database):
    await database.write(Account.insert(name="a"))
    with pytest.raises(IntegrityError):
        await database.write(Account.insert(name="a"))
    with pytest.raises(IntegrityError):
        await database.transaction(lambda tx: tx.write(Account.insert(name="a")))
    with pytest.raises(StoreError) as failed:
        await database.rows(SQL("SELECT nothing FROM nowhere"))
    assert "nowhere" not in failed.value.message


async def test_concurrent_writers_lose_no_update(database):
    await database.write(Account.insert(name="a"))

    def deposit(tx):
        tx.write(Account.update(balance=Account.balance + 0))
        ((balance,),) = tx.rows(Account.select(Account.balance))
        tx.write(Account.update(balance=balance + 1))

    await asyncio.gather(*(asyncio.create_task(database.transaction(deposit)) for _ in range(50)))
    assert await database.rows(Account.select(Account.balance)) == [(50,)]


@contextlib.contextmanager
def write_lock(database):
    """Holds the write lock as another process would."""
    file = database._engine._path
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 5000")
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("ROLLBACK")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_write_cancelled_while_queued_never_runs(database):
    with write_lock(database):
        for _ in range(3):
            waits = asyncio.create_task(database.write(Account.insert(name="cancelled")))
            await asyncio.sleep(0)
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
    for n in range(10):
        await database.write(Account.insert(name=str(n)))
    with write_lock(database):
        assert await names(database) == {str(n) for n in range(10)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_waiting_for_the_write_lock_does_not_block_the_loop(database):
    with write_lock(database):
        waits = asyncio.create_task(database.write(Account.insert(name="waits")))
        for _ in range(100):
            assert await names(database) == set()
        assert not waits.done()
    await waits
    assert await names(database) == {"waits"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_long_read_runs_in_a_thread(database):
    count = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
        " SELECT COUNT(*) FROM n"
    )
    reading = asyncio.create_task(database.rows(SQL(count)))
    await asyncio.sleep(0)
    assert not reading.done(), "the loop is not blocked"
    assert await database.rows(SQL("SELECT 1")) == [(1,)]
    assert await reading == [(300000,)]


async def test_a_failed_transaction_does_not_affect_concurrent_ones(database):
    await database.write(Account.insert(name="taken"))

    def work(n):
        def both(tx):
            tx.write(Account.insert(name=f"first {n}"))
            if n % 5 == 1:
                tx.write(Account.insert(name="taken"))
            if n % 5 == 2:
                raise ZeroDivisionError(n)
            return tx.write(Account.insert(name=f"second {n}")).lastrowid

        return both

    outcomes = await asyncio.gather(
        *(database.transaction(work(n)) for n in range(50)), return_exceptions=True
    )
    for n, outcome in enumerate(outcomes):
        expected = {1: IntegrityError, 2: ZeroDivisionError}.get(n % 5, int)
        assert isinstance(outcome, expected)
    well = [n for n in range(50) if n % 5 not in (1, 2)]
    assert await names(database) == {"taken"} | {
        f"{word} {n}" for n in well for word in ("first", "second")
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_loses_nothing_that_was_acknowledged(database):
    writer = database._engine._writer._connection
    ((pages,),) = writer.execute("PRAGMA page_count").fetchall()
    writer.execute(f"PRAGMA max_page_count = {pages + 10}")
    rows = [Account.insert(name=f"{n}" + "x" * 2000) for n in range(100)]
    outcomes = await asyncio.gather(*map(database.write, rows), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert failures
    assert all(isinstance(failure, StoreError) for failure in failures)
    assert len(await names(database)) == len(rows) - len(failures)
    writer.execute("PRAGMA max_page_count = 1000000")
    await database.write(Account.insert(name="with space again"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_transactions_are_committed_in_the_order_of_their_calls(database):
    ids = await asyncio.gather(*(database.write(Account.insert(name=str(n))) for n in range(600)))
    assert [each.lastrowid for each in ids] == list(range(1, 601))


async def test_acknowledged_concurrent_writes_survive_kill_9(settings, database_url, migrations):
    own = settings(database_url=database_url("kit"))
    environment = {"DATABASE_URL": own.database_url, "MIGRATIONS": str(migrations)}
    program = Path(__file__).with_name("writing.py")
    acknowledged = set()
    for run in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, program, str(run), env=os.environ | environment, stdout=PIPE
        )
        for _ in range(300):
            acknowledged.add((await process.stdout.readline()).decode().strip())
        process.kill()
        rest, _ = await process.communicate()
        acknowledged |= set(rest.decode().split("\n")[:-1])
    async with open_database(own, migrations) as database:
        assert acknowledged <= await names(database)
    assert len(acknowledged) >= 900


async def test_calls_cancelled_at_any_moment_leave_connections_usable(database):
    chance = random.Random(7)

    async def work(n):
        def both(tx):
            tx.write(Account.insert(name=f"a{n}"))
            tx.write(Account.insert(name=f"b{n}"))

        await database.transaction(both)

    for round_ in range(40):
        tasks = [asyncio.create_task(work(20 * round_ + n)) for n in range(20)]
        await asyncio.sleep(chance.uniform(0, 0.02))  # the moment is the subject
        for task in tasks:
            task.cancel()
            if chance.random() < 0.5:
                asyncio.get_running_loop().call_later(0.001, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
    for n in range(20):
        await database.write(Account.insert(name=f"after {n}"))
    found = await names(database)
    assert {name[1:] for name in found if name[0] == "a" and " " not in name} == {
        name[1:] for name in found if name[0] == "b"
    }


async def test_a_cancelled_call_raises_only_its_cancellation(database):
    async def work(n):
        await database.write(Account.insert(name=f"{n}"))

    ended = []
    for n in range(60):
        task = asyncio.create_task(work(n))
        await asyncio.sleep(n * 0.0002)  # the moment is the subject
        task.cancel()
        await asyncio.wait((task,))
        ended.append(task.cancelled() or task.exception())
    assert set(ended) <= {True, None}


async def test_more_readers_than_connections_are_all_served(database):
    await database.write(Account.insert(name="a"))
    rows = await asyncio.gather(
        *(asyncio.create_task(database.rows(Account.select(Account.name))) for _ in range(100))
    )
    assert rows == [[("a",)]] * 100


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_a_deadlocked_transaction_is_retried(database):
    for name in "ab":
        await database.write(Account.insert(name=name))
    met = asyncio.Barrier(2)
    runs = []

    def cross(first, second):
        def work(tx):
            runs.append(first)
            tx.write(Account.update(balance=Account.balance + 1).where(Account.name == first))
            if len(runs) <= 2:
                await_(met.wait())
            tx.write(Account.update(balance=Account.balance + 1).where(Account.name == second))

        return work

    await asyncio.gather(
        asyncio.create_task(database.transaction(cross("a", "b"))),
        asyncio.create_task(database.transaction(cross("b", "a"))),
    )
    assert len(runs) > 2
    assert await database.rows(Account.select(Account.balance)) == [(2,), (2,)]


async def test_migrations_are_listed_applied_and_undone(settings, database_url, migrations):
    own = settings(database_url=database_url("schema"))
    async with open_schema(own, migrations) as schema:
        assert await schema.show() == ["0001_accounts  not applied"]
        assert await schema.up() == ["0001_accounts"]
        assert await schema.up() == []
        (line,) = await schema.show()
        assert line.startswith("0001_accounts  20")
        assert await schema.down() == ["0001_accounts"]
        assert await schema.show() == ["0001_accounts  not applied"]


@pytest.mark.filterwarnings("ignore:Duplicate entry", "ignore:Field 'changes'")
async def test_an_unrecorded_migration_is_applied_again(settings, database_url):
    """MySQL commits DDL at once: the process may die before it records the migration."""
    for package in ("usermicro", "videomicro", "commentmicro"):
        folder = Path(__file__).parents[2] / package / "migrations"
        own = settings(database_url=database_url(package))
        async with open_database(own, folder) as database:
            await database.write(SQL("DELETE FROM schema_migration"))
        async with open_database(own, folder) as database:
            ((count,),) = await database.rows(SQL("SELECT COUNT(*) FROM schema_migration"))
            assert count == len(list(folder.glob("[0-9]*.py")))


async def test_several_replicas_may_migrate_concurrently(settings, database_url, migrations):
    own = settings(database_url=database_url("replicas"))

    async def start():
        async with open_database(own, migrations) as opened:
            await opened.check()

    # In threads, because waiting for the migration lock blocks the loop.
    await asyncio.gather(*(asyncio.to_thread(asyncio.run, start()) for _ in range(4)))


@pytest.mark.parametrize(
    "url",
    [
        "", "mysql://", "mysql://host", "mysql:///name", "mysql://host:port/name",
        "mysql://host:99999/name", "mysql://host/name?unknown=1", "mysql://host/name/more",
        "mysql://[::1/name", "mysql://u:secret@host/name?replica=", "mysql://host/name?replica=a:b",
        "mysql://host/name?replica=a/b", "mysql://host/name?replica=me:secret@other",
        "mysql://host/name?secure=1&replica", "sqlite:////file?replica=host", "sqlite://",
        "sqlite://relative", "sqlite:relative", "sqlite:////file?mode=ro", "postgres://host/name",
    ],
)  # fmt: skip
async def test_an_invalid_url_is_an_error_with_its_setting(url, settings, migrations):
    with pytest.raises(ConfigError, match="DATABASE_URL") as refused:
        async with open_database(settings(database_url=url), migrations):
            pass
    assert "secret" not in str(refused.value)
    assert ("replica=host" in str(refused.value)) == ("name?replica=" in url)


def test_replicas_share_everything_but_the_address_with_their_primary():
    text = "mysql://me:p%40ss@primary:3307/name?replica=other&secure=1&replica=[::1]:3308"
    primary, replicas = split_replicas(split(text, "invalid"))
    assert primary.geturl() == "mysql://me:p%40ss@primary:3307/name?secure=1"
    assert [each.geturl() for each in replicas] == [
        "mysql://me:p%40ss@other/name?secure=1",
        "mysql://me:p%40ss@[::1]:3308/name?secure=1",
    ]


async def test_a_connection_to_mysql_is_encrypted_with_the_ca_that_is_set(
    settings, tmp_path, migrations
):
    ca, key = certificate(tmp_path)
    tls = (f"--ssl-cert={ca}", f"--ssl-key={key}", "--require-secure-transport=on")
    with sql_servers.mariadb(*tls) as server:
        url = f"{server.url}/mysql?secure=1"
        for ca_file, expected in ((ca, contextlib.nullcontext()), ("", pytest.raises(StoreError))):
            own = settings(database_url=url, database_ca_file=str(ca_file))
            with expected:
                async with open_database(own, migrations) as database:
                    ((_, cipher),) = await database.rows(SQL("SHOW STATUS LIKE 'Ssl_cipher'"))
                    assert cipher


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_user_and_password_are_part_of_the_url(settings, database_url, migrations):
    url = database_url("guarded")
    async with open_database(settings(database_url=url), migrations) as root:
        await root.write(SQL("CREATE USER IF NOT EXISTS guest@localhost IDENTIFIED BY 'p@ss:word'"))
        await root.write(SQL("GRANT ALL ON guarded.* TO guest@localhost"))
    for password, expected in (
        ("p%40ss%3Aword", contextlib.nullcontext()),
        ("no", pytest.raises(StoreError)),
    ):
        own = settings(database_url=url.replace("root@", f"guest:{password}@"))
        with expected:
            async with open_database(own, migrations) as database:
                await database.check()


async def is_running(database, word):
    found = SQL("SELECT info FROM information_schema.processlist WHERE command <> 'Sleep'")
    return any(word in (text or "") for (text,) in await database.rows(found))


async def has_ended(database, word):
    return not await is_running(database, word)


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
@pytest.mark.parametrize("seconds", [0.3, 60])
async def test_a_statement_ends_in_the_server_when_its_caller_gives_up(
    settings, database_url, migrations, seconds
):
    """By the server's time limit or, if the caller gives up before, by KILL."""
    url = database_url("slow")
    own = settings(database_url=url, store_timeout_ms=int(seconds * 1e3))
    endless = SQL("SELECT BENCHMARK(1000000000000, RAND()) AS endless")
    async with open_database(own, migrations) as slow, open_database(own, migrations) as other:
        reading = asyncio.create_task(slow.rows(endless))
        if seconds > 1:
            await eventually(lambda: is_running(other, "AS endless"))
            reading.cancel()
        (outcome,) = await asyncio.gather(reading, return_exceptions=True)
        assert isinstance(outcome, StoreError | asyncio.CancelledError)
        await eventually(lambda: has_ended(other, "AS endless"))


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
@pytest.mark.parametrize("seconds", [0.3, 60])
async def test_a_write_whose_caller_gives_up_does_not_wait_for_its_lock_any_longer(
    settings, database_url, migrations, seconds
):
    """MySQL's time limit is for SELECT only."""
    url = database_url("locked")
    own = settings(database_url=url, store_timeout_ms=int(seconds * 1e3))
    patient = settings(database_url=url)
    async with open_database(own, migrations) as slow, open_database(patient, migrations) as other:
        await other.write(Account.insert(name="a"))
        held, gave_up = asyncio.Event(), asyncio.Event()

        def hold(tx):
            tx.write(Account.update(balance=1))
            held.set()
            await_(gave_up.wait())

        holding = asyncio.create_task(other.transaction(hold))
        await held.wait()
        writing = asyncio.create_task(slow.write(Account.update(balance=2)))
        if seconds > 1:
            await eventually(lambda: is_running(other, "UPDATE"))
            writing.cancel()
        (outcome,) = await asyncio.gather(writing, return_exceptions=True)
        assert isinstance(outcome, StoreError | asyncio.CancelledError)
        await eventually(lambda: has_ended(other, "UPDATE"))
        gave_up.set()
        await holding
        assert await other.rows(Account.select(Account.balance)) == [(1,)]


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_a_frozen_transaction_gives_its_locks_back(settings, database_url, migrations):
    """As of a process that is stopped, or whose machine is out of reach."""
    own = settings(database_url=database_url("frozen"), store_timeout_ms=1000)
    async with open_database(own, migrations) as database:
        ((version, seconds),) = await database.rows(SQL("SELECT VERSION(), @@wait_timeout"))
        if "MariaDB" not in version:
            assert seconds == 20, "too long to wait for in a test"
            return
        await database.write(Account.insert(name="a"))
        started, frozen = asyncio.Event(), asyncio.Event()

        def freeze(tx):
            if not started.is_set():
                tx.write(Account.update(balance=1))
                started.set()
                await_(frozen.wait())
                tx.rows(Account.select(Account.name))

        async def written():
            try:
                return await database.write(Account.update(balance=2))
            except StoreError:
                return False

        freezing = asyncio.create_task(database.transaction(freeze))
        await started.wait()
        await eventually(written)
        frozen.set()
        await freezing  # its connection was lost before the commit: it ran again
        assert await database.rows(Account.select(Account.balance)) == [(2,)]


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_a_migration_may_take_longer_than_a_statement(settings, database_url, migrations):
    slow = FIRST.replace(
        "    create_table(db, Account)",
        "    create_table(db, Account)\n    db.execute_sql('SELECT SLEEP(0.5)').fetchall()",
    )
    (migrations / "0001_accounts.py").write_text(slow)
    own = settings(database_url=database_url("migrated"), store_timeout_ms=200)
    async with open_schema(own, migrations) as schema:
        assert await schema.up()
    async with open_database(own, migrations) as database:
        with pytest.raises(StoreError):
            await database.rows(SQL("SELECT BENCHMARK(1000000000000, RAND())"))
