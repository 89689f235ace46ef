"""The admin port for operators: /metrics for Prometheus, and /healthz."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from aiohttp import web

from microkit import metrics, saturation
from microkit.errors import Error
from microkit.log import redact

Checks = Mapping[str, Callable[[], Awaitable[None]]]
States = Mapping[str, Callable[[], Mapping[str, str]]]
AdminPage = Callable[[web.BaseRequest], Awaitable[web.Response]]

_CHECK_SECONDS: Final = 1.0


class Served(Protocol):
    """What an admin port shows: health checks and states by name, and pages by path."""

    @property
    def checks(self) -> Checks:
        """The health checks."""

    @property
    def states(self) -> States:
        """What else is told of stores, if it is not empty."""

    @property
    def pages(self) -> Mapping[str, AdminPage]:
        """The pages."""


async def health(checks: Checks) -> dict[str, str]:
    """Run all checks concurrently, at most a second; return the reasons of failures by name."""
    reasons = await asyncio.gather(*(_failure(check) for check in checks.values()))
    return {name: reason for name, reason in zip(checks, reasons, strict=True) if reason}


async def health_response(served: Served) -> web.Response:
    """Respond to /healthz: 200 if every check passes, else 503 and the failures."""
    failed = await health(served.checks)
    body = {"status": "unavailable", "failed": failed} if failed else {"status": "ok"}
    states = {name: dict(state()) for name, state in served.states.items()}
    shown = {name: state for name, state in states.items() if state}
    return web.json_response({**body, **shown}, status=503 if failed else 200)


def metrics_response(accept: str = "") -> web.Response:
    """Respond to /metrics, in the format that the caller accepts."""
    saturation.sample()
    body, content_type = metrics.render(accept)
    return web.Response(body=body, headers={"Content-Type": content_type})


@asynccontextmanager
async def open_admin(
    host: str, port: int, served: Served, *, reuse_port: bool = False
) -> AsyncIterator[int]:
    """Serve /metrics, /healthz and pages on `host` and `port` (0: any free one); yields the port.

    With `reuse_port` several processes share the port; the kernel chooses one for each connection.

    Raises:
        OSError: the address is in use or is not local.
    """

    async def serve(request: web.BaseRequest) -> web.Response:
        if request.path == "/metrics":
            return metrics_response(request.headers.get("Accept", ""))
        if request.path == "/healthz":
            return await health_response(served)
        if page := served.pages.get(request.path):
            return await page(request)
        return web.Response(status=404, text="not found: want /metrics or /healthz\n")

    runner = web.ServerRunner(web.Server(serve, access_log=None))
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=reuse_port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _failure(check: Callable[[], Awaitable[None]]) -> str:
    """Run a check and return the reason why it failed, empty if it passed."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except TimeoutError:
        return f"no reply within {_CHECK_SECONDS:g} s"
    except Error as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - any error fails the check
        return redact(str(error)) or type(error).__name__
    return ""
