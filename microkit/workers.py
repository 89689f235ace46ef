"""Several worker processes of one service that share its port."""

import asyncio
import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from microkit.config import StartupError, environment
from microkit.folder import own_folder
from microkit.process import SupervisedProcess, executed
from microkit.service import Service

WORKER: Final = "worker"
_CHECK_SECONDS: Final = 0.5
_EXIT_SECONDS: Final = 3.0  # from the end of the grace period to SIGKILL

_log = logging.getLogger(__name__)


def _forget_dead(metrics: Path, alive: set[str]) -> None:
    """Remove the gauges of workers that ended; their counters stay, so that sums never fall."""
    for file in metrics.glob("gauge_live*.db"):
        if file.stem.rpartition("_")[2] not in alive:
            file.unlink(missing_ok=True)


async def supervise(
    service: Service[Any], count: int, grace_seconds: float, stop: asyncio.Event
) -> None:
    """Keep `count` workers running until `stop` is set.

    /metrics of any worker is the sum over all: prometheus_client shares them through a folder.
    """
    command = (sys.executable, "-m", service.package, WORKER)
    parent = Path(tempfile.gettempdir(), f"{service.package}-metrics-{os.getuid()}")
    with own_folder(parent, "run-") as metrics:
        workers = [
            SupervisedProcess(
                f"worker {number}",
                executed(command, {**environment(), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}),
                say=_log.warning,
                stop_seconds=grace_seconds + _EXIT_SECONDS,
            )
            for number in range(1, count + 1)
        ]
        try:
            for worker in workers:
                await worker.start()
            while not stop.is_set():
                _forget_dead(metrics, {str(worker.pid) for worker in workers})
                if failure := next((each.failure for each in workers if each.failure), ""):
                    raise StartupError(failure)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _CHECK_SECONDS)
        finally:
            await asyncio.gather(*(worker.stop() for worker in workers))
