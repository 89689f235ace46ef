"""What operators ask a process: /metrics for Prometheus and /healthz, on a port of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from microkit import metrics
from microkit.errors import Error
from microkit.log import redact

Checks = Mapping[str, Callable[[], Awaitable[None]]]

_CHECK_SECONDS: Final = 1.0


async def health(checks: Checks) -> dict[str, str]:
    """Run all checks at once, a second for each, and return the ones that failed and why."""
    results = await asyncio.gather(*(_passes(check) for check in checks.values()))
    return {name: why for name, why in zip(checks, results, strict=True) if why}


async def health_response(checks: Checks) -> web.Response:
    """Answer /healthz: 200 when every store and peer answers, else 503 and which do not."""
    failed = await health(checks)
    body = {"status": "unavailable", "failed": failed} if failed else {"status": "ok"}
    return web.json_response(body, status=503 if failed else 200)


def metrics_response() -> web.Response:
    """Answer /metrics."""
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=metrics.render(), headers=headers)


@asynccontextmanager
async def open_admin(
    host: str, port: int, checks: Checks, *, reuse_port: bool = False
) -> AsyncIterator[int]:
    """Serve both on `host` and `port` (0: any free one), and give the port.

    With `reuse_port` several processes share it, and any of them answers.

    Raises:
        OSError: the address is in use or not ours.
    """

    async def serve(request: web.BaseRequest) -> web.Response:
        if request.path == "/metrics":
            return metrics_response()
        if request.path == "/healthz":
            return await health_response(checks)
        return web.Response(status=404, text="/metrics and /healthz are here\n")

    runner = web.ServerRunner(web.Server(serve, access_log=None))
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_port=reuse_port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _passes(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except TimeoutError:
        return "no answer within a second"
    except Error as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - whatever it was, it does not pass
        return redact(str(error)) or type(error).__name__
    return ""
