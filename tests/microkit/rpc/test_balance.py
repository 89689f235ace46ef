"""Which instance a call goes to."""

from collections import Counter

import pytest

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded
from microkit.rpc.balance import Balance

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
    return Balance(clock)


def picked(balance, times=12, among=(A, B, C)):
    return [balance.pick(among) for _ in range(times)]


def test_instances_get_calls_by_their_weight_and_not_in_bursts():
    a, b, c = (Instance("h", n, weight) for n, weight in ((1, 5), (2, 1), (3, 1)))
    balance = Balance()
    picks = [balance.pick([a, b, c]) for _ in range(70)]
    assert Counter(picks) == {a: 50, b: 10, c: 10}
    assert picks[:7] == [a, a, b, a, c, a, a]
    assert Balance().pick([]) is None


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
            assert (await client.GetVideoAuthorIdMethod(id=n, _seconds=0.05)).author_id == n
        except DeadlineExceeded:
            failed += 1
    assert failed == 3
