"""Which instance a call goes to."""

import asyncio
import contextlib
import socket
from collections import Counter

import pytest

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.rpc.load_balancer import LoadBalancer

A, B, C = (Instance("127.0.0.1", port) for port in (1, 2, 3))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def balance(clock):
    return LoadBalancer(clock)


def picked(balance, times=12, among=(A, B, C)):
    return [balance.pick(among) for _ in range(times)]


def test_instances_get_calls_by_their_weight_and_not_in_bursts():
    a, b, c = (Instance("h", n, weight) for n, weight in ((1, 5), (2, 1), (3, 1)))
    balance = LoadBalancer()
    picks = [balance.pick([a, b, c]) for _ in range(70)]
    assert Counter(picks) == {a: 50, b: 10, c: 10}
    assert picks[:7] == [a, a, b, a, c, a, a]
    assert LoadBalancer().pick([]) is None


def test_an_instance_that_cannot_be_reached_rests_and_then_one_call_finds_out(balance, clock):
    balance.unreachable(B)
    assert set(picked(balance)) == {A, C}
    clock.now = 1.0
    assert picked(balance).count(B) == 1, "the others wait for what that one finds"
    clock.now = 2.0
    assert picked(balance).count(B) == 1
    balance.answered(B)
    assert picked(balance).count(B) == 4


def test_an_instance_that_stays_silent_rests_after_a_few_calls(balance):
    balance.silent(B)
    balance.silent(B)
    assert picked(balance).count(B) == 4
    balance.silent(B)
    assert B not in picked(balance)


def test_an_answer_in_between_says_that_it_is_well(balance):
    for _ in range(5):
        balance.silent(B)
        balance.silent(B)
        balance.answered(B)
    assert picked(balance).count(B) == 4


def test_when_all_rest_none_does(balance):
    for each in (A, B, C):
        balance.unreachable(each)
    assert {picked(balance).count(each) for each in (A, B, C)} == {4}
    assert balance.pick([A]) == A


async def test_of_three_instances_one_that_hangs_costs_a_few_calls_only(start_rig):
    rigs = [await start_rig() for _ in range(3)]

    async def hang(_request):
        await rigs[0].handler.gate.wait()

    rigs[0].server.endpoints["GetVideoAuthorIdMethod"].call = hang
    client = rigs[0].client(*(Instance("127.0.0.1", rig.port) for rig in rigs))
    failed = 0
    for n in range(60):
        try:
            assert (await client.GetVideoAuthorIdMethod(id=n, timeout=0.05)).author_id == n
        except DeadlineExceeded:
            failed += 1
    assert failed == 3


async def test_calls_go_on_until_an_instance_takes_them(start_rig):
    rig = await start_rig()
    dead = [Instance("127.0.0.1", port) for port in (1, 2, 3)]
    client = rig.client(*dead, Instance("127.0.0.1", rig.port))
    for n in range(20):
        assert (await client.GetVideoAuthorIdMethod(id=n)).author_id == n


async def test_a_service_is_well_while_one_instance_can_be_reached(start_rig):
    rig = await start_rig()
    client = rig.client(Instance("127.0.0.1", 1), Instance("127.0.0.1", rig.port))
    for _ in range(6):
        await client.check()
    with pytest.raises(Unavailable):
        await rig.client(Instance("127.0.0.1", 1), Instance("127.0.0.1", 2)).check()


async def test_who_waits_at_an_instance_that_cannot_be_reached_goes_elsewhere(start_rig):
    rig = await start_rig()
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))  # takes no more connections, and does not say so
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
async def test_a_host_that_is_no_name_is_unreachable_like_any_other(start_rig, host):
    rig = await start_rig()
    with pytest.raises(Unavailable) as raised:
        await rig.client(Instance(host, 1)).GetVideoAuthorIdMethod(id=1)
    assert raised.value.retry is Retry.NEVER_HANDLED
