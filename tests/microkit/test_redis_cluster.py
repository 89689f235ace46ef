"""The client of a Redis Cluster, against real nodes."""

import asyncio
import signal

import pytest
from certificates import certificate
from fleet import eventually, store_calls

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.storage import redis_server
from microkit.storage.redis import Lookup, Script, open_redis
from microkit.storage.slots import slot_of
from scripts import servers
from scripts.redis_cluster import cluster_port, move_key, redis_cluster

ADD = Script("add", "return redis.call('INCRBY', KEYS[1], ARGV[1])", writes=True)
BOTH = Script("both", "return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}")
KEYS = [f"test:{{{lane}}}:number" for lane in range(300)]


@pytest.fixture(scope="module")
def nodes():
    """The nodes that these tests freeze and kill."""
    with redis_cluster() as made:
        yield made


@pytest.fixture
def cluster(nodes):
    """A cluster that is whole and empty."""
    nodes.wait_until_whole()
    nodes.empty()
    return nodes


@pytest.fixture
async def redis(cluster, settings):
    async with open_redis(settings(redis_url=cluster.url)) as opened:
        yield opened


async def test_each_command_goes_to_the_master_of_its_slot(redis, cluster):
    await asyncio.gather(*(redis.execute("SET", key, at) for at, key in enumerate(KEYS)))
    found = await asyncio.gather(*(redis.execute("GET", key) for key in KEYS))
    assert found == [str(at).encode() for at in range(len(KEYS))]
    sizes = [node.ask("DBSIZE") for node in cluster.masters()]
    assert sum(sizes) == len(KEYS)
    assert min(sizes) > 50


async def test_a_lookup_of_many_owners_is_one_call_with_replies_in_order(redis):
    lookup = Lookup("numbers", ("GET",), ("STRLEN",))
    await asyncio.gather(*(redis.execute("SET", key, at) for at, key in enumerate(KEYS)))
    before = store_calls("redis")
    found = await redis.look_up(lookup, [key for key in KEYS for _ in range(2)])
    assert store_calls("redis") - before == 1
    assert found[::2] == [str(at).encode() for at in range(len(KEYS))]
    assert found[1::2] == [len(str(at)) for at in range(len(KEYS))]


async def test_a_script_is_loaded_on_each_node(redis, cluster):
    for node in cluster.nodes:
        node.ask("SCRIPT", "FLUSH")
    assert await asyncio.gather(*(redis.run(ADD, [key], [2]) for key in KEYS)) == [2] * len(KEYS)


async def test_an_error_reply_fails_only_its_caller(redis):
    await redis.execute("SET", KEYS[0], "text")
    outcomes = await asyncio.gather(
        *(redis.run(ADD, [key], [1]) for key in KEYS[:50]), return_exceptions=True
    )
    assert isinstance(outcomes[0], StoreError)
    assert outcomes[1:] == [1] * 49


async def test_keys_are_found_while_their_slot_moves(redis, cluster):
    first, second = "test:{7}:first", "test:{7}:second"
    slot = slot_of(first)
    for key in (first, second):
        await redis.execute("SET", key, 5)
    source, target = cluster.begin_move(slot)
    move_key(source, target, first)
    assert await redis.execute("GET", first) == b"5", "asked of the new node"
    assert await redis.execute("GET", second) == b"5"
    assert await redis.run(ADD, [first], [1]) == 6
    both = asyncio.create_task(redis.run(BOTH, [first, second]))
    await asyncio.sleep(0.05)  # it is refused while its keys are on two nodes
    assert not both.done()
    move_key(source, target, second)
    assert await both == [b"6", b"5"]
    cluster.end_move(slot, target)
    assert await asyncio.gather(*(redis.run(ADD, [first], [1]) for _ in range(3))) == [7, 8, 9]
    assert cluster.master_of(slot) is target


async def test_a_write_that_no_replica_confirms_is_not_acknowledged(cluster, redis, settings):
    master = cluster.master_of(slot_of(KEYS[0]))
    other = next(key for key in KEYS if cluster.master_of(slot_of(key)) is not master)
    for node in cluster.replicas():
        node.signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreError):
            async with open_redis(
                settings(redis_url=cluster.url, store_timeout_ms=1500)
            ) as impatient:
                await impatient.run(ADD, [other], [1])
        alone = settings(redis_url=cluster.url, redis_wait_replicas=0)
        async with open_redis(alone) as careless:
            assert await careless.run(ADD, [KEYS[0]], [1]) == 1
        assert await redis.execute("GET", KEYS[0]) == b"1", "reads do not wait"
    finally:
        for node in cluster.replicas():
            node.signal(signal.SIGCONT)
    await asyncio.to_thread(cluster.wait_until_whole)
    assert await redis.run(ADD, [KEYS[0]], [1]) == 2


async def test_a_lost_master_is_replaced_and_its_keys_stay(cluster, settings):
    own = settings(redis_url=cluster.url, store_timeout_ms=3000)
    async with open_redis(own) as redis:
        assert await redis.run(ADD, [KEYS[0]], [1])
        master = cluster.master_of(slot_of(KEYS[0]))
        other = next(key for key in KEYS if cluster.master_of(slot_of(key)) is not master)
        master.kill()
        await redis.run(ADD, [other], [1])

        async def found() -> bool:
            try:
                return await redis.execute("GET", KEYS[0]) is not None
            except StoreError:
                return False

        await eventually(found)
        await asyncio.to_thread(master.start)
        await asyncio.to_thread(cluster.wait_until_whole)
        await redis.check()
        assert await redis.run(ADD, [KEYS[0]], [1]) > 1


async def test_a_cluster_with_a_password_and_tls_is_used(tmp_path, settings, monkeypatch):
    file, key = certificate(tmp_path)
    port = cluster_port()
    command = [
        *(str(redis_server.find()), "--port", "0", "--tls-port", str(port), "--cluster-enabled"),
        *("yes", "--tls-cluster", "yes", "--dir", str(tmp_path)),
        *("--tls-cert-file", str(file), "--tls-key-file", str(key), "--tls-auth-clients", "no"),
        *("--tls-ca-cert-file", str(file), "--requirepass", "secret", "--save", ""),
    ]
    server = servers.Server(command, tmp_path, lambda: servers.listens(port))
    server.start()
    try:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        one = settings(redis_url=f"rediss://:secret@127.0.0.1:{port}")
        async with open_redis(one) as node:
            for first in range(0, 16384, 1024):
                await node.execute("CLUSTER", "ADDSLOTS", *range(first, first + 1024))
        url = f"rediss+cluster://:secret@127.0.0.1:{port}/"
        async with open_redis(settings(redis_url=url, redis_wait_replicas=0)) as redis:

            async def covered() -> bool:
                try:
                    await redis.check()
                except StoreError:
                    return False
                return True

            await eventually(covered)
            assert await redis.run(ADD, [KEYS[0]], [1]) == 1
    finally:
        server.stop()


async def test_no_node_is_an_error(settings):
    url = f"redis+cluster://127.0.0.1:{servers.free_port()}"
    async with open_redis(settings(redis_url=url, store_timeout_ms=500)) as redis:
        with pytest.raises(StoreError):
            await redis.execute("GET", "a")
        with pytest.raises(StoreError):
            await redis.check()


@pytest.mark.parametrize(
    "url",
    ["redis+cluster://", "redis+cluster://host", "redis+cluster://a:1,b", "redis+cluster://a:1/3"],
)
async def test_an_invalid_url_is_an_error_with_its_setting(url, settings):
    with pytest.raises(ConfigError, match="REDIS_URL"):
        async with open_redis(settings(redis_url=url)):
            pass
