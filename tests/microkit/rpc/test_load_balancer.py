"""Load balancing over the instances of a service."""

import asyncio
import contextlib
import socket
from collections import Counter

import pytest
from fleet import Clock

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.rpc.load_balancer import LoadBalancer
from scripts.servers import free_port

A, B, C = (Instance("127.0.0.1", port) for port in (1, 2, 3))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def balancer(clock):
    return LoadBalancer(clock, burst=1)


def picked(balancer, times=12, among=(A, B, C)):
    return [balancer.pick(among) for _ in range(times)]


def test_instances_get_calls_by_their_weight_and_not_in_bursts():
    a, b, c = (Instance("h", n, weight) for n, weight in ((1, 5), (2, 1), (3, 1)))
    balancer = LoadBalancer(burst=1)
    picks = [balancer.pick([a, b, c]) for _ in range(70)]
    assert Counter(picks) == {a: 50, b: 10, c: 10}
    assert picks[:7] == [a, a, b, a, c, a, a]
    assert LoadBalancer().pick([]) is None


def test_calls_of_one_moment_go_to_one_instance_and_count_as_what_they_are(clock):
    balancer = LoadBalancer(clock, burst=4)
    among = [A, B, C]
    first = [balancer.pick(among) for _ in range(6)]
    assert Counter(first).most_common()[0][1] == 4, "a burst is bounded"
    assert len(set(first[:4])) == 1
    clock.now += 0.001
    assert balancer.pick(among) == first[-1], "the same moment"
    clock.now += 0.002
    third = balancer.pick(among)
    assert {first[0], first[-1], third} == {A, B, C}
    picks = [*first, first[-1], third]
    for calls in (1, 3, 2, 4, 1, 1, 2) * 30:
        clock.now += 0.003
        picks += [balancer.pick(among) for _ in range(calls)]
    shares = Counter(picks)
    assert max(shares.values()) - min(shares.values()) <= 4


def test_a_failure_ends_a_burst(clock):
    among = [A, B, C]
    for record in (LoadBalancer.record_no_reply, LoadBalancer.record_connect_error):
        balancer = LoadBalancer(clock)
        failed = balancer.pick(among)
        assert balancer.pick(among) == failed
        record(balancer, failed)
        assert balancer.pick(among) != failed


def test_a_retry_goes_elsewhere_within_a_burst(clock):
    balancer = LoadBalancer(clock)
    among = [A, B, C]
    first = balancer.pick(among)
    assert balancer.pick([each for each in among if each != first]) != first


def test_an_unreachable_instance_is_ejected_and_then_probed_by_one_call(balancer, clock):
    balancer.record_connect_error(B)
    assert set(picked(balancer)) == {A, C}
    clock.now = 1.0
    assert picked(balancer).count(B) == 1, "only the probe goes there"
    clock.now = 2.0
    assert picked(balancer).count(B) == 1
    balancer.record_reply(B)
    assert picked(balancer).count(B) == 4


def test_an_instance_is_ejected_after_three_calls_without_a_reply(balancer):
    balancer.record_no_reply(B)
    balancer.record_no_reply(B)
    assert picked(balancer).count(B) == 4
    balancer.record_no_reply(B)
    assert B not in picked(balancer)


def test_a_reply_resets_the_count_of_failures(balancer):
    for _ in range(5):
        balancer.record_no_reply(B)
        balancer.record_no_reply(B)
        balancer.record_reply(B)
    assert picked(balancer).count(B) == 4


def test_ejection_is_ignored_when_all_instances_are_ejected(balancer):
    for each in (A, B, C):
        balancer.record_connect_error(each)
    assert {picked(balancer).count(each) for each in (A, B, C)} == {4}
    assert balancer.pick([A]) == A


async def test_an_instance_that_hangs_fails_three_calls_only(start_rig):
    rigs = [await start_rig() for _ in range(3)]

    async def hang(_request):
        await rigs[0].handler.gate.wait()

    rigs[0].server.methods["GetVideoAuthorIdMethod"].call = hang
    client = rigs[0].client(*(Instance("127.0.0.1", rig.port) for rig in rigs))
    failed = 0
    for n in range(60):
        try:
            assert (await client.GetVideoAuthorIdMethod(id=n, timeout=0.05)).author_id == n
        except DeadlineExceeded:
            failed += 1
    assert failed == 3


async def test_a_call_is_retried_until_an_instance_accepts_it(start_rig):
    rig = await start_rig()
    dead = [Instance("127.0.0.1", free_port()) for _ in range(3)]
    client = rig.client(*dead, Instance("127.0.0.1", rig.port))
    for n in range(20):
        assert (await client.GetVideoAuthorIdMethod(id=n)).author_id == n


async def test_a_service_is_healthy_while_one_instance_is_reachable(start_rig):
    rig = await start_rig()
    client = rig.client(Instance("127.0.0.1", free_port()), Instance("127.0.0.1", rig.port))
    for _ in range(6):
        await client.check()
    with pytest.raises(Unavailable):
        await rig.client(*(Instance("127.0.0.1", free_port()) for _ in range(2))).check()


async def test_calls_queued_at_an_unreachable_instance_go_to_another_one(start_rig):
    rig = await start_rig()
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))  # its backlog is full: it neither accepts nor refuses
        full.listen(0)
        for _ in range(3):
            waits = stack.enter_context(socket.socket())
            waits.setblocking(False)
            waits.connect_ex(full.getsockname())
        deaf = Instance("127.0.0.1", full.getsockname()[1])
        client = rig.client(deaf, Instance("127.0.0.1", rig.port), rpc_pool_size=4)
        answers = await asyncio.gather(
            *(client.GetVideoAuthorIdMethod(id=n, timeout=5) for n in range(60))
        )
    assert [answer.author_id for answer in answers] == list(range(60))


@pytest.mark.parametrize("host", ["a..b", ".x", "x" * 70])
async def test_an_invalid_host_name_is_unavailable(start_rig, host):
    rig = await start_rig()
    with pytest.raises(Unavailable) as raised:
        await rig.client(Instance(host, 1)).GetVideoAuthorIdMethod(id=1)
    assert raised.value.retry is Retry.NEVER_HANDLED
