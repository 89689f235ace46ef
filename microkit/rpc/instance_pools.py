"""The instances of one service, each with its connection pool, chosen by the load balancer."""

import asyncio
import logging
from collections.abc import Sequence

from microkit.config import Settings
from microkit.discovery import Instance, Resolver
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.rpc.load_balancer import LoadBalancer
from microkit.rpc.pool import Pool

_log = logging.getLogger(__name__)


class InstancePools:
    """Resolves a service and keeps a pool for each of its instances; `balancer` chooses one."""

    def __init__(self, service: str, resolver: Resolver, settings: Settings) -> None:
        self.balancer = LoadBalancer()
        self.resolver = resolver
        self._service = service
        self._pool_size = settings.rpc_pool_size
        self._max_message = settings.rpc_max_message_mib * 2**20
        self._pools: dict[Instance, Pool] = {}
        self._instances: Sequence[Instance] = ()

    def cached(self) -> Sequence[Instance]:
        """Return the current instances without I/O; empty until `instances` has found some."""
        instances = self.resolver.cached(self._service)
        return instances if instances is self._instances else self._changed(instances)

    async def instances(self, deadline: float) -> Sequence[Instance]:
        """Return the current instances.

        Raises:
            DeadlineExceeded: the resolver did not reply until `deadline` (the loop's time).
        """
        return self.cached() or self._changed(await self._resolve(deadline))

    def _changed(self, instances: Sequence[Instance]) -> Sequence[Instance]:
        """Close the pools of instances that are no longer resolved."""
        if instances:
            self._instances = instances
            for removed in self._pools.keys() - set(instances):
                self.balancer.reset(removed)
                self._pools.pop(removed).close()
        return instances

    def pick(self, instances: Sequence[Instance]) -> Pool:
        """Return the pool of the instance that the load balancer picks.

        If that one is full, another one that is not; if all are full, the call waits for the first.

        Raises:
            Unavailable: there are no instances.
        """
        pool = self._pick(instances)
        if pool.full and (others := [each for each in instances if not self._full(each)]):
            self.balancer.refuse(pool.instance)
            pool = self._pick(others)
        return pool

    def _full(self, instance: Instance) -> bool:
        pool = self._pools.get(instance)
        return pool is not None and pool.full

    def _pick(self, instances: Sequence[Instance]) -> Pool:
        instance = self.balancer.pick(instances)
        if instance is None:
            _log.warning("%s: no instance is registered", self._service)
            raise Unavailable(retry=Retry.NEVER_HANDLED)
        pool = self._pools.get(instance)
        if pool is None:
            pool = Pool(self._service, instance, self._pool_size, self._max_message)
            self._pools[instance] = pool
        return pool

    async def check(self, deadline: float) -> None:
        """Check that one instance accepts a connection.

        Raises:
            Unavailable: no instance does.
        """
        instances = await self.instances(deadline)
        for _ in instances:
            pool = self.pick(instances)
            try:
                connection = pool.acquire_now() or await pool.acquire(deadline)
            except Unavailable:
                self.balancer.record_connect_error(pool.instance)
            else:
                pool.release(connection)
                return
        raise Unavailable(retry=Retry.NEVER_HANDLED)

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)

    async def _resolve(self, deadline: float) -> Sequence[Instance]:
        try:
            async with asyncio.timeout_at(deadline):
                return await self.resolver.resolve(self._service)
        except TimeoutError:
            raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None
