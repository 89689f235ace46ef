"""The stores of an embedded installation, whether it runs or not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from microkit.storage import redis_server
from microkit.storage.settings import SqlSettings
from scripts.archive.errors import ArchiveError
from scripts.archive.server import serving
from scripts.supervisor.folder import InUseError, open_folder, socket_path
from scripts.supervisor.system import SERVICES

Installation = Callable[[Path], AbstractContextManager[list[str]]]


@contextmanager
def running_or_opened(root: Path) -> Iterator[list[str]]:
    """Yield the URLs of the stores of a data folder; its Redis is started if it does not run.

    Raises:
        ArchiveError: there is no installation, or the Redis of the running one cannot be found.
    """
    if not (root / "sql").is_dir():
        raise ArchiveError(f"{root} is no data folder of scripts/up")
    try:
        with opened(root) as urls:
            yield urls
    except InUseError:
        socket = root / "redis" / "socket"
        if not socket.exists():  # its path is too long, see socket_path
            raise ArchiveError(f"stop the copy that runs on {root} first") from None
        yield _urls(root, socket)


@contextmanager
def opened(root: Path) -> Iterator[list[str]]:
    """Lock a data folder, create it if it is missing, run its Redis, and yield the stores' URLs.

    Raises:
        InUseError: a copy runs on the folder.
        ArchiveError: Redis cannot start.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder(root))
        socket = stack.enter_context(socket_path(folder))
        command = redis_server.command(redis_server.find(), root / "redis", socket)
        stack.enter_context(serving(command, socket))
        yield _urls(root, socket)


def _urls(root: Path, socket: Path) -> list[str]:
    """Return the URLs in the order of a backup: what refers to others before what it refers to."""
    databases = [
        f"sqlite:///{quote(str(root / 'sql' / f'{service.package}.db'))}"
        for service in reversed(SERVICES)
        if issubclass(service.settings, SqlSettings)
    ]
    return [f"unix://{quote(str(socket))}", *databases, f"file://{quote(str(root / 'objects'))}"]
