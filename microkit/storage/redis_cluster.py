"""A Redis Cluster: routes each command to the master of its key's slot.

Nodes are asked for the masters of all slots once a second and after a failure. A batch of one loop
turn goes to each node. Reads and writes have connections of their own, so that reads do not wait
until replicas confirm writes.
"""

import asyncio
import functools
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from microkit.background import BackgroundTasks
from microkit.errors import Overloaded
from microkit.storage.link import Link, NotSentError
from microkit.storage.pipeline import Batch, DurableBatch, pack
from microkit.storage.redis_url import ClusterUrl
from microkit.storage.slots import SLOTS, NodeAddress, Redirect, ranges, redirect, slot_of

_log = logging.getLogger(__name__)
_REFRESH_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 0.5
_MAX_WAIT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.01
_MAX_FAILURES: Final = 16
_SLOTS: Final = pack(("CLUSTER", "SLOTS"))
_INFO: Final = pack(("CLUSTER", "INFO"))
_ASKING: Final = pack(("ASKING",))


class _Node(NamedTuple):
    """A node and its connections: for reads, and for writes that replicas confirm."""

    address: NodeAddress
    reads: Link
    writes: Link

    def link(self, *, durable: bool) -> Link:
        return self.writes if durable else self.reads


class Cluster:
    """A client of a Redis Cluster.

    Args:
        url: its first nodes.
        timeout: seconds until a batch must be answered, and the limit of all redirections.
        replicas: how many replicas of a master must confirm a write.
    """

    is_cluster = True

    def __init__(self, url: ClusterUrl, timeout: float, replicas: int) -> None:
        self._url = url
        self._timeout = timeout
        wait_ms = int(min(timeout / 3, _MAX_WAIT_SECONDS) * 1e3)
        self._durable_batch = (
            functools.partial(DurableBatch, replicas, wait_ms) if replicas else Batch
        )
        self._nodes: dict[NodeAddress, _Node] = {}
        self._masters: list[_Node | None] = [None] * SLOTS
        self._tasks = BackgroundTasks()
        self._refreshing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def send(self, key: str, packed: bytes, *, durable: bool) -> asyncio.Future[Any]:
        """Send a command to the master of its key's slot."""
        node = self._masters[slot_of(key)]
        if node is not None:
            return node.link(durable=durable).send(packed)
        unknown: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        unknown.set_exception(NotSentError("no node serves the slot"))
        unknown.exception()  # mark it retrieved: a caller of many commands may await only some
        return unknown

    def masters(self) -> list[Callable[[bytes], asyncio.Future[Any]]]:
        """Return what sends to each master."""
        return [node.reads.send for node in dict.fromkeys(self._masters) if node is not None]

    async def recover(self, error: RedisError, key: str, packed: bytes, *, durable: bool) -> Any:
        """Send a command again that was not executed, or that only reads.

        Follows redirections, waits while some of a script's keys are on another node ("TRYAGAIN"),
        and asks for the new master of a slot once if a connection is lost.
        """
        call = _Call(slot_of(key), packed, durable)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while loop.time() < deadline and call.failures < _MAX_FAILURES:
            call.failures += 1
            try:
                return await self._resend(error, call)
            except RedisError as again:
                error = again
        raise error

    async def _resend(self, error: RedisError, call: "_Call") -> Any:
        """Send a command again after an error; raise the error if that cannot help."""
        if isinstance(error, RedisConnectionError):
            refreshed = self._refresh()
            if call.lost or (call.durable and not isinstance(error, NotSentError)):
                raise error
            call.lost = True
            await asyncio.shield(refreshed)
        elif (found := redirect(str(error), self._asked(call.slot))) is not None:
            return await self._redirected(found, call)
        elif str(error).startswith("TRYAGAIN"):
            call.failures -= 1
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            call.failures = _MAX_FAILURES
            raise error
        return await self._to_master(call)

    async def _redirected(self, found: Redirect, call: "_Call") -> Any:
        node = self._node(found.to)
        if found.moved:
            self._masters[call.slot] = node
            self._refresh()
            return await self._to_master(call)
        link = node.link(durable=call.durable)
        link.send(_ASKING)  # for the next command of the batch only
        return await link.send(call.packed)

    async def _to_master(self, call: "_Call") -> Any:
        node = self._masters[call.slot]
        if node is None:
            raise NotSentError("no node serves the slot")
        return await node.link(durable=call.durable).send(call.packed)

    def _asked(self, slot: int) -> NodeAddress:
        node = self._masters[slot]
        return node.address if node else self._url.nodes[0]

    def _node(self, address: NodeAddress) -> _Node:
        node = self._nodes.get(address)
        if node is None:
            connect = self._url.connect(address)
            node = _Node(
                address,
                Link(connect, self._timeout),
                Link(connect, self._timeout, self._durable_batch),
            )
            self._nodes[address] = node
        return node

    def _refresh(self) -> asyncio.Task[None]:
        """Ask for the masters of all slots; a failure is not raised."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = self._tasks.start(self._read_masters())
        if self._watching is None:
            self._watching = self._tasks.start(self._watch())
        return self._refreshing

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            await asyncio.shield(self._refresh())

    async def _read_masters(self) -> None:
        async for address, reply in self._answers(_SLOTS):
            try:
                self._apply(reply, address)
            except (ValueError, TypeError) as error:
                _log.error("%s:%d does not reply as a cluster's node: %r", *address, error)
                continue
            return

    async def _answers(self, packed: bytes) -> AsyncIterator[tuple[NodeAddress, Any]]:
        """Yield the replies of nodes, of masters first; nodes that do not reply are left out."""
        masters = random.sample(list(self._nodes), len(self._nodes))
        for address in dict.fromkeys([*masters, *self._url.nodes]):
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    reply = await self._node(address).reads.send(packed)
            except (RedisError, TimeoutError, Overloaded) as error:
                _log.warning("redis %s:%d does not reply: %r", *address, error)
                continue
            yield address, reply

    def _apply(self, reply: Any, asked: NodeAddress) -> None:
        """Use the masters of a reply to `CLUSTER SLOTS`; retire the other nodes."""
        masters: list[_Node | None] = [None] * SLOTS
        for first, last, address in list(ranges(reply, asked)):
            masters[first : last + 1] = [self._node(address)] * (last + 1 - first)
        self._masters = masters
        for node in set(self._nodes.values()).difference(masters):
            del self._nodes[node.address]
            node.reads.retire()
            node.writes.retire()

    async def check(self) -> None:
        """Check that a node says it is well: by default, that every slot has a master."""
        async for _, reply in self._answers(_INFO):
            if b"cluster_state:ok" in reply:
                return
        raise RedisConnectionError("no node replies that the cluster covers all slots")

    async def close(self) -> None:
        """Close all connections."""
        await self._tasks.close()
        for node in self._nodes.values():
            await node.reads.close()
            await node.writes.close()


class _Call:
    """A command that is sent again: its slot, and how often it failed."""

    __slots__ = ("durable", "failures", "lost", "packed", "slot")

    def __init__(self, slot: int, packed: bytes, durable: bool) -> None:
        self.slot = slot
        self.packed = packed
        self.durable = durable
        self.failures = 0
        self.lost = False
