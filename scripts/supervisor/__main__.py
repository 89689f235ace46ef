"""``scripts/up``: starts the whole system, prints its addresses, runs it until a signal."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Final

from microkit import __version__
from microkit.config import StartupError
from microkit.network import outside_address
from microkit.storage.redis_server import NoRedisServerError
from scripts.demo import DemoError, fill
from scripts.supervisor import folder
from scripts.supervisor.system import API_PORT, NotReadyError, Ports, running
from scripts.terminal import print_qr_code


def main() -> None:
    """Parse the command line and run the system."""
    arguments = _arguments()
    try:
        with folder.open_folder(arguments.data.absolute()) as data:
            asyncio.run(_up(data, arguments))
    except (
        folder.InUseError,
        NoRedisServerError,
        NotReadyError,
        StartupError,
        _PortInUseError,
        OSError,
    ) as error:
        sys.exit(f"scripts/up: {error}")


class _PortInUseError(Exception):
    """A port is in use."""


class _Stopped(Exception):
    """A signal stopped the system."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/up", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder of all data")
    ports = parser.add_mutually_exclusive_group()
    ports.add_argument("--port", type=port, default=API_PORT, help="the API's port (default 8888)")
    ports.add_argument("--free-ports", action="store_true", help="choose free ports for everything")
    parser.add_argument("--replicas", type=positive, default=1, metavar="N",
                        help="processes of each service, for more cores (default 1)")  # fmt: skip
    parser.add_argument("--demo", action="store_true", help="add demo data if there are no videos")
    parser.add_argument("--version", action="version", version=f"scripts/up {__version__}")
    return parser.parse_args()


def port(text: str) -> int:
    """Parse a port number from 1 to 65535; argparse uses this function's name in its message."""
    number = int(text)
    if not 1 <= number <= _LAST_PORT:
        raise ValueError(text)
    return number


_LAST_PORT: Final = 65_535


def positive(text: str) -> int:
    """Parse a positive number; argparse uses this function's name in its message."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


async def _up(data: folder.Folder, arguments: argparse.Namespace) -> None:
    replicas: int = arguments.replicas
    ports = Ports.free(replicas) if arguments.free_ports else Ports.fixed(arguments.port, replicas)
    if in_use := ports.in_use():
        numbers = ", ".join(map(str, in_use))
        raise _PortInUseError(
            f"port {numbers} in use: choose --port N for the API, or --free-ports"
        )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.suppress(_Stopped):
        await _run_until(stop, _run(data, ports, arguments))
    _say("stopped")


async def _run_until(stop: asyncio.Event, run: Coroutine[None, None, None]) -> None:
    """Run until `stop` is set, which also interrupts the start."""
    system = asyncio.create_task(run)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((system, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not system.done():
        _say("stopping …")
        system.cancel()
        await asyncio.wait((system,))
    stopping.cancel()
    if system.cancelled():
        raise _Stopped
    await system


async def _run(data: folder.Folder, ports: Ports, arguments: argparse.Namespace) -> None:
    url = f"http://127.0.0.1:{ports.serve['api']}"
    _say(f"starting, data in {data.root}")
    async with running(data, ports, _say, arguments.replicas):
        if arguments.demo:
            try:
                await fill(url, _say)
            except DemoError as error:
                _say(f"demo data is incomplete: {error}")
        _print(f"on this machine         {url}")
        if address := outside_address():
            nearby = f"http://{address}:{ports.serve['api']}"
            _print(f"on a phone nearby       {nearby}")
            print_qr_code(nearby, sys.stdout)
        _print("stop with Ctrl-C")
        _print(f"ready {url}")
        await asyncio.Event().wait()


def _say(text: str) -> None:
    sys.stderr.write(f"up: {text}\n")
    sys.stderr.flush()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
