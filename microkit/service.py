"""The declaration of a service: its name, port, settings, peers and commands."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from microkit.config import Settings

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """The declaration from which a process of the service is started.

    Args:
        package: the Python package.
        name: the name used by callers and the registry.
        port: the default port; the admin port is 100 above it.
        settings: the class of its settings.
        peers: the services it calls, with their default ports.
        commands: modules of the package with an async generator function of the same name, which
            takes the context and yields lines to print. "name --some-flag" is a command too: the
            function gets ``some_flag=True``; "name --some-flag=N" takes a number.
        server: the module whose ``open_server(service, context, address)`` serves it.
        registers: whether instances register with the registry at `DISCOVERY_URL`.
        processes: returns the number of processes that share the port.
    """

    package: str
    name: str
    port: int
    _: KW_ONLY
    settings: type[S]
    peers: Mapping[str, int] = field(default_factory=dict)
    commands: Sequence[str] = ()
    server: str = "microkit.rpc.service"
    registers: bool = True
    processes: Callable[[S], int] = lambda _: 1

    def migrations(self) -> Path:
        """Return the folder with the migrations of the schema."""
        file = importlib.import_module(self.package).__file__
        return Path(file or "").parent / "migrations"

    def module(self, name: str) -> ModuleType:
        """Import one of the package's modules."""
        return importlib.import_module(f"{self.package}.{name}")
