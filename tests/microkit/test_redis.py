"""Automatic pipelining, against a real Redis."""

import asyncio
import signal

import pytest
from certificates import certificate
from fleet import eventually, store_calls

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.storage import redis_server
from microkit.storage.redis import Script, open_redis
from scripts import servers

ADD = Script("add", "return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
async def redis(settings):
    async with open_redis(settings()) as opened:
        yield opened


async def test_concurrent_commands_each_get_their_own_reply(redis):
    await asyncio.gather(*(redis.execute("SET", f"k{i}", i) for i in range(500)))
    answers = await asyncio.gather(*(redis.execute("GET", f"k{i}") for i in range(500)))
    assert answers == [str(i).encode() for i in range(500)]


async def test_an_error_reply_fails_only_its_caller(redis):
    await redis.execute("SET", "text", "x")
    outcomes = await asyncio.gather(
        redis.execute("GET", "text"), redis.execute("INCR", "text"), redis.execute("PING"),
        return_exceptions=True,
    )  # fmt: skip
    assert outcomes[0] == b"x"
    assert isinstance(outcomes[1], StoreError)
    assert outcomes[2] == b"PONG"


async def test_a_script_that_redis_does_not_have_is_loaded(redis):
    assert await redis.run(ADD, ["n"], [2]) == 2
    await redis.execute("SCRIPT", "FLUSH")
    assert await asyncio.gather(*(redis.run(ADD, ["n"], [1]) for _ in range(3))) == [3, 4, 5]


async def test_a_cancelled_caller_does_not_shift_replies(redis):
    tasks = [asyncio.create_task(redis.execute("ECHO", str(i))) for i in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[1::2] == [str(i).encode() for i in range(1, 50, 2)]
    assert await redis.execute("ECHO", "after") == b"after"


async def test_every_command_is_counted(redis):
    before = store_calls("redis")
    await asyncio.gather(*(redis.execute("PING") for _ in range(7)))
    assert store_calls("redis") - before == 7


@pytest.fixture
def server():
    """A Redis server that a test may kill."""
    with servers.redis() as started:
        yield started


async def test_a_killed_redis_keeps_acknowledged_writes(server, settings):
    async with open_redis(settings(redis_url=server.url)) as redis:
        await redis.execute("SET", "kept", "x")
        server.kill()
        with pytest.raises(StoreError):
            await redis.execute("GET", "kept")
        server.start()
        assert await redis.execute("GET", "kept") == b"x"
        assert await redis.run(ADD, ["n"], [1]) == 1


async def test_a_restart_while_idle_causes_no_error(server, settings):
    async with open_redis(settings(redis_url=server.url)) as redis:
        await redis.execute("SET", "kept", "x")
        server.kill()
        await asyncio.to_thread(server.start)
        assert await redis.execute("GET", "kept") == b"x"


async def test_a_hanging_redis_times_out_and_recovers(server, settings):
    own = settings(redis_url=server.url, store_timeout_ms=1000)
    async with open_redis(own) as redis:
        await redis.check()
        server.signal(signal.SIGSTOP)
        with pytest.raises(StoreError):
            await redis.check()
        server.signal(signal.SIGCONT)
        assert await redis.execute("ECHO", "again") == b"again"


async def test_an_argument_that_cannot_be_encoded_fails_only_its_caller(redis):
    outcomes = await asyncio.gather(
        redis.execute("ECHO", "a"), redis.execute("ECHO", "\ud800"), redis.execute("ECHO", "b"),
        return_exceptions=True,
    )  # fmt: skip
    assert outcomes[::2] == [b"a", b"b"]
    assert isinstance(outcomes[1], UnicodeEncodeError)


async def test_a_reply_in_many_segments_is_complete(redis):
    text = "长" * 400_000
    await redis.execute("SET", "large", text)
    replies = await asyncio.gather(*(redis.execute("GET", "large") for _ in range(5)))
    assert replies == [text.encode()] * 5


class Guarded:
    """A Redis on TCP with a password, an ACL user, and TLS on a second port."""

    def __init__(self, folder):
        self.certificate, key = certificate(folder)
        self._ports = [servers.free_port(), servers.free_port()]
        command = [
            *(
                redis_server.find(),
                "--port",
                str(self._ports[0]),
                "--tls-port",
                str(self._ports[1]),
            ),
            *("--tls-cert-file", str(self.certificate), "--tls-key-file", str(key)),
            *("--tls-auth-clients", "no", "--requirepass", "secret", "--dir", str(folder)),
            *("--user", "guest", "on", ">pass", "~*", "+@all", "--save", ""),
        ]
        self.server = servers.Server(command, folder, lambda: servers.listens(self._ports[1]))

    def url(self, user, database, *, tls=False):
        scheme = "rediss" if tls else "redis"
        return f"{scheme}://{user}127.0.0.1:{self._ports[tls]}{database}"


@pytest.fixture
def guarded(tmp_path):
    """A running Guarded."""
    made = Guarded(tmp_path)
    made.server.start()
    yield made
    made.server.stop()


async def test_password_user_and_database_are_part_of_the_url(guarded, settings):
    for url, database in ((guarded.url(":secret@", "/3"), 3), (guarded.url("guest:pass@", ""), 0)):
        async with open_redis(settings(redis_url=url)) as redis:
            info = await redis.execute("CLIENT", "INFO")
            assert f"db={database}".encode() in info.split()
    for url in (guarded.url("", ""), guarded.url(":wrong@", ""), guarded.url(":secret@", "/99")):
        async with open_redis(settings(redis_url=url)) as redis:
            with pytest.raises(StoreError):
                await redis.check()


async def refuses_writes(url, settings):
    async with open_redis(settings(redis_url=url)) as redis:
        try:
            await redis.check()
        except StoreError:
            return True
        return False


@pytest.mark.parametrize(
    "command",
    [
        ["REPLICAOF", "127.0.0.1", servers.free_port()],
        ["CONFIG", "SET", "maxmemory", "1"],
        ["CONFIG", "SET", "min-replicas-to-write", "1"],
        ["BGSAVE"],  # into a folder that is gone
    ],
)
async def test_the_check_fails_where_redis_takes_no_writes(command, settings, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    with servers.tcp_redis(["--save", "3600 1", "--dir", str(gone)]) as server:
        url = f"redis://127.0.0.1:{server.port}"
        assert not await refuses_writes(url, settings)
        gone.rmdir()
        async with open_redis(settings(redis_url=url)) as redis:
            await redis.execute(*command)
            await eventually(lambda: refuses_writes(url, settings))
        server.kill()  # it would not end before it has saved


async def test_the_check_fails_for_a_user_without_rights(guarded, settings):
    async with open_redis(settings(redis_url=guarded.url(":secret@", ""))) as redis:
        await redis.execute("ACL", "SETUSER", "reader", "on", ">pass", "~*", "+@read", "+ping")
    async with open_redis(settings(redis_url=guarded.url("reader:pass@", ""))) as redis:
        assert await redis.execute("PING") == b"PONG"
        with pytest.raises(StoreError):
            await redis.check()


async def test_a_ca_file_is_trusted(guarded, settings, tmp_path):
    url = guarded.url(":secret@", "", tls=True)
    async with open_redis(settings(redis_url=url, redis_ca_file=str(guarded.certificate))) as redis:
        await redis.check()
    (tmp_path / "no.pem").write_text("no certificate")
    for path in (tmp_path / "missing", tmp_path / "no.pem"):
        with pytest.raises(ConfigError, match="REDIS_CA_FILE"):
            async with open_redis(settings(redis_url=url, redis_ca_file=str(path))):
                pass


async def test_tls_checks_the_certificate(guarded, settings, monkeypatch):
    own = settings(redis_url=guarded.url(":secret@", "", tls=True))
    async with open_redis(own) as redis:
        with pytest.raises(StoreError):
            await redis.check()
    monkeypatch.setenv("SSL_CERT_FILE", str(guarded.certificate))
    async with open_redis(own) as redis:
        await redis.execute("SET", "over", "tls")
        assert await redis.execute("GET", "over") == b"tls"


@pytest.mark.parametrize(
    "url",
    [
        "", "http://redis", "redis://", "redis:///0", "redis://:secret@", "redis://host/none",
        "redis://host:port", "redis://host:99999", "redis://host:0", "redis://host/0?unknown=1",
        "redis://[::1", "unix://", "unix://relative",
    ],
)  # fmt: skip
async def test_an_invalid_url_is_an_error_with_its_setting(url, settings):
    with pytest.raises(ConfigError, match="REDIS_URL"):
        async with open_redis(settings(redis_url=url)):
            pass
