"""A Redis server of this program's own, for the time of a backup or a restore."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import redis

from scripts.archive.errors import ArchiveError

# Loading a file of many GiB takes minutes.
_START_SECONDS: Final = 600.0


@contextmanager
def serving(command: Sequence[str], socket: Path) -> Iterator["redis.Redis"]:
    """Run a server while the block runs; yield a client of its socket once it has loaded its data.

    Raises:
        ArchiveError: it cannot start; the message is the end of its output.
    """
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
        redis.Redis(unix_socket_path=str(socket)) as client,
    ):
        try:
            _wait_until_ready(process, client)
            yield client
        finally:
            process.terminate()


def _wait_until_ready(process: "subprocess.Popen[str]", client: "redis.Redis") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.ping()
        except redis.RedisError:  # not listening yet, or loading
            time.sleep(0.05)
        else:
            return
    said = process.stdout.read() if process.poll() is not None and process.stdout else ""
    raise ArchiveError(
        f"redis-server cannot serve the data: {said.strip()[-300:] or 'see its log'}"
    )
