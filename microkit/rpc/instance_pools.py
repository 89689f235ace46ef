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

    async def instances(self, deadline: float) -> Sequence[Instance]:
        """Return the current instances; close the pools of removed ones.

        Raises:
            DeadlineExceeded: the resolver did not reply until `deadline` (the loop's time).
        """
        instances = self.resolver.cached(self._service) or await self._resolve(deadline)
        if instances is not self._instances:
            self._instances = instances
            for removed in self._pools.keys() - set(instances):
                self.balancer.reset(removed)
                self._pools.pop(removed).close()
        return instances

    def pick(self, instances: Sequence[Instance]) -> Pool:
        """Return the pool of the instance that the load balancer picks.

        Raises:
            Unavailable: there are no instances.
        """
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
                connection = pool.acquire_idle() or await pool.acquire(deadline)
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
