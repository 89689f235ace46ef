"""Nodes are killed, frozen and given other slots under a storm of writes."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from cluster.storm import PEOPLE, VIDEOS, Storm
from fleet import eventually

from microkit.config import Settings
from microkit.storage.slots import slot_of
from scripts.redis_cluster import Node, RedisCluster


@pytest.fixture
async def storm(
    cluster: RedisCluster, settings: Callable[..., Settings]
) -> AsyncIterator[tuple[Storm, asyncio.Task[None]]]:
    """A storm that runs."""
    async with AsyncExitStack() as stack:
        made = Storm()
        await made.open(stack, settings(redis_url=cluster.url, store_timeout_ms=3000))
        running = asyncio.create_task(made.run())
        assert await made.round()
        yield made, running
        made.stop.set()
        await running


def slots(master: Node) -> set[int]:
    """The slots of a master."""
    owned = [each for each, port in master.masters().items() if port == master.port]
    return {slot for each in owned for slot in each}


async def replaced(master: Node, cluster: RedisCluster) -> None:
    """Wait until the other nodes have another master for the slots of this one."""

    def done() -> bool:
        others = [node for node in cluster.nodes if node is not master]
        return all(master.port not in node.masters().values() for node in others)

    await eventually(lambda: asyncio.to_thread(done))


async def check(
    storm: Storm, running: asyncio.Task[None], figure: Callable[[str], None], what: str
) -> None:
    """Check after the fault: no error, no loss; everything is exact after a while."""
    began = time.monotonic()
    await eventually(storm.round)
    well, failures = time.monotonic() - began, storm.failures
    assert await storm.round()
    storm.stop.set()
    await running
    began = time.monotonic()
    while not await storm.exact():
        await asyncio.sleep(0.1)
        assert time.monotonic() < began + 60
    figure(
        f"cluster, {what}: {storm.acknowledged} writes acknowledged, {failures} unknown, "
        f"no failure from {well:.1f} s after it, all exact {time.monotonic() - began:.1f} s later"
    )
    assert await storm.lost() == []


async def test_a_killed_master_loses_no_acknowledged_write(storm, cluster, figure):
    storm, running = storm
    master = cluster.masters()[0]
    lost = slots(master)
    master.kill()
    await replaced(master, cluster)
    await asyncio.to_thread(master.start)
    await asyncio.to_thread(cluster.wait_until_whole)
    await check(storm, running, figure, "killed master")
    assert all(failed & lost for failed in storm.failed), "only what the master had fails"


async def test_a_frozen_master_that_thaws_after_the_failover_loses_none(storm, cluster, figure):
    storm, running = storm
    master = cluster.masters()[1]
    lost = slots(master)
    master.signal(signal.SIGSTOP)
    await replaced(master, cluster)
    master.signal(signal.SIGCONT)
    await asyncio.to_thread(cluster.wait_until_whole)
    await check(storm, running, figure, "frozen master")
    assert all(failed & lost for failed in storm.failed), "only what the master had fails"


async def test_slots_that_move_cause_no_failure(storm, cluster, figure):
    storm, running = storm
    for lane in (*PEOPLE[:3], *list(VIDEOS)[:2], 900):
        await asyncio.to_thread(cluster.move, slot_of(f"{{{lane}}}"))
    await check(storm, running, figure, "reshard")
    assert storm.failures == 0
