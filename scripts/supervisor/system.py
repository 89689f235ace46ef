"""The processes of the system and their settings: Redis, the services, the API."""

import asyncio
import importlib
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import api
import idl
from microkit import config
from microkit.process import Child, SupervisedProcess, executed
from microkit.service import Service
from microkit.storage import redis_server
from scripts.supervisor import network
from scripts.supervisor.folder import Folder, rpc_sockets, socket_path
from scripts.supervisor.forked import Template
from scripts.supervisor.network import ReservedPort

SERVICES: Final[tuple[Service[Any], ...]] = tuple(
    importlib.import_module(package).SERVICE for package in idl.RPC
)
API_PORT: Final = api.SERVICE.port
_ADMIN_ABOVE: Final = 100
ACTION_LIMITS: Final = (
    "LIMIT_LIKES",
    "LIMIT_FOLLOWS",
    "LIMIT_COMMENTS",
    "LIMIT_MESSAGES",
    "LIMIT_READS",
    "LIMIT_PROFILES",
    "LIMIT_PASSWORDS",
    "LIMIT_PUBLISHES",
    "LIMIT_REMOVALS",
    "LIMIT_SEARCHES",
    "LIMIT_BLOCKS",
    "LIMIT_REPORTS",
)
RELAXED_LIMITS: Final = {
    **dict.fromkeys(ACTION_LIMITS, "30000:6000"),
    "LIMIT_EXEMPT_ADDRESSES": "127.0.0.0/8,::1",
}
"""The limits of an embedded system: load from this machine does not reach them."""
_READY_SECONDS: Final = 30.0
# From the end of the grace period to SIGKILL: more than the API gives its own workers.
_EXIT_SECONDS: Final = 6.0


class NotReadyError(Exception):
    """A process did not become ready; the message names it."""


def names(service: str, replicas: int) -> list[str]:
    """Return the names of the processes of a service: its own, then ``userservice-2`` and so on."""
    return [service, *(f"{service}-{number}" for number in range(2, replicas + 1))]


@dataclass(frozen=True, slots=True)
class Ports:
    """The port and the admin port of each process, by name."""

    serve: dict[str, int]
    admin: dict[str, int]
    reserved: list[ReservedPort] = field(default_factory=list)

    @classmethod
    def fixed(cls, api: int, replicas: int = 1) -> "Ports":
        """Return the default ports, with `api` for the API; further replicas get free ports."""
        serve = {service.name: service.port for service in SERVICES} | {"api": api}
        admin = {name: port + _ADMIN_ABOVE for name, port in serve.items()}
        further = [name for each in SERVICES for name in names(each.name, replicas)[1:]]
        return cls._with_free(further, serve, admin)

    @classmethod
    def free(cls, replicas: int = 1) -> "Ports":
        """Return free ports; they stay reserved while the result lives."""
        services = [name for each in SERVICES for name in names(each.name, replicas)]
        return cls._with_free([*services, "api"], {}, {})

    @classmethod
    def _with_free(
        cls, further: list[str], serve: dict[str, int], admin: dict[str, int]
    ) -> "Ports":
        """Return the given ports, and free ones for the processes `further`."""
        reserved = [ReservedPort() for _ in range(2 * len(further))]
        numbers = [port.number for port in reserved]
        return cls(
            serve | dict(zip(further, numbers[::2], strict=True)),
            admin | dict(zip(further, numbers[1::2], strict=True)),
            reserved,
        )

    def in_use(self) -> list[int]:
        """Return the ports on which a server already listens."""
        return [p for p in (*self.serve.values(), *self.admin.values()) if network.in_use(p)]


@asynccontextmanager
async def running(
    folder: Folder, ports: Ports, say: Callable[[str], None], replicas: int = 1
) -> AsyncIterator[None]:
    """Start all processes, wait until they are ready, and stop them in reverse order at the end.

    `replicas` is the number of processes of each service; `ports` has been made for it.

    Raises:
        NoRedisServerError: there is no redis-server; the message says what to install.
        NotReadyError: a process cannot start, or did not become ready in time.
    """
    program = redis_server.find()
    async with AsyncExitStack() as stack:
        socket = stack.enter_context(socket_path(folder))
        sockets = stack.enter_context(rpc_sockets(folder))
        common = _common_environment(sockets, socket, replicas)
        stop_seconds = config.load(config.Settings).stop_grace_seconds + _EXIT_SECONDS
        children: list[SupervisedProcess] = []

        async def start(
            name: str,
            spawn: Callable[[], Awaitable[Child]],
            diagnose: Callable[[], str] = lambda: "",
        ) -> None:
            child = SupervisedProcess(
                name, spawn, say=say, stop_seconds=stop_seconds, diagnose=diagnose
            )
            await child.start()
            stack.push_async_callback(child.stop)
            children.append(child)

        inherited = (folder.lock,)
        data = folder.root / "redis"
        logged = redis_server.log_size(data)
        command = redis_server.command(program, data, socket)
        diagnose = partial(redis_server.diagnosis, data, logged)
        await start("redis", executed(command, os.environ, inherited), diagnose)
        template = Template(inherited)
        stack.push_async_callback(template.close)

        async def start_package(name: str, package: str, settings: dict[str, str]) -> None:
            folder.write_settings(name, common | settings)
            environment = {**RELAXED_LIMITS, **os.environ, **common, **settings}
            # macOS does not support a fork without exec: its libraries may crash.
            await start(
                name,
                template.forks(package, environment)
                if sys.platform == "linux"
                else executed([sys.executable, "-m", package], environment, inherited),
            )

        for service in SERVICES:
            for name in names(service.name, replicas):
                own = _service_environment(service, name, ports, folder, sockets)
                await start_package(name, service.package, own)
        await start_package("api", "api", _api_environment(ports, folder, folder.secret(say)))
        await _ready(ports, children)
        yield


def _common_environment(sockets: Path, socket: Path, replicas: int) -> dict[str, str]:
    addresses = {
        f"{service.name}_addresses".upper(): ",".join(
            f"unix:{sockets / name}" for name in names(service.name, replicas)
        )
        for service in SERVICES
    }
    terminal = {"LOG_FORMAT": "line"} if sys.stderr.isatty() else {}
    redis_url = f"unix://{_in_url(socket)}"
    return {**terminal, **addresses, "REDIS_URL": redis_url}


def _service_environment(
    service: Service[Any], name: str, ports: Ports, folder: Folder, sockets: Path
) -> dict[str, str]:
    return {
        "LISTEN_HOST": "127.0.0.1",
        "PORT": str(ports.serve[name]),
        "RPC_SOCKET": str(sockets / name),
        "ADMIN_PORT": str(ports.admin[name]),
        "DATABASE_URL": f"sqlite://{_in_url(folder.root)}/sql/{service.package}.db",
    }


def _api_environment(ports: Ports, folder: Folder, secret: str) -> dict[str, str]:
    return {
        "LISTEN_HOST": "0.0.0.0",  # noqa: S104 - phones on the same network use it
        "PORT": str(ports.serve["api"]),
        "ADMIN_PORT": str(ports.admin["api"]),
        "OBJECTS_URL": f"file://{_in_url(folder.root)}/objects",
        "UPLOAD_DIR": f"{folder.root}/uploads",
        "JWT_SECRET": secret,
    }


def _in_url(path: Path) -> str:
    return urllib.parse.quote(str(path))


async def _ready(ports: Ports, children: list[SupervisedProcess]) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    for name, port in ports.admin.items():
        while why := await asyncio.to_thread(_unhealthy, port):
            if failure := next((each.failure for each in children if each.failure), ""):
                raise NotReadyError(failure)
            if asyncio.get_running_loop().time() > deadline:
                raise NotReadyError(f"{name} is not ready: {why}")
            await asyncio.sleep(0.05)


def _unhealthy(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=3):
            return ""
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError as error:
        return str(error)
