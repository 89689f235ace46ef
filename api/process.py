"""The API's process, or several of them that share one port."""

import asyncio
import logging
import signal
import sys
from asyncio.subprocess import Process
from typing import Final

import uvloop

from api.upload import own_folder
from microkit import config, log
from microkit.config import ConfigError, Settings
from microkit.errors import Error
from microkit.process import ends_with_parent
from microkit.service import settle, stopped_by_signal

WORKER: Final = "worker"
_RESTART_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop by a signal; with API_WORKERS above 1 in processes of their own."""
    arguments = sys.argv[1:]
    if arguments not in ([], [WORKER]):
        sys.exit("usage: python -m api")
    try:
        settings = config.load()
        log.configure(settings, "api")
        several = settings.api_workers > 1 and not arguments
        uvloop.run(_supervise(settings) if several else _serve(settings))
    except ConfigError as error:
        sys.exit(f"api: {error}")
    except (Error, OSError) as error:
        sys.exit(f"api: {log.masked(str(error))}")


async def _serve(settings: Settings) -> None:
    from api.app import serve

    stop = stopped_by_signal()
    async with serve(settings) as running:
        settle()
        _log.info("serves on %s:%d, admin on %d", running.host, running.port, running.admin_port)
        await stop.wait()
        _log.info("stops")


async def _supervise(settings: Settings) -> None:
    """Keep `api_workers` processes running; their metrics are added up by way of a folder."""
    stop = stopped_by_signal()
    with own_folder(settings.upload_dir) as metrics:
        keepers = [
            asyncio.create_task(_keep(str(metrics), stop)) for _ in range(settings.api_workers)
        ]
        await asyncio.gather(*keepers)


async def _keep(metrics: str, stop: asyncio.Event) -> None:
    """Keep one worker running until told to stop."""
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        worker = await _start(metrics)
        ended = asyncio.create_task(worker.wait())
        await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            if worker.returncode is None:
                worker.send_signal(signal.SIGTERM)
            await ended
        else:
            _log.error("worker %d ended with %s: starts another", worker.pid, worker.returncode)
            await asyncio.sleep(_RESTART_SECONDS)


async def _start(metrics: str) -> Process:
    environment = {**config.environment(), "PROMETHEUS_MULTIPROC_DIR": metrics}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", WORKER, env=environment, preexec_fn=ends_with_parent()
    )
