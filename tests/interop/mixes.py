"""Systems of services and APIs of both kinds: ours, and stand-ins for the original's programs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from e2e.apk import Apk
from fleet import SERVICES, Fleet, Hasher, addresses, start
from interop.kitex import go_server, listening
from interop.story import Step, Story

from api import SERVICE
from microkit.config import Settings
from microkit.main import serve
from scripts import servers
from scripts.kitex import Programs

NAMES = tuple(service.name for service in SERVICES)


@dataclass(frozen=True)
class Mix:
    """Which services are the original's, and whether the API is."""

    services: frozenset[str]
    api: bool = False

    @property
    def name(self) -> str:
        """What is the original's, in few words."""
        if self.api:
            return "the API"
        left = [name.removesuffix("service") for name in NAMES if name not in self.services]
        if len(left) in (0, len(NAMES)):
            return "none" if left else "all five"
        if len(left) == 1:
            return f"all but {left[0]}"
        return ", ".join(sorted(name.removesuffix("service") for name in self.services))


ALL_OURS = Mix(frozenset())
MIXES = (
    *(Mix(frozenset({name})) for name in NAMES),
    *(Mix(frozenset(NAMES) - {name}) for name in NAMES),
    Mix(frozenset(NAMES)),
    Mix(frozenset(), api=True),
)


@dataclass(frozen=True)
class Parts:
    """What systems are made of; `folder` is one system's own."""

    programs: Programs
    settings: Callable[..., Settings]
    folder: Path


async def play(mix: Mix, parts: Parts, clip: Path) -> list[Step]:
    """Start the system, play the story, and return its steps."""
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(services(mix, parts))
        url = await stack.enter_async_context(api(mix, parts, fleet))
        apk = Apk(await stack.enter_async_context(aiohttp.ClientSession(url)))
        return await Story(apk, clip).play()


@asynccontextmanager
async def services(mix: Mix, parts: Parts) -> AsyncIterator[Fleet]:
    """Start the five services, each of its kind."""
    async with AsyncExitStack() as stack:
        fleet = Fleet(parts.settings(), {}, Hasher(), stack, {})
        for service in SERVICES:  # in an order in which each finds those that it calls
            if service.name in mix.services:
                known = {name: f"127.0.0.1:{each.port}" for name, each in fleet.running.items()}
                fleet.running[service.name] = await stack.enter_async_context(
                    go_server(
                        parts.programs, service.name, "-strict",
                        "-users", known.get("userservice", ""),
                        "-videos", known.get("videoservice", ""),
                    )
                )  # fmt: skip
            else:
                database_url = f"sqlite://{parts.folder}/{service.package}.db"
                await start(fleet, service, database_url, parts.settings)
        yield fleet
        for name in tuple(fleet.stops):
            await fleet.stop(name)


@asynccontextmanager
async def api(mix: Mix, parts: Parts, fleet: Fleet) -> AsyncIterator[str]:
    """Start the API in front of the services and return its URL."""
    if not mix.api:
        own = parts.settings(
            **addresses(fleet.running),
            jwt_secret="a secret of at least thirty-two bytes",
            objects_url=f"file://{parts.folder}/objects",
            upload_dir=str(parts.folder / "uploads"),
        )
        async with serve(SERVICE, own) as running:
            yield f"http://127.0.0.1:{running.port}"
        return
    hosts = ",".join(f"{name}=127.0.0.1:{each.port}" for name, each in fleet.running.items())
    port = servers.free_port()
    process = await asyncio.create_subprocess_exec(
        str(parts.programs.api), "-addr", f"127.0.0.1:{port}", "-hosts", hosts,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
