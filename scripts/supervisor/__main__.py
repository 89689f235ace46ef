"""``scripts/up``: starts the whole system, prints its addresses, runs it until a signal."""

import argparse
import asyncio
import contextlib
import signal
import sys
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


async def _up(data: folder.Folder, arguments: argparse.Namespace) -> None:
    ports = Ports.free() if arguments.free_ports else Ports.fixed(arguments.port)
    if in_use := ports.in_use():
        numbers = ", ".join(map(str, in_use))
        raise _PortInUseError(
            f"port {numbers} in use: choose --port N for the API, or --free-ports"
        )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.suppress(_Stopped):
        await _run_until(stop, data, ports, demo=arguments.demo)
    _say("stopped")


async def _run_until(stop: asyncio.Event, data: folder.Folder, ports: Ports, *, demo: bool) -> None:
    """Run until `stop` is set, which also interrupts the start."""
    system = asyncio.create_task(_run(data, ports, demo=demo))
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


async def _run(data: folder.Folder, ports: Ports, *, demo: bool) -> None:
    url = f"http://127.0.0.1:{ports.serve['api']}"
    _say(f"starting, data in {data.root}")
    async with running(data, ports, _say):
        if demo:
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
