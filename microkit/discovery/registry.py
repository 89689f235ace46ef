"""Kitex's registry-etcd format, both ways.

    key    kitex/registry-etcd/{service}/{host:port}
    value  {"network":"tcp","address":"host:port","weight":10,"tags":null}

A registration is held by a lease of 60 s that is refreshed every 20 s.
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
# How long callers may take to hear that an instance is gone, before it goes.
_NEWS_SECONDS: Final = 0.5
_EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - told apart, not listened on


def key_of(service: str, instance: Instance) -> bytes:
    """Return the key under which an instance is registered."""
    return f"{_PREFIX}/{service}/{_address(instance)}".encode()


def value_of(instance: Instance) -> bytes:
    """Return what is registered."""
    return msgspec.json.encode(
        {
            "network": "tcp",
            "address": _address(instance),
            "weight": instance.weight,
            "tags": None,
        }
    )


def instance_of(value: bytes) -> Instance | None:
    """Read what was registered, by Kitex too; None for what cannot be read.

    Its first versions register ``[::]:port``: read that as this machine.
    """
    try:
        stored = msgspec.json.decode(value)
        found = parse(stored["address"])
        weight = int(stored.get("weight") or 10)
    except Exception:  # noqa: BLE001 - anybody can register anything
        return None
    host = "127.0.0.1" if found.host in _EVERYWHERE else found.host
    return Instance(host, found.port, min(weight, _HEAVIEST))


class Registration:
    """Keeps an instance registered while the block lasts; tells callers first when it ends."""

    def __init__(self, etcd: Etcd, service: str, instance: Instance) -> None:
        self._etcd = etcd
        self._service = service
        self._instance = instance
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        registered = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(registered))
        with suppress(TimeoutError):  # etcd may be away: it is told as soon as it is back
            async with asyncio.timeout(_RETRY_SECONDS):
                await registered.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._keeper is not None:
            await end(self._keeper)
        key = key_of(self._service, self._instance)
        with suppress(Unavailable):
            await self._etcd.ask(lambda client: client.delete(key))
            await asyncio.sleep(_NEWS_SECONDS)

    async def _keep(self, registered: asyncio.Event) -> None:
        while True:
            try:
                lease_id = await self._register()
                registered.set()
                await self._refresh(lease_id)
                _log.warning("the registration ran out: registers again")
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - whatever it was, the next try may do
                _log.exception("cannot register")
                await asyncio.sleep(_RETRY_SECONDS)

    async def _register(self) -> int:
        key, value = key_of(self._service, self._instance), value_of(self._instance)

        async def register(client: Any) -> int:
            lease = await client.lease(_LEASE_SECONDS)
            await client.put(key, value, lease=lease.id)
            return int(lease.id)

        return await self._etcd.ask(register)

    async def _refresh(self, lease_id: int) -> None:
        """Refresh the lease until it is no more; while etcd is away, try on."""
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
    """Knows instances from etcd: asked once, watched, and asked again every 5 s.

    The last list that had an instance is kept while etcd is away, or knows none.
    """

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._known: dict[str, Sequence[Instance]] = {}
        self._following = BackgroundTasks()
        self._first: dict[str, asyncio.Event] = {}

    def known(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`, the last known ones while etcd is away."""
        return self._known.get(service, ())

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`; waits until etcd was asked for the first time."""
        if known := self.known(service):
            return known
        if service not in self._first:
            self._first[service] = asyncio.Event()
            self._start(self._follow(service))
        await self._first[service].wait()
        return self.known(service)

    async def close(self) -> None:
        """Stop following."""
        await self._following.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # Not in the context of the call that happens to be the first.
        return self._following.start(work, contextvars.Context())

    async def _follow(self, service: str) -> None:
        changed = asyncio.Event()
        watch = self._start(self._watch(service, changed))
        while True:
            told = changed.is_set() or not self._first[service].is_set()
            changed.clear()
            differs = await self._loaded(service)
            self._first[service].set()
            if differs and not told:
                # The watch should have said so. Its connection may be silently gone.
                await end(watch)
                watch = self._start(self._watch(service, changed))
            with suppress(TimeoutError):
                async with asyncio.timeout(_RESOLVE_SECONDS):
                    await changed.wait()

    async def _loaded(self, service: str) -> bool:
        """Ask for the instances; say whether they are others than before."""
        try:
            return await self._load(service)
        except Unavailable:
            return False  # which was said
        except Exception:  # noqa: BLE001 - whatever it was, the next try may do
            _log.exception("cannot find %s", service)
            return False

    async def _load(self, service: str) -> bool:
        found = await self._etcd.ask(lambda client: client.get_prefix(_prefix(service)))
        instances = [instance_of(pair.value) for pair in found]
        usable = sorted({i for i in instances if i is not None}, key=str)
        if not usable or usable == self._known.get(service):
            return False
        _log.info("%s is at %s", service, ", ".join(map(str, usable)))
        self._known[service] = usable
        return True

    async def _watch(self, service: str, changed: asyncio.Event) -> None:
        """Tell of every change at once; a watch that broke is made anew."""
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
