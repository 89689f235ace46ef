"""Discovery with a real etcd, in Kitex's format."""

import asyncio
import json
import signal
from contextlib import AsyncExitStack, suppress

import aetcd
import pytest
from certificates import certificate
from fleet import eventually, turns

import idl
from microkit.config import ConfigError
from microkit.discovery import Instance, open_resolver, registered, registry
from microkit.discovery.registry import instance_of
from microkit.errors import Unavailable
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from scripts import servers

PREFIX = b"kitex/registry-etcd/"


@pytest.fixture(scope="module")
def shared():
    with servers.etcd() as server:
        yield server


@pytest.fixture
async def etcd(shared):
    client = aetcd.Client("127.0.0.1", shared.port, timeout=60)
    await client.delete_prefix(PREFIX)
    yield client
    await client.close()


@pytest.fixture
def own(shared, settings):
    return lambda **more: settings(discovery_url=shared.url, **more)


async def stored(client):
    return {pair.key.decode(): json.loads(pair.value) for pair in await client.get_prefix(PREFIX)}


def record_failures(resolver) -> list[Unavailable]:
    """Record every failed request of the resolver to etcd from now on."""
    ask, failures = resolver._etcd.ask, []

    async def recording(work):
        try:
            return await ask(work)
        except Unavailable as error:
            failures.append(error)
            raise

    resolver._etcd.ask = recording
    return failures


async def wait_for_watch(resolver, own) -> None:
    """Register instances until the watch reports one; it may start after the first."""
    for port in range(100, 200):
        async with registered(own, "userservice", port):
            new = Instance("127.0.0.1", port)
            with suppress(AssertionError):
                await eventually(lambda new=new: new in resolver.cached("userservice"), 3)
                return
    raise AssertionError("the watch reported no instance")


async def test_an_instance_is_registered_in_kitexs_format_and_deregistered(etcd, own):
    async with registered(own(weight=7), "userservice", 1234):
        assert await stored(etcd) == {
            "kitex/registry-etcd/userservice/127.0.0.1:1234": {
                "network": "tcp", "address": "127.0.0.1:1234", "weight": 7, "tags": None,
            }
        }  # fmt: skip
        (pair,) = await etcd.get_prefix(PREFIX)
        assert 50 < (await etcd.get_lease_info(pair.lease)).TTL <= 60
    assert await stored(etcd) == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_a_wildcard_address_is_never_registered(etcd, own, host):
    async with registered(own(listen_host=host), "userservice", 1234):
        (value,) = (await stored(etcd)).values()
        assert not value["address"].startswith(("0.0.0.0", "[::]"))
    async with registered(own(listen_host=host, advertise_host="db.example"), "userservice", 1):
        (value,) = (await stored(etcd)).values()
        assert value["address"] == "db.example:1"


@pytest.mark.parametrize(
    ("value", "instance"),
    [
        (b'{"network":"tcp","address":"10.0.0.1:80","weight":5,"tags":null}',
         Instance("10.0.0.1", 80, 5)),
        (b'{"network":"tcp","address":"[::]:10000","weight":10,"tags":{"a":"b"}}',
         Instance("127.0.0.1", 10000, 10)),
        (b'{"address":"0.0.0.0:1"}', Instance("127.0.0.1", 1, 10)),
        (b'{"address":"[::1]:1","weight":0}', Instance("::1", 1, 10)),
        (b"not json", None),
        (b"{}", None),
        (b'{"address":"nowhere"}', None),
        (b"[1]", None),
        (b"[" * 5000, None),
        (b'{"address":"h:1","weight":1e300}', Instance("h", 1, 10_000)),
    ],
)  # fmt: skip
def test_values_of_other_programs_are_parsed_or_ignored(value, instance):
    assert instance_of(value) == instance


async def test_instances_are_resolved_by_service_and_watched(etcd, own):
    async with open_resolver(own()) as resolver:
        assert await resolver.resolve("userservice") == ()
        async with (
            registered(own(), "userservice", 1),
            registered(own(), "userservice2", 2),
        ):
            first = [Instance("127.0.0.1", 1)]
            await eventually(lambda: resolver.cached("userservice") == first)
            async with registered(own(), "userservice", 3):
                await eventually(lambda: len(resolver.cached("userservice")) == 2)
            await eventually(lambda: resolver.cached("userservice") == first)


async def test_an_expired_lease_is_replaced(etcd, own, monkeypatch):
    monkeypatch.setattr(registry, "_REFRESH_SECONDS", 0.2)
    async with registered(own(), "userservice", 1):
        (pair,) = await etcd.get_prefix(PREFIX)
        await etcd.revoke_lease(pair.lease)
        assert await stored(etcd) == {}
        await eventually(lambda: stored(etcd))


async def test_the_last_list_is_used_during_an_outage_of_etcd(settings, monkeypatch):
    monkeypatch.setattr(registry, "_REFRESH_SECONDS", 0.3)
    monkeypatch.setattr(registry, "_RESOLVE_SECONDS", 0.3)
    with servers.etcd() as server:
        own = settings(discovery_url=server.url)
        async with open_resolver(own) as resolver, registered(own, "userservice", 1):
            assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]
            server.kill()
            failures = record_failures(resolver)
            await eventually(lambda: len(failures) >= 3)
            assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]
            await asyncio.to_thread(server.start)
            async with registered(own, "userservice", 2):
                await eventually(lambda: len(resolver.cached("userservice")) == 2)


async def test_a_service_starts_without_etcd_and_registers_later(settings):
    with servers.etcd() as server:
        own = settings(discovery_url=server.url)
        server.kill()
        async with registered(own, "userservice", 1):
            await asyncio.to_thread(server.start)
            client = aetcd.Client("127.0.0.1", server.port, timeout=60)
            await eventually(lambda: stored(client))
            await client.close()


async def test_one_reachable_endpoint_of_several_is_enough(etcd, shared, settings):
    dead = servers.free_port()
    own = settings(discovery_url=f"etcd://127.0.0.1:{dead},127.0.0.1:{shared.port}")
    async with registered(own, "userservice", 1), open_resolver(own) as resolver:
        assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]


async def test_user_and_password_are_sent_to_etcd(settings):
    with servers.etcd() as server:
        client = aetcd.Client("127.0.0.1", server.port, timeout=60)
        await client.connect()
        auth = aetcd.rpc.AuthStub(client.channel)
        await auth.UserAdd(aetcd.rpc.AuthUserAddRequest(name="root", password="p@ss"))
        await auth.UserGrantRole(aetcd.rpc.AuthUserGrantRoleRequest(user="root", role="root"))
        await auth.AuthEnable(aetcd.rpc.AuthEnableRequest())
        await client.close()
        own = settings(discovery_url=f"etcd://root:p%40ss@127.0.0.1:{server.port}")
        async with registered(own, "userservice", 1), open_resolver(own) as resolver:
            assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]


async def test_a_hanging_etcd_does_not_delay_callers(settings):
    with servers.etcd() as server:
        own = settings(discovery_url=server.url)
        async with registered(own, "userservice", 1), open_resolver(own) as resolver:
            await resolver.resolve("userservice")
            server.signal(signal.SIGSTOP)
            resolving = asyncio.create_task(resolver.resolve("userservice"))
            await turns()
            assert resolving.done()
            assert await resolving == [Instance("127.0.0.1", 1)]
            server.signal(signal.SIGCONT)


async def test_all_services_recover_after_etcd_hangs(settings, monkeypatch):
    monkeypatch.setattr(registry, "_RESOLVE_SECONDS", 1.0)
    names = ["userservice", "videoservice", "favoriteservice", "commentservice"]
    with servers.etcd() as server:
        own = settings(discovery_url=server.url)
        async with open_resolver(own) as resolver, AsyncExitStack() as stack:
            for name in names:
                await stack.enter_async_context(registered(own, name, 1))
            for name in names:
                assert await resolver.resolve(name) == [Instance("127.0.0.1", 1)]
                await asyncio.sleep(0.2)  # so that their reads are not simultaneous
            server.signal(signal.SIGSTOP)
            failures = record_failures(resolver)
            await eventually(lambda: len(failures) >= len(names))
            server.signal(signal.SIGCONT)
            for name in names:
                await stack.enter_async_context(registered(own, name, 2))
            for name in names:
                await eventually(lambda name=name: len(resolver.cached(name)) == 2)


async def test_a_hanging_etcd_does_not_delay_a_call_beyond_its_deadline(settings):
    contract = Contract(idl.load("videomicro"))
    with servers.etcd() as server:
        own = settings(discovery_url=server.url)
        server.signal(signal.SIGSTOP)
        async with open_resolver(own) as resolver:
            client = Client("videoservice", contract, resolver, own, "tests")
            with pytest.raises(Unavailable):
                await client.GetVideoAuthorIdMethod(id=1, timeout=0.3)
            assert not resolver._read["videoservice"].is_set(), "the call did not wait for etcd"
            server.signal(signal.SIGCONT)


class Proxy:
    """A TCP proxy that can drop the data of its open connections."""

    def __init__(self, port):
        self._target = port
        self._dropped = set()
        self._open = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in tuple(self._open):
            task.cancel()

    def cut(self):
        """Drop the open connections silently, as a firewall that lost its state."""
        self._dropped |= self._open

    async def _serve(self, reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        own = asyncio.current_task()
        self._open.add(own)

        async def pipe(source, sink):
            while data := await source.read(1 << 16):
                if own not in self._dropped:
                    sink.write(data)
            sink.close()

        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(pipe(reader, back), pipe(there, writer))
        writer.close()
        back.close()
        self._open.discard(own)


async def test_a_dead_connection_to_etcd_is_replaced(settings, shared, monkeypatch):
    """Reads recover by keepalive; the watch is replaced when a read finds a missed change."""
    monkeypatch.setattr(registry, "_RESOLVE_SECONDS", 1.0)
    async with Proxy(shared.port) as proxy:
        own = settings(discovery_url=f"etcd://127.0.0.1:{proxy.port}")
        direct = settings(discovery_url=shared.url)
        async with open_resolver(own) as resolver, registered(direct, "userservice", 1):
            assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]
            proxy.cut()
            async with registered(direct, "userservice", 2):
                await eventually(lambda: len(resolver.cached("userservice")) == 2)
            monkeypatch.setattr(registry, "_RESOLVE_SECONDS", 3600)
            await wait_for_watch(resolver, direct)


async def test_a_user_without_a_password_is_an_error(settings):
    with pytest.raises(ConfigError, match="user:password@host"):
        async with open_resolver(settings(discovery_url="etcd://root@127.0.0.1:1")):
            pass


async def test_etcd_over_tls_is_verified_by_its_certificate(settings, tmp_path, monkeypatch):
    cert, key = certificate(tmp_path)
    with servers.etcd(cert, key) as server:
        secure = f"etcds://127.0.0.1:{server.port}"
        own = settings(discovery_url=secure, discovery_ca_file=str(cert))
        async with registered(own, "userservice", 1), open_resolver(own) as resolver:
            assert await resolver.resolve("userservice") == [Instance("127.0.0.1", 1)]
            # The watch uses TLS too.
            monkeypatch.setattr(registry, "_RESOLVE_SECONDS", 3600)
            await wait_for_watch(resolver, own)
        async with open_resolver(settings(discovery_url=secure)) as untrusting:
            assert await untrusting.resolve("userservice") == ()
