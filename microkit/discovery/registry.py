"""Registration and resolution in etcd, in the format of Kitex's registry-etcd.

    key    kitex/registry-etcd/{service}/{host:port}
    value  {"network":"tcp","address":"host:port","weight":10,"tags":null}

A registration has a lease of 60 s, refreshed every 20 s.
"""

import asyncio
import contextvars
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from microkit.background import BackgroundTasks, end
from microkit.discovery import Instance
from microkit.discovery.etcd import FAILURES, Etcd
from microkit.discovery.static import parse
from microkit.errors import Unavailable

_log = logging.getLogger(__name__)

_PREFIX: Final = "kitex/registry-etcd"
_LEASE_SECONDS: Final = 60
_REFRESH_SECONDS: Final = 20.0
_RESOLVE_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0
_HEAVIEST: Final = 10_000
# Grace period between deregistering and closing the listener: resolvers need time to notice.
_DEREGISTER_SECONDS: Final = 0.5
_WILDCARDS: Final = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not listened on


def key_of(service: str, instance: Instance) -> bytes:
    """Return the key under which an instance is registered."""
    return f"{_PREFIX}/{service}/{_address(instance)}".encode()


def value_of(instance: Instance) -> bytes:
    """Return the value registered for an instance."""
    return msgspec.json.encode(
        {
            "network": "tcp",
            "address": _address(instance),
            "weight": instance.weight,
            "tags": None,
        }
    )


def instance_of(value: bytes) -> Instance | None:
    """Parse a registered value, also one written by Kitex; None if it is invalid.

    Early versions of Kitex register ``[::]:port``; it is read as this machine.
    """
    try:
        stored = msgspec.json.decode(value)
        found = parse(stored["address"])
        weight = int(stored.get("weight") or 10)
    except Exception:  # noqa: BLE001 - etcd may hold any value
        return None
    host = "127.0.0.1" if found.host in _WILDCARDS else found.host
    return Instance(host, found.port, min(weight, _HEAVIEST))


class Registration:
    """Keeps an instance registered while the block runs, and deregisters it at the end."""

    def __init__(self, etcd: Etcd, service: str, instance: Instance) -> None:
        self._etcd = etcd
        self._service = service
        self._instance = instance
        self._tasks = BackgroundTasks()

    async def __aenter__(self) -> Self:
        registered = asyncio.Event()
        self._tasks.start(self._keep_registered(registered))
        with suppress(TimeoutError):  # etcd is unavailable: the task registers when it is back
            async with asyncio.timeout(_RETRY_SECONDS):
                await registered.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tasks.close()
        key = key_of(self._service, self._instance)
        with suppress(Unavailable):
            await self._etcd.ask(lambda client: client.delete(key))
            await asyncio.sleep(_DEREGISTER_SECONDS)

    async def _keep_registered(self, registered: asyncio.Event) -> None:
        while True:
            try:
                lease_id = await self._register()
                registered.set()
                await self._refresh(lease_id)
                _log.warning("%s: the registration expired, registering again", self._service)
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - registration is retried after any error
                _log.exception("%s: cannot register", self._service)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _register(self) -> int:
        key, value = key_of(self._service, self._instance), value_of(self._instance)

        async def register(client: Any) -> int:
            lease = await client.lease(_LEASE_SECONDS)
            await client.put(key, value, lease=lease.id)
            return int(lease.id)

        return await self._etcd.ask(register)

    async def _refresh(self, lease_id: int) -> None:
        """Refresh the lease until it expires; retry while etcd is unavailable."""
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            while True:
                try:
                    answer = await self._etcd.ask(lambda client: client.refresh_lease(lease_id))
                except Unavailable:
                    await asyncio.sleep(_RETRY_SECONDS)
                else:
                    break
            if answer is None or answer.TTL == 0:
                return


class EtcdResolver:
    """Finds instances in etcd: reads once, watches for changes, and reads again every 5 s.

    The last non-empty list is kept while etcd is unavailable or lists no instance.
    """

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._instances: dict[str, Sequence[Instance]] = {}
        self._tasks = BackgroundTasks()
        self._read: dict[str, asyncio.Event] = {}  # set after the first read of a service

    def cached(self, service: str) -> Sequence[Instance]:
        """Return the last list of instances of `service`, empty before the first read."""
        return self._instances.get(service, ())

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`; waits for the first read of etcd."""
        if instances := self.cached(service):
            return instances
        if service not in self._read:
            self._read[service] = asyncio.Event()
            self._start(self._follow(service))
        await self._read[service].wait()
        return self.cached(service)

    async def close(self) -> None:
        """Stop watching."""
        await self._tasks.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # An empty context: the task must not log the id of the request that starts it.
        return self._tasks.start(work, contextvars.Context())

    async def _follow(self, service: str) -> None:
        changed = asyncio.Event()
        watch = self._start(self._watch(service, changed))
        while True:
            expected = changed.is_set() or not self._read[service].is_set()
            changed.clear()
            differs = await self._refresh(service)
            self._read[service].set()
            if differs and not expected:
                # The watch missed a change: its connection may be dead. Start a new one.
                await end(watch)
                watch = self._start(self._watch(service, changed))
            with suppress(TimeoutError):
                async with asyncio.timeout(_RESOLVE_SECONDS):
                    await changed.wait()

    async def _refresh(self, service: str) -> bool:
        """Read the instances and return whether they changed; log failures."""
        try:
            return await self._load(service)
        except Unavailable:
            return False  # logged by Etcd
        except Exception:  # noqa: BLE001 - the read is retried after any error
            _log.exception("%s: cannot read its instances", service)
            return False

    async def _load(self, service: str) -> bool:
        found = await self._etcd.ask(lambda client: client.get_prefix(_prefix(service)))
        instances = [instance_of(pair.value) for pair in found]
        usable = sorted({i for i in instances if i is not None}, key=str)
        if not usable or usable == self._instances.get(service):
            return False
        _log.info("%s: instances %s", service, ", ".join(map(str, usable)))
        self._instances[service] = usable
        return True

    async def _watch(self, service: str, changed: asyncio.Event) -> None:
        """Set `changed` at every change; a broken watch is replaced."""
        while True:
            client = self._etcd.connect()
            try:
                with suppress(*FAILURES):
                    async for _ in await client.watch_prefix(_prefix(service)):
                        changed.set()
            finally:
                await client.close()
            await asyncio.sleep(_RETRY_SECONDS)


def _prefix(service: str) -> bytes:
    return f"{_PREFIX}/{service}/".encode()


def _address(instance: Instance) -> str:
    host = f"[{instance.host}]" if ":" in instance.host else instance.host
    return f"{host}:{instance.port}"
